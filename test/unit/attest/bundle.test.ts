/** What a hostile evidence file costs: each is refused, with a code, before it has taken the time of a small board. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUNDLE_BYTES_MAX, firstRefusal, judge } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { type FakeSigstore, startSigstore } from "../../fakes/sigstore.ts";
import { lines } from "./own-keys.ts";
import { altered, type Json, question, signed } from "./release.ts";

let sigstore: FakeSigstore;
let bundle: Uint8Array;
beforeAll(async () => {
  sigstore = await startSigstore();
  bundle = await signed(sigstore);
});
afterAll(() => sigstore.close());

/** CPU time of this thread, ms, and the refusal. */
function costOf(evidence: Uint8Array): { readonly ms: number; readonly code: string } {
  const input = question(sigstore, evidence);
  const since = process.threadCpuUsage();
  const verdict = judge(input);
  const { user, system } = process.threadCpuUsage(since);
  expect(verdict.accepted).toBe(false);
  return { ms: (user + system) / 1000, code: firstRefusal(verdict).code };
}
const filled = (head: string, part: string, tail = "") =>
  utf8(head + part.repeat(Math.floor((BUNDLE_BYTES_MAX - head.length - tail.length) / part.length)) + tail);
const text = () => Buffer.from(bundle).toString("utf8");

describe("a document as large as may be", () => {
  it.each<[string, () => Uint8Array]>([
    ["of opening brackets", () => filled("", "[")],
    ["of opening braces", () => filled("", '{"a":')],
    ["of many names in one object", () => numbered()],
    ["of one name again and again", () => filled("{", '"a":1,', '"a":1}')],
    ["of backslashes", () => filled('{"a":"', "\\\\", '"}')],
    ["of escaped quotes", () => filled('{"a":"', '\\"', '"}')],
    ["of quotes", () => filled("", '"')],
    ["of empty lines", () => filled("{}\n", "\n")],
    ["of __proto__", () => filled("{", '"__proto__":{},', '"b":1}')],
    [
      "with a payload up to its end",
      () => utf8(text().replace(/"payload":"[^"]*"/, `"payload":"${"A".repeat(900_000)}"`)),
    ],
    [
      "with a log entry up to its end",
      () => utf8(text().replace(/"canonicalizedBody":"[^"]*"/, `"canonicalizedBody":"${"A".repeat(900_000)}"`)),
    ],
    [
      "with a keyid up to its end",
      () => utf8(text().replace(/"signatures":\[\{/, `"signatures":[{"keyid":"${"a".repeat(900_000)}",`)),
    ],
    [
      "of ten thousand signatures",
      () => utf8(text().replace(/"signatures":\[/, `"signatures":[${'{"sig":"AAAA"},'.repeat(10_000)}`)),
    ],
  ])("is refused in half a second of work: %s", (_, make) => {
    const { ms, code } = costOf(make());
    expect(code).toMatch(/^ATTEST_(?:BUNDLE_INVALID|LOG)$/);
    expect(ms).toBeLessThan(500);
  });

  it.each([2, 50])("is refused without a look at what it says, with %i MB", (megabytes) => {
    const { ms, code } = costOf(new Uint8Array(megabytes * 1_000_000).fill(0x5b));
    expect(code).toBe("ATTEST_BUNDLE_INVALID");
    expect(ms).toBeLessThan(500);
  });
});

describe("an evidence file that asks for as many signature checks as may be", () => {
  const often = (json: Json) => {
    const { tlogEntries, timestampVerificationData } = json.verificationMaterial;
    const [entry] = tlogEntries;
    const { checkpoint } = entry.inclusionProof;
    const [head, own] = checkpoint.envelope.split("\n\n");
    // The log's own hint over other bytes, so that each is tried, and the good one last.
    const [, name, good] = /\u2014 (\S+) (\S+)\n/.exec(own) ?? [];
    const bad = Buffer.from(good ?? "", "base64");
    bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 1;
    checkpoint.envelope = `${head}\n\n${`\u2014 ${name} ${bad.toString("base64")}\n`.repeat(31)}${own}`;
    json.verificationMaterial.tlogEntries = [entry, entry, entry, entry].map((one, at) => ({
      ...one,
      // Of log entries with the same time the library takes only one; those without give none.
      ...(at === 0 ? {} : { integratedTime: "0", inclusionPromise: undefined, logIndex: one.inclusionProof.logIndex }),
    }));
    const [stamp] = timestampVerificationData.rfc3161Timestamps;
    timestampVerificationData.rfc3161Timestamps = [stamp];
  };

  it("costs each of its sixteen parts at most as much as a few honest ones", () => {
    const honest = median(Array.from({ length: 9 }, () => costOf(utf8(text().replace(/"sig":"../, '"sig":"AA'))).ms));
    const { ms, code } = costOf(lines(...Array.from({ length: 16 }, () => altered(bundle, often))));
    expect(code).toBe("ATTEST_LOG");
    expect(ms).toBeLessThan(16 * 10 * Math.max(honest, 5));
  });

  it("is refused as a whole with more parts", () => {
    const { ms, code } = costOf(lines(...Array.from({ length: 17 }, () => bundle)));
    expect(code).toBe("ATTEST_BUNDLE_INVALID");
    expect(ms).toBeLessThan(100);
  });
});

function numbered(): Uint8Array {
  const names = Array.from({ length: 90_000 }, (_, n) => `"n${n}":0`);
  return utf8(`{${names.join(",")}}`);
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
}
