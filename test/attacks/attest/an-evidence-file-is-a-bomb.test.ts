/** Made to hurt: an evidence file with too many parts, too many lines, or with one good part among whatever costs most. */
import { describe, expect, it } from "vitest";
import type { Verdict } from "../../../attest/index.ts";
import { concatBytes, utf8 } from "../../../runtime/kernel/bytes.ts";
import { envelope, lines, newSigner, provenanceBy } from "../../unit/attest/own-keys.ts";
import { altered, type Json, statement } from "../../unit/attest/release.ts";
import { accepts, cpuMs, door, keyPolicy, refuses } from "./door.ts";

const at = door();
const key = newSigner();
const policy = keyPolicy([key]);
const CPU_MS = 1000;
const MEGABYTE = 1_048_576;
const many = (count: number, one: Uint8Array) => Array.from({ length: count }, () => one);

function timed(evidence: Uint8Array): Verdict {
  const verdicts: Verdict[] = [];
  expect(cpuMs(() => void verdicts.push(at.ask(evidence, { policy })))).toBeLessThan(CPU_MS);
  return verdicts[0] ?? expect.fail("it was judged");
}

describe("an evidence file", () => {
  it("of seventeen parts is refused whole, though the first is good: sixteen are looked at", async () => {
    const good = await provenanceBy(key);
    accepts(timed(lines(...many(16, good))));
    const said = "the attestation bundle cannot be used: it has 17 lines, at most 16 are accepted";
    refuses(timed(lines(...many(17, good))), "ATTEST_BUNDLE_INVALID", "refusal", said);
    refuses(timed(lines(good, utf8("{}\n".repeat(100_000)))), "ATTEST_BUNDLE_INVALID", "refusal", said);
    refuses(timed(lines(good, utf8("1\n".repeat(500_000)))), "ATTEST_BUNDLE_INVALID", "refusal", said);
  });

  it("of empty lines and white space is as large as it is, and holds what it holds", async () => {
    const good = await provenanceBy(key);
    const room = MEGABYTE - good.byteLength - 1;
    for (const filler of ["\n", " \n", "\r\n", "\t", " "]) {
      const blank = utf8(filler.repeat(Math.floor(room / filler.length)));
      const said = /^the attestation bundle cannot be used: /;
      refuses(timed(blank), "ATTEST_BUNDLE_INVALID", "refusal", said);
      accepts(timed(concatBytes(good, utf8("\n"), blank)));
      const over = concatBytes(good, utf8("\n"), blank, blank);
      refuses(timed(over), "ATTEST_BUNDLE_INVALID", "refusal", /at most 1048576 are accepted$/);
    }
  });

  it("with one good part and fifteen bad ones counts the good one, wherever it stands, and lists the others", async () => {
    const good = await provenanceBy(key);
    const flipped = altered(good, (json: Json) => {
      json.payload = `${json.payload.startsWith("A") ? "B" : "A"}${json.payload.slice(1)}`;
    });
    const bad = [
      ...[await provenanceBy(newSigner()), flipped, altered(at.honest, (json: Json) => delete json.mediaType)],
      ...[await envelope(utf8("no statement"), key), await envelope(statement({ builderId: "https://evil" }), key)],
      ...["{}", "[]", "null", "1", '"', "{", "\0", "\ufeff{}", '{"payload":1}', '{"__proto__":{}}'].map(utf8),
    ];
    expect(bad).toHaveLength(15);
    for (const place of [0, 7, 15]) {
      const verdict = timed(lines(...bad.slice(0, place), good, ...bad.slice(place)));
      accepts(verdict);
      expect(verdict.evidence.map(({ holds }, index) => (holds ? index : -1)).filter((one) => one >= 0)).toContain(
        place,
      );
      const failed = verdict.reasons.filter(
        ({ passed, code, rule }) => !passed && code !== undefined && rule === undefined,
      );
      expect(new Set(failed.map(({ evidence }) => evidence)).size).toBeGreaterThanOrEqual(14);
    }
    expect(timed(lines(...bad)).accepted).toBe(false);
  });

  it("whose good part is cut in two by a line feed has no good part", async () => {
    const good = Buffer.from(await provenanceBy(key)).toString();
    const cut = good.replace('"payload"', '\n"payload"');
    accepts(timed(utf8(cut)));
    const said = /^the attestation bundle cannot be used: /;
    refuses(timed(utf8(`{}\n${cut}`)), "ATTEST_BUNDLE_INVALID", "refusal", said);
    refuses(timed(utf8(`${cut}\n{}`)), "ATTEST_BUNDLE_INVALID", "refusal", said);
  });
});
