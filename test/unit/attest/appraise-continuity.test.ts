/** What the appraiser remembers of a board, and what it then refuses: replays, older copies, second copies. */
import { describe, expect, it } from "vitest";
import { appraise } from "../../../attest/index.ts";
import { BOOT_ID, CLIMATE, digestOf, judged, memoryOf, NOW, reference, say } from "./appraise-board.ts";

const WHOLE = { modules: [{ team: "acme", name: "room-climate", digests: [CLIMATE.digest] }] };

describe("after an earlier statement", () => {
  const refusals: readonly (readonly [string, object, string, string])[] = [
    ["a counter that went back", { counter: 11 }, "mismatch", "APPRAISE_COUNTER"],
    ["the same counter with other contents", { modules: [] }, "mismatch", "APPRAISE_COUNTER"],
    ["an earlier start of the agent", { counter: 13, boot: { count: 3, id: BOOT_ID } }, "mismatch", "APPRAISE_BOOT"],
    [
      "another boot without another start",
      { counter: 13, boot: { count: 4, id: BOOT_ID.replace("0e", "0f") } },
      "mismatch",
      "APPRAISE_BOOT",
    ],
    ["a boot without its id in the same start", { counter: 13, boot: { count: 4 } }, "mismatch", "APPRAISE_BOOT"],
    [
      "metadata that went back",
      { counter: 13, metadata: versionsOf({ targets: 4 }) },
      "mismatch",
      "APPRAISE_METADATA_BACK",
    ],
    ["a root that went back", { counter: 13, metadata: versionsOf({ root: 1 }) }, "mismatch", "APPRAISE_METADATA_BACK"],
    ["metadata that is gone", { counter: 13, metadata: undefined }, "mismatch", "APPRAISE_METADATA_BACK"],
    [
      "an older policy",
      { counter: 13, policy: { version: 2, digest: digestOf("policy") } },
      "mismatch",
      "APPRAISE_POLICY_BACK",
    ],
    [
      "another policy of the same version",
      { counter: 13, policy: { version: 3, digest: digestOf("x") } },
      "mismatch",
      "APPRAISE_POLICY_BACK",
    ],
    ["a signed time that went back", { counter: 13, timeFloorMs: NOW - 86_400_001 }, "mismatch", "APPRAISE_TIME_BACK"],
  ];
  const first = { metadata: versionsOf({}) };
  it.each(refusals)("%s is refused and not remembered", async (_title, changes, status, code) => {
    const before = await memoryOf(first);
    const envelope = await say({ ...first, ...changes });
    const { remembered, ...found } = appraise({ envelope, reference: reference(), before, nowMs: NOW });
    expect([found.status, ...found.reasons.flatMap((one) => one.code ?? [])]).toEqual([status, code]);
    expect(remembered).toBe(before);
  });

  it("the very same one is a replay, and stale", async () => {
    expect(judged(await say(), { before: await memoryOf() })).toEqual(["stale", "APPRAISE_REPLAYED"]);
  });

  it("the next one is taken: in the same start, in a new one, and after a reboot", async () => {
    const before = await memoryOf();
    for (const boot of [
      { count: 4, id: BOOT_ID },
      { count: 5, id: BOOT_ID },
      { count: 6, id: BOOT_ID.replace("0e", "0f") },
    ]) {
      expect(judged(await say({ counter: 13, boot }), { before })).toEqual(["verified"]);
    }
  });

  it("a root that moved on excuses lower numbers of the other roles", async () => {
    const before = await memoryOf({ metadata: versionsOf({}) });
    const said = await say({ counter: 13, metadata: versionsOf({ root: 3, timestamp: 1, snapshot: 1 }) });
    expect(judged(said, { before })).toEqual(["verified"]);
  });

  it("a new policy may lower the signed time", async () => {
    const said = { counter: 13, timeFloorMs: 0, policy: { version: 4, digest: digestOf("policy 4") } };
    expect(judged(await say(said), { before: await memoryOf() })).toEqual(["verified"]);
  });

  it("what is wrong but continues it is remembered, so that the next replay is known as one", async () => {
    const said = await say({ counter: 13, modules: [] });
    const { status, remembered } = appraise({
      envelope: said,
      reference: reference(WHOLE),
      before: await memoryOf(),
      nowMs: NOW,
    });
    expect([status, remembered?.counter]).toEqual(["mismatch", 13]);
  });
});

function versionsOf(changes: object) {
  const image = { root: 2, timestamp: 20, snapshot: 10, targets: 5, ...changes };
  return { image, director: { root: 2, timestamp: 20, snapshot: 10, targets: 7 } };
}
