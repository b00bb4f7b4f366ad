/** A board's own word: what a board said when all was well is shown again, to hide what it runs now, or that it says nothing any more. */
import { describe, expect, it } from "vitest";
import { appraise, type Remembered } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { digestOf, judged, memoryOf, NONCE, NOW, reference, say } from "../../unit/attest/appraise-board.ts";

const DAY_MS = 86_400_000;
const GOOD = { modules: [], counter: 12 };

describe("an attestation of better days", () => {
  it("is old by its own word when nothing newer comes", async () => {
    const nowMs = NOW + 2 * DAY_MS;
    expect(judged(await say(GOOD), { nowMs })).toEqual(["stale", "APPRAISE_STALE"]);
  });

  it("is known to who saw it, and to who saw a later one", async () => {
    const envelope = await say(GOOD);
    expect(judged(envelope, { before: await memoryOf(GOOD) })).toEqual(["stale", "APPRAISE_REPLAYED"]);
    expect(judged(envelope, { before: await memoryOf({ counter: 13 }) })).toEqual(["mismatch", "APPRAISE_COUNTER"]);
  });

  it("answers no question: a nonce cannot be foreseen, and none can be put into what is signed", async () => {
    expect(judged(await say(GOOD), { nonce: NONCE })).toEqual(["mismatch", "APPRAISE_NONCE"]);
    const { payload, ...rest } = JSON.parse(new TextDecoder().decode(await say(GOOD)));
    const statement = JSON.parse(Buffer.from(payload, "base64").toString());
    statement.predicate.nonce = NONCE;
    const forged = { ...rest, payload: Buffer.from(JSON.stringify(statement)).toString("base64") };
    expect(judged(utf8(JSON.stringify(forged)), { nonce: NONCE })).toEqual(["unattested", "APPRAISE_SIGNATURE"]);
  });

  it("is not remembered instead of the newest, however often it is shown", async () => {
    let before: Remembered | undefined = await memoryOf({ counter: 13 });
    for (let n = 0; n < 3; n += 1) {
      before = appraise({ envelope: await say(GOOD), reference: reference(), before, nowMs: NOW }).remembered;
    }
    expect(before?.counter).toBe(13);
    expect(judged(await say({ counter: 14 }), { before })).toEqual(["verified"]);
  });
});

describe("a second copy of a board", () => {
  it("shows itself when both speak: two statements of one number, or one number after a higher one", async () => {
    const before = await memoryOf({ counter: 20 });
    const copy = { modules: [], boot: { count: 5 } };
    expect(judged(await say({ ...copy, counter: 20 }), { before })).toEqual(["mismatch", "APPRAISE_COUNTER"]);
    const after = await memoryOf({ ...copy, counter: 21 });
    expect(judged(await say({ counter: 21 }), { before: after })).toEqual([
      "mismatch",
      "APPRAISE_COUNTER",
      "APPRAISE_BOOT",
    ]);
  });

  it("that counts on from a backup is behind in what it has seen", async () => {
    const before = await memoryOf({ policy: { version: 4, digest: digestOf("policy 4") } });
    expect(judged(await say({ counter: 99 }), { before })).toEqual(["mismatch", "APPRAISE_POLICY_BACK"]);
  });
});
