/** Policies for the tests that look at policies: one that is sound, changed by hand. */
import { type Policy, parsePolicy } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { generateKeyPem, parseSigner } from "../../../runtime/kernel/signer.ts";

export const key = (): string => unwrap(parseSigner(generateKeyPem(), undefined, "a test's key")).publicPem;
export const QA_KEY = key();
export const OPERATOR_KEY = key();

export const CI = { issuer: "https://ci.example", subject: "https://git.example/acme/app/release.yml@refs/heads/main" };
export const TAGGED = {
  issuer: "https://ci.example",
  subjectPattern: "https://git.example/acme/app/release.yml@refs/tags/v*",
};
export const BUILDER = "https://ci.example/builder";
export const SOURCE = "git+https://git.example/acme/app";
export const THERMOSTAT = { team: "acme", name: "thermostat" };
export const GATEWAYS = { class: "gateway" };
export const NOW_MS = Date.parse("2026-11-21T12:00:00Z");

export const short = {
  devices: GATEWAYS,
  modules: THERMOSTAT,
  identities: [CI],
  builders: [BUILDER],
  sources: [SOURCE],
};
export const provenance = { type: "provenance", builders: [BUILDER], sources: [SOURCE] };
export const parties = [
  { name: "ci", identities: [CI] },
  { name: "qa", keys: [QA_KEY] },
];
export const quorum = { ...provenance, parties: ["ci", "qa"], threshold: 2 };
export const byTwo = { devices: GATEWAYS, modules: THERMOSTAT, require: [quorum] };
export const ceiling = { devices: GATEWAYS, modules: THERMOSTAT, capabilities: [{ cap: "kv", bytes: 1000 }] };

/** A sound policy with these fields in the place of its own. */
export function written(changes: object = {}): object {
  const base = { schema: "sallyport.policy/1", version: 1, evidence: [short], ceilings: [ceiling], operators: [] };
  return { ...base, ...changes };
}

export function policyWith(changes: object = {}): Policy {
  return unwrap(parsePolicy(utf8(JSON.stringify(written(changes)))));
}
