/** The summary that goes with a proof: another board takes the release on this device's word, and on nobody else's. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { documentsOf } from "../../../../agent/proof/format.ts";
import { openProof, verifierOf } from "../../../../agent/proof/index.ts";
import { judge, type Policy, parsePolicy, parseTrustedRoot } from "../../../../attest/index.ts";
import { fromBase64, fromUtf8, utf8 } from "../../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { generateKeyPem, parseSigner } from "../../../../runtime/kernel/signer.ts";
import { BUILDER } from "../../attest/release.ts";
import { openScene, type ProofScene, policyBytes } from "./scene.ts";

let scene: ProofScene;
let summary: Uint8Array;
beforeAll(async () => {
  scene = await openScene();
  summary = await scene.summary();
});
afterAll(() => scene.close());

/** The policy of a next link that lets this key's summaries stand for evidence. */
const relying = (publicPem: string, more: object = {}): Policy =>
  unwrap(
    parsePolicy(
      utf8(
        JSON.stringify({
          schema: "sallyport.policy/1",
          version: 1,
          evidence: [
            {
              devices: { all: true },
              modules: { team: "acme" },
              require: [{ type: "vsa", keys: [publicPem], verifiers: [verifierOf("acme-corp", "board-1")], ...more }],
            },
          ],
          ceilings: [],
          operators: [],
        }),
      ),
    ),
  );

const judged = (policy: Policy, name = "thermostat") => {
  const { proof } = unwrap(openProof(scene.proof));
  const { module, manifest } = proof.release;
  return judge({
    bundle: summary,
    artifacts: [
      { name: "module.wasm", sha256: module.sha256 },
      { name: "manifest.json", sha256: manifest.sha256 },
    ],
    module: { team: "acme", name, version: "1.0.0" },
    device: { id: "board-7", class: "gateway", region: "eu" },
    policy,
    trust: unwrap(parseTrustedRoot(documentsOf(proof).trustedRoot)),
    nowMs: Date.now(),
  });
};
const codes = (verdict: ReturnType<typeof judge>) => verdict.reasons.flatMap(({ code }) => code ?? []);

describe("the summary of an admission", () => {
  it("is evidence for whoever names the device's key", () => {
    const verdict = judged(relying(scene.prover.signer.publicPem));
    expect(codes(verdict)).toEqual([]);
    expect(verdict.accepted).toBe(true);
  });

  it("is none for whoever names another key, and none for another module", () => {
    const other = unwrap(parseSigner(generateKeyPem())).publicPem;
    expect(judged(relying(other)).accepted).toBe(false);
    expect(codes(judged(relying(scene.prover.signer.publicPem), "lamp"))).toContain("ATTEST_VSA_RESOURCE");
  });

  it("claims a level only where the owner's policy gives the builder one", async () => {
    const asked = { levels: ["SLSA_BUILD_LEVEL_2"] };
    expect(codes(judged(relying(scene.prover.signer.publicPem, asked)))).toContain("ATTEST_LEVEL");
    const believing = {
      ...JSON.parse(fromUtf8(policyBytes()) ?? ""),
      version: 2,
      builders: [{ id: BUILDER, level: 2 }],
    };
    await scene.policy(utf8(JSON.stringify(believing)));
    summary = await scene.summary();
    expect(codes(judged(relying(scene.prover.signer.publicPem, asked)))).toEqual([]);
    const high = { levels: ["SLSA_BUILD_LEVEL_3"] };
    expect(codes(judged(relying(scene.prover.signer.publicPem, high)))).toContain("ATTEST_LEVEL");
  });

  it("says by which policy and from which evidence it was judged", () => {
    const { payload } = JSON.parse(fromUtf8(summary) ?? "");
    const { predicate } = JSON.parse(fromUtf8(fromBase64(payload) ?? new Uint8Array()) ?? "");
    expect(predicate.policy.uri).toBe("sallyport:policy/2");
    expect(predicate.inputAttestations[0].uri).toBe("sallyport:modules/acme/thermostat/1.0.0/bundle.sigstore.json");
    expect(predicate.verifier).toEqual({ id: "spiffe://acme-corp/device/board-1", version: { sallyport: "0.1.0" } });
  });

  it("does not pass on what is only let run: revoked, or too old by now, for whom it would be new", async () => {
    const revoking = JSON.parse(fromUtf8(scene.policyNow()) ?? "");
    revoking.version += 1;
    revoking.revoked = [{ builder: BUILDER, reason: "its runner was stolen", running: "flag" }];
    await scene.policy(utf8(JSON.stringify(revoking)));
    summary = await scene.summary({ running: true });
    const verdict = judged(relying(scene.prover.signer.publicPem));
    expect(verdict.accepted).toBe(false);
    expect(codes(verdict)).toContain("ATTEST_VSA_RESULT");
  });
});
