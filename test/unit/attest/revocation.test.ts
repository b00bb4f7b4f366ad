/** Who and what the owner believes no more: for new releases, and for what runs already. */
import { beforeAll, describe, expect, it } from "vitest";
import { firstRefusal, flags, judge, type Policy } from "../../../attest/index.ts";
import type { Signer } from "../../../runtime/kernel/signer.ts";
import { type FakeSigstore, startSigstore } from "../../fakes/sigstore.ts";
import { about, envelope, newSigner, provenanceBy } from "./own-keys.ts";
import { ARTIFACTS, BUILDER, IDENTITY, type Json, question, SOURCE, signed } from "./release.ts";
import { asking, by, isPolicy, keyOf, written } from "./written.ts";

const DAY_MS = 86_400_000;
let sigstore: FakeSigstore;
let keyless: Uint8Array;
let [ci, qa]: Signer[] = [];
beforeAll(async () => {
  sigstore = await startSigstore();
  keyless = await signed(sigstore);
  [ci, qa] = [newSigner(), newSigner()];
  return () => sigstore.close();
});
const ask = (evidence: Uint8Array, of: Policy, changes: Parameters<typeof question>[2] = {}) =>
  judge(question(sigstore, evidence, { policy: of, ...changes }));

describe("who is revoked", () => {
  const entry = (changes: Json) => ({ revoked: [{ reason: "stolen", running: "stop", ...changes }] });
  const [code, manifest] = ARTIFACTS;
  const builtBy = () => ({ identities: [IDENTITY], builders: [BUILDER], sources: [SOURCE] });

  it.each<[string, Json]>([
    ["the identity", { identity: IDENTITY }],
    ["the builder", { builder: BUILDER }],
    ["the code", { digest: code.sha256 }],
    ["the manifest", { digest: manifest.sha256 }],
  ])("is believed no more: %s", (_, culprit) => {
    expect(ask(keyless, written({ rule: builtBy() })).accepted).toBe(true);
    const verdict = ask(keyless, written({ rule: builtBy(), ...entry(culprit) }));
    expect(verdict.accepted).toBe(false);
    expect(firstRefusal(verdict).code).toBe("ATTEST_REVOKED");
    expect(firstRefusal(verdict).message).toContain("stolen");
    const flagged = ask(keyless, written({ rule: builtBy(), ...entry({ ...culprit, running: "flag" }) }), {
      running: true,
    });
    expect(flagged.accepted).toBe(true);
    expect(flags(flagged).map((one) => one.code)).toEqual(["ATTEST_REVOKED"]);
    const flaggedNew = ask(keyless, written({ rule: builtBy(), ...entry({ ...culprit, running: "flag" }) }));
    expect(flaggedNew.accepted).toBe(false);
    expect(ask(keyless, written({ rule: builtBy(), ...entry(culprit) }), { running: true }).accepted).toBe(false);
  });

  it("signs for nobody, while another's signature on the same envelope still counts", async () => {
    const both = () => asking({ keys: [keyOf(ci), keyOf(qa)] }, entry({ key: ci?.keyId }));
    expect(ask(await provenanceBy(...by(ci, qa)), both()).accepted).toBe(true);
    expect(firstRefusal(ask(await provenanceBy(...by(ci)), both())).code).toBe("ATTEST_REVOKED");
  });

  it("is believed for what an authority saw signed before, and never without a trusted time", async () => {
    const time = ask(keyless, written({ rule: builtBy() })).signedTimesMs[0] ?? 0;
    const since = (sinceMs: number) =>
      ask(keyless, written({ rule: builtBy(), ...entry({ identity: IDENTITY, sinceMs }) }));
    expect(since(time + 1).accepted).toBe(true);
    expect(since(time).accepted).toBe(false);
    const key = asking({ keys: [keyOf(ci)] }, entry({ key: ci?.keyId, sinceMs: Date.now() + DAY_MS }));
    expect(ask(await provenanceBy(...by(ci)), key).accepted).toBe(false);
  });

  it("is not hidden by provenance that nobody can read, whatever else a rule asks of it", async () => {
    const unreadable = await envelope(about("https://slsa.dev/provenance/v1", { buildDefinition: 1 }), ...by(ci));
    const require = [{ type: "predicate", predicateTypes: ["https://slsa.dev/provenance/v1"], keys: [keyOf(ci)] }];
    expect(ask(unreadable, written({ rule: { require } })).accepted).toBe(true);
    const verdict = ask(unreadable, written({ rule: { require }, ...entry({ builder: BUILDER }) }));
    expect(firstRefusal(verdict).code).toBe("ATTEST_PROVENANCE_INVALID");
  });

  it("is named by exactly one of four ways", () => {
    expect(isPolicy(entry({ builder: BUILDER }))).toBe(true);
    expect(isPolicy(entry({}))).toBe(false);
    expect(isPolicy(entry({ builder: BUILDER, digest: code.sha256 }))).toBe(false);
    expect(isPolicy(entry({ builder: BUILDER, sinceMs: 1 }))).toBe(false);
  });
});
