/** A proof is read by a later or an earlier version of the program, whose list of checks is another. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sayProof } from "../../../../agent/cli/proof-text.ts";
import type { Proof } from "../../../../agent/proof/format.ts";
import { openProof, sealProof, verifyProof } from "../../../../agent/proof/index.ts";
import { AGENT_VERSION } from "../../../../agent/version.ts";
import { fromUtf8, utf8 } from "../../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { BUILDER } from "../../attest/release.ts";
import { openScene, type ProofScene } from "./scene.ts";

let scene: ProofScene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

const OTHER = "0.0.9";
/** The same admission as a program of another version would have recorded it. */
const recorded = async (change: (verdict: Proof["verdict"]) => Proof["verdict"], agent = OTHER, of = scene.proof) => {
  const { proof } = unwrap(openProof(of));
  const changed = { ...proof, agent: { version: agent }, verdict: change(proof.verdict) };
  return verifyProof(unwrap(await sealProof(changed, scene.prover.signer)), scene.demand);
};
const fewer = ({ reasons, ...rest }: Proof["verdict"]) => ({
  ...rest,
  reasons: reasons.filter((one) => one.check !== "revocation"),
});
const more = ({ reasons, ...rest }: Proof["verdict"]) => ({
  ...rest,
  reasons: [{ check: "moon-phase", passed: true }, ...reasons],
});

describe("a proof by another version of the program", () => {
  it("is accepted when it recorded fewer checks, and the answer says which", async () => {
    const { otherChecks } = unwrap(await recorded(fewer));
    expect(otherChecks).toEqual({ recordedOnly: [], hereOnly: ["revocation"] });
  });

  it("is accepted when it recorded a check that is not known here, or the same in another order", async () => {
    expect(unwrap(await recorded(more)).otherChecks).toEqual({ recordedOnly: ["moon-phase"], hereOnly: [] });
    const turned = await recorded(({ reasons, ...rest }) => ({ ...rest, reasons: reasons.toReversed() }));
    expect(unwrap(turned).otherChecks).toEqual({ recordedOnly: [], hereOnly: [] });
  });

  it("tells a person what the other version checked and this one did not", async () => {
    const lines: string[] = [];
    const io = {
      out: (line: string) => void lines.push(line),
      err: () => undefined,
      colour: false,
      signal: new AbortController().signal,
    };
    sayProof(unwrap(await recorded(more)), io);
    expect(lines.join("\n")).toContain("of another version than this: checked there and not here: moon-phase");
    expect(lines.at(-1)).toBe("accepted");
  });

  it("is refused when it recorded a refusal that is not found here", async () => {
    const refusing = await recorded(({ reasons, ...rest }) => ({
      ...rest,
      reasons: [...reasons, { check: "moon-phase", passed: false, code: "ATTEST_MOON" }],
    }));
    expect(refusing.ok ? "accepted" : refusing.error.code).toBe("PROOF_VERDICT_DIFFERS");
  });

  it("is refused when it kept back a flag that is found here, or judged other documents", async () => {
    const revoking = JSON.parse(fromUtf8(scene.policyNow()) ?? "");
    revoking.version += 1;
    revoking.revoked = [{ builder: BUILDER, reason: "its runner was stolen", running: "flag" }];
    await scene.policy(utf8(JSON.stringify(revoking)));
    const flagged = await scene.admit({ running: true });
    expect((await recorded((verdict) => verdict, OTHER, flagged)).ok).toBe(true);
    const silent = await recorded(
      ({ reasons, ...rest }) => ({ ...rest, reasons: reasons.filter((one) => one.flagged !== true) }),
      OTHER,
      flagged,
    );
    expect(silent.ok ? "accepted" : silent.error.code).toBe("PROOF_VERDICT_DIFFERS");
    const strange = await recorded((verdict) => ({ ...verdict, policyDigest: verdict.bundleDigest }));
    expect(strange.ok ? "accepted" : strange.error.code).toBe("PROOF_VERDICT_DIFFERS");
  });

  it("is held to every check by a reader who does not say which version it is itself", async () => {
    const { proof } = unwrap(openProof(scene.proof));
    const changed = { ...proof, agent: { version: OTHER }, verdict: more(proof.verdict) };
    const { agent: _, ...demand } = scene.demand;
    const result = verifyProof(unwrap(await sealProof(changed, scene.prover.signer)), demand);
    expect(result.ok ? "accepted" : result.error.code).toBe("PROOF_VERDICT_DIFFERS");
  });

  it("by this version has to be the same to the last check", async () => {
    for (const change of [fewer, more]) {
      const result = await recorded(change, AGENT_VERSION);
      expect(result.ok ? "accepted" : result.error.code).toBe("PROOF_VERDICT_DIFFERS");
    }
    expect(unwrap(await recorded((verdict) => verdict, AGENT_VERSION)).otherChecks).toBeUndefined();
  });
});
