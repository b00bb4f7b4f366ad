/** What the tests of this room share: a signed release, the policy that accepts it, and the question put to the judge. */

import {
  type Artifact,
  type EvidenceRule,
  type JudgeInput,
  type Policy,
  parseTrustedRoot,
  type Verdict,
} from "../../../attest/index.ts";
import { type ProvenanceInput, provenanceStatement, signKeyless } from "../../../attest/publisher/index.ts";
import type { DeviceFacts } from "../../../runtime/kernel/authority/ceiling.ts";
import type { ModuleName, TeamName } from "../../../runtime/kernel/brand.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { DEFAULT_ISSUER, type FakeSigstore } from "../../fakes/sigstore.ts";

export const SUBJECT = "https://ci.example/acme/app/.build/release.yml@refs/heads/main";
export const IDENTITY = { issuer: DEFAULT_ISSUER, subject: SUBJECT };
export const BUILDER = "https://ci.example/builders/wasm/v1";
export const SOURCE = "git+https://git.example/acme/app";
export const BUILD_TYPE = "https://ci.example/types/wasm/v1";
export const DEVICE: DeviceFacts = { id: "board-1", class: "gateway", region: "eu" };
export const MODULE = { team: "acme", name: "thermostat", version: "1.2.3" };

const artifact = (name: string, bytes: Uint8Array): Artifact => ({ name, sha256: sha256(bytes) });
export const ARTIFACTS: readonly [Artifact, Artifact] = [
  artifact("module.wasm", utf8("\0asm\x01\0\0\0")),
  artifact("manifest.json", utf8('{"schema":"sallyport.module/1"}')),
];
export const OTHER_BYTES = sha256(utf8("other bytes"));

export function statement(changes: Partial<ProvenanceInput> = {}): Uint8Array {
  return provenanceStatement({
    artifacts: ARTIFACTS,
    builderId: BUILDER,
    buildType: BUILD_TYPE,
    sourceUri: SOURCE,
    sourceDigest: { gitCommit: "5f0d7fe2a5c1e6d7a4b1f0f2c34d3a5b6c7d8e9f" },
    invocationId: "https://ci.example/runs/7",
    startedOn: "2026-11-20T10:00:00Z",
    finishedOn: "2026-11-20T10:01:00Z",
    ...changes,
  });
}

export interface Signing extends Partial<ProvenanceInput> {
  readonly by?: { issuer?: string; subject: string };
  readonly rekorVersion?: 1 | 2;
}

export function signed(sigstore: FakeSigstore, { by, rekorVersion, ...changes }: Signing = {}): Promise<Uint8Array> {
  const identityToken = sigstore.tokenFor(by ?? { subject: SUBJECT });
  const { fulcioUrl, rekorUrl, tsaUrl } = sigstore;
  const version = rekorVersion === undefined ? {} : { rekorVersion };
  return signKeyless(statement(changes), { identityToken, fulcioUrl, rekorUrl, tsaUrl, ...version });
}

export function rule(changes: Partial<EvidenceRule> = {}): EvidenceRule {
  return {
    devices: { class: "gateway" },
    modules: { team: "acme" as TeamName, name: "thermostat" as ModuleName },
    identities: [IDENTITY],
    builders: [BUILDER],
    sources: [SOURCE],
    buildTypes: [BUILD_TYPE],
    ...changes,
  };
}

export function policy(...evidence: readonly EvidenceRule[]): Policy {
  return { schema: "sallyport.policy/1", version: 1, evidence, ceilings: [], operators: [] };
}

export function question(sigstore: FakeSigstore, bundle: Uint8Array, changes: Partial<JudgeInput> = {}): JudgeInput {
  return {
    bundle,
    artifacts: ARTIFACTS,
    module: MODULE,
    device: DEVICE,
    policy: policy(rule()),
    trust: unwrap(parseTrustedRoot(sigstore.trustedRoot)),
    nowMs: Date.now(),
    ...changes,
  };
}

/** The refusals of a verdict, `check: CODE`. */
export function refusals(verdict: Pick<Verdict, "reasons">): readonly string[] {
  return verdict.reasons.flatMap(({ check, code }) => (code === undefined ? [] : [`${check}: ${code}`]));
}

// biome-ignore lint/suspicious/noExplicitAny: tests take other people's JSON apart.
export type Json = any;

export function altered(bundle: Uint8Array, change: (json: Json) => void): Uint8Array {
  const json: Json = JSON.parse(Buffer.from(bundle).toString("utf8"));
  change(json);
  return utf8(JSON.stringify(json));
}
