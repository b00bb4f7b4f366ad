/** Old evidence: a scan of last year is young again when the board's clock is set back to last year. */
import { describe, expect, it } from "vitest";
import { raisedFloor, trustedTime } from "../../../agent/board-time.ts";
import { createJudge, moduleResource, vsaStatement } from "../../../attest/index.ts";
import { envelope, newSigner } from "../../unit/attest/own-keys.ts";
import { ARTIFACTS, IDENTITY, MODULE, question } from "../../unit/attest/release.ts";
import { accepts, DAY_MS, door, PROVENANCE, refuses, requiring } from "./door.ts";

const at = door();
const policy = requiring([{ ...PROVENANCE, identities: [IDENTITY], maxAgeDays: 30 }]);
const signedMs = () => at.ask(at.honest).signedTimesMs[0] ?? 0;

describe("evidence that was young once", () => {
  it("is as old as the latest signed time that the board knows, whatever its clock says", () => {
    const setBack = signedMs() + DAY_MS;
    accepts(at.ask(at.honest, { policy, nowMs: setBack }));
    // Other releases that were admitted since then have raised the floor, a step at a time.
    let floor = signedMs();
    for (const days of [20, 40]) floor = raisedFloor(floor, [signedMs() + days * DAY_MS]);
    const said = "it was signed 40 days ago; at most 30 days are accepted";
    const verdict = at.ask(at.honest, { policy, nowMs: trustedTime(setBack, floor) });
    refuses(verdict, "ATTEST_STALE", "stale", said);
  });

  it("is judged anew when the clock moves, forward or back: the memory of verdicts keeps no old answer", () => {
    const judge = createJudge();
    const on = (nowMs: number) => judge(question(at.sigstore, at.honest, { policy, nowMs }));
    const said = "it was signed 31 days ago; at most 30 days are accepted";
    accepts(on(signedMs() + DAY_MS));
    refuses(on(signedMs() + 31 * DAY_MS), "ATTEST_STALE", "stale", said);
    refuses(on(signedMs() + 31 * DAY_MS), "ATTEST_STALE", "stale", said);
    accepts(on(signedMs() + DAY_MS));
    refuses(on(signedMs() + 31 * DAY_MS), "ATTEST_STALE", "stale", said);
    const { untilMs } = on(signedMs() + DAY_MS);
    expect(untilMs).toBe(signedMs() + 30 * DAY_MS);
  });

  it("is not refused for good by a board that began with its clock at zero", async () => {
    const key = newSigner();
    const asked = { type: "vsa", keys: [key.publicPem], verifiers: ["https://v.example"], maxVerifiedAgeDays: 7 };
    const summary = vsaStatement({
      ...{ artifacts: ARTIFACTS, verifier: { id: "https://v.example" }, verifiedMs: signedMs() },
      ...{ resourceUri: moduleResource(MODULE), policy: { uri: "https://v.example/p" }, result: "PASSED", levels: [] },
    });
    const evidence = await envelope(summary, key);
    const judge = createJudge();
    const on = (nowMs: number) => judge(question(at.sigstore, evidence, { policy: requiring([asked]), nowMs }));
    refuses(on(0), "ATTEST_NO_TIME", "refusal", /which is yet to come$/);
    refuses(on(1000), "ATTEST_NO_TIME", "refusal", /which is yet to come$/);
    accepts(on(signedMs() + DAY_MS));
  });
});
