/** A board's own word: the answer to a question was given to another question, by another board, or before the board was put back. */
import { describe, expect, it } from "vitest";
import { type AppraisalInput, appraise, STATEMENT_PAYLOAD_TYPE } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { canonicalJson } from "../../../runtime/kernel/canonical.ts";
import { signEnvelope } from "../../../runtime/kernel/dsse.ts";
import {
  BOOT_ID,
  CLIMATE,
  digestOf,
  KEY,
  memoryOf,
  NONCE,
  NOW,
  OTHER_KEY,
  reference,
  say,
} from "../../unit/attest/appraise-board.ts";
import { altered, type Json } from "../../unit/attest/release.ts";
import { kindOf } from "../table.ts";

const OTHER_NONCE = NONCE.replace("00", "01");

function asked(envelope: Uint8Array | undefined, more: Partial<AppraisalInput> = {}) {
  return appraise({ envelope, reference: reference(), before: undefined, nowMs: NOW, ...more });
}

/** The first refusal, with the status that it comes to; what was remembered stays. */
function refuses(
  envelope: Uint8Array | undefined,
  more: Partial<AppraisalInput>,
  [status, code, kind, text]: readonly [string, string, string, string | RegExp],
) {
  const appraisal = asked(envelope, more);
  const first = appraisal.reasons.find(({ outcome }) => outcome === "refused");
  expect({ status: appraisal.status, code: first?.code, kind: kindOf(first?.code ?? "") }).toEqual({
    status,
    code,
    kind,
  });
  if (typeof text === "string") expect(first?.text).toBe(text);
  else expect(first?.text).toMatch(text);
  expect(appraisal.remembered).toEqual(more.before);
}

const accepts = (envelope: Uint8Array, more: Partial<AppraisalInput> = {}) =>
  expect(asked(envelope, more).status).toBe("verified");

describe("what a board said before", () => {
  it("is known again by its number, also beside the memory of a later one", async () => {
    const first = await say();
    accepts(first);
    const before = await memoryOf();
    const again = "attestation 12 of porch-1 was appraised before";
    refuses(first, { before }, ["stale", "APPRAISE_REPLAYED", "stale", again]);
    const later = await memoryOf({ counter: 13 });
    const lower = "attestation 12 of porch-1 came after number 13";
    refuses(first, { before: later }, ["mismatch", "APPRAISE_COUNTER", "attack", lower]);
    accepts(await say({ counter: 14 }), { before: later });
  });

  it("does not answer another question, nor one that was not asked then", async () => {
    accepts(await say({ nonce: NONCE }), { nonce: NONCE });
    const other = `the attestation answers ${NONCE}, asked was ${OTHER_NONCE}`;
    const before = await memoryOf();
    const answer = await say({ nonce: NONCE, counter: 13 });
    refuses(answer, { nonce: OTHER_NONCE, before }, ["mismatch", "APPRAISE_NONCE", "attack", other]);
    const none = `the attestation answers no question, asked was ${NONCE}`;
    refuses(await say({ counter: 14 }), { nonce: NONCE, before }, ["mismatch", "APPRAISE_NONCE", "attack", none]);
  });

  it("is too old without a question, by the board's own clock", async () => {
    const old = { timeMs: NOW - 2 * 3_600_000, timeFloorMs: 0 };
    const said = "the attestation was made 7200 s ago by the board's clock, at most 3600 s are believed";
    const appraisal = asked(await say(old));
    expect(appraisal.status).toBe("stale");
    expect(appraisal.reasons.find(({ code }) => code === "APPRAISE_STALE")?.text).toBe(said);
  });

  it("cannot continue from a board that was put back: start, metadata, policy and signed time go forward only", async () => {
    const before = await memoryOf();
    const next = { counter: 13 };
    const versions = (targets: number) => ({ root: 1, timestamp: 20, snapshot: 10, targets });
    const back: readonly (readonly [object, string, RegExp])[] = [
      [{ boot: { count: 3, id: BOOT_ID } }, "APPRAISE_BOOT", /says start 3 .+, seen was start 4/],
      [
        { metadata: { image: versions(4), director: versions(7) } },
        "APPRAISE_METADATA_BACK",
        /image\/targets went back from version 5 to 4/,
      ],
      [{ policy: { version: 2, digest: digestOf("policy") } }, "APPRAISE_POLICY_BACK", /went from version 3 to 2/],
      [{ timeFloorMs: NOW - 2 * 86_400_000 }, "APPRAISE_TIME_BACK", /latest signed time went back/],
    ];
    for (const [change, code, text] of back) {
      refuses(await say({ ...next, ...change }), { before }, ["mismatch", code, "attack", text]);
    }
  });
});

describe("what another said", () => {
  it("is not this board's: another board's word, under its own key or under this one's name", async () => {
    const unsigned = /^the attestation is not signed by a key of porch-1: /;
    const theirs = await say({ device: "porch-2" }, { device: OTHER_KEY });
    refuses(theirs, {}, ["unattested", "APPRAISE_SIGNATURE", "attack", unsigned]);
    const posing = await say({}, { device: OTHER_KEY });
    refuses(posing, {}, ["unattested", "APPRAISE_SIGNATURE", "attack", unsigned]);
    const twin = reference({ keys: [KEY.publicPem, OTHER_KEY.publicPem] });
    const shown = asked(theirs, { reference: twin });
    expect(shown.status).toBe("mismatch");
    expect(shown.reasons.find(({ code }) => code === "APPRAISE_DEVICE")?.text).toBe(
      "the attestation is of home/porch-2, asked was about home/porch-1",
    );
  });

  it("is not spliced in: the modules of one statement under the signature of another, or subjects of another", async () => {
    const evil = await say({ modules: [{ ...CLIMATE, digest: digestOf("evil") }] });
    const honest: Json = JSON.parse(Buffer.from(await say()).toString());
    const spliced = altered(evil, (json: Json) => {
      json.signatures = honest.signatures;
    });
    refuses(spliced, {}, ["unattested", "APPRAISE_SIGNATURE", "attack", /^the attestation is not signed/]);

    const payload: Json = JSON.parse(Buffer.from(honest.payload, "base64").toString());
    payload.subject[1].digest.sha256 = digestOf("evil");
    const resigned = await signEnvelope(STATEMENT_PAYLOAD_TYPE, utf8(canonicalJson(payload)), [KEY]);
    const said = /^the statement's subjects are not the agent and the modules that it tells of: /;
    refuses(utf8(JSON.stringify(resigned)), {}, ["unattested", "APPRAISE_SUBJECTS", "attack", said]);
  });
});
