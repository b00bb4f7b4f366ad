/** Deltas between targets: what they save, and what is refused of one that lies. */
import { constants, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { applyDelta, type Delta, deltaMemory, deltasOf, makeDelta } from "../../../updater/delta.ts";

/** Bytes that do not compress by themselves: a chain of digests. */
function noise(length: number, seed: string): Uint8Array {
  const bytes = new Uint8Array(length);
  let block = sha256(utf8(seed));
  for (let at = 0; at < length; at += 32) {
    block = sha256(utf8(block));
    bytes.set(Buffer.from(block, "hex").subarray(0, Math.min(32, length - at)), at);
  }
  return bytes;
}

const OLD = noise(100_000, "old");
const NEW = new Uint8Array([...OLD.subarray(0, 40_000), ...utf8("a changed line"), ...OLD.subarray(40_010)]);

function made(from = OLD, to = NEW): { delta: Delta; bytes: Uint8Array } {
  const one = makeDelta(from, to);
  if (one === undefined) throw new Error("a delta was expected to pay");
  return one;
}

/** A record that vouches for bytes which the publisher never meant as a delta. */
function vouched(bytes: Uint8Array): Delta {
  return { from: sha256(OLD), length: bytes.byteLength, sha256: sha256(bytes) };
}

const refusal = (delta: Delta, bytes: Uint8Array, length = NEW.byteLength) => {
  const result = applyDelta(OLD, delta, bytes, length);
  expect(result).toMatchObject({ ok: false, error: { code: "UPDATE_DELTA" } });
  return result.ok ? "" : String(result.error.facts["reason"]);
};

describe("a delta", () => {
  it("gives the new bytes from the old ones, for a hundredth of their size when a line changed", () => {
    const { delta, bytes } = made();
    expect(bytes.byteLength).toBeLessThan(NEW.byteLength / 100);
    expect(applyDelta(OLD, delta, bytes, NEW.byteLength)).toEqual({ ok: true, value: NEW });
  });

  it("is not made when the file itself costs less", () => {
    expect(makeDelta(noise(2000, "one"), noise(2000, "another"))).toBeUndefined();
    expect(makeDelta(OLD, new Uint8Array())).toBeUndefined();
  });

  it("reaches the beginning of old bytes that are larger than the new ones", () => {
    const tail = OLD.slice(0, 3000);
    const { delta, bytes } = made(OLD, tail);
    expect(bytes.byteLength).toBeLessThan(200);
    expect(applyDelta(OLD, delta, bytes, tail.byteLength)).toEqual({ ok: true, value: tail });
  });

  it("says what memory applying it takes", () => {
    expect(deltaMemory(100_000, 100_004)).toBe(100_000 + 2 ** 18 + 100_004);
  });
});

describe("refused", () => {
  it("is a delta that is not the one that was signed, before it is decoded", () => {
    const { delta, bytes } = made();
    const flipped = bytes.slice();
    flipped[5] = (flipped[5] ?? 0) ^ 1;
    expect(refusal(delta, flipped)).toContain("SHA-256");
    expect(refusal(delta, bytes.slice(1))).toContain("signed are");
  });

  it("is one that makes more or fewer bytes than the target has, without making more", () => {
    const bomb = zstdCompressSync(new Uint8Array(64 * 1024 * 1024), {
      params: { [constants.ZSTD_c_compressionLevel]: 19 },
    });
    refusal(vouched(bomb), bomb);
    const { delta, bytes } = made();
    refusal(delta, bytes, NEW.byteLength - 1);
    refusal(delta, bytes, NEW.byteLength + 1);
  });

  it("is one whose window is larger than old and new bytes together", () => {
    const wide = zstdCompressSync(noise(4_000_000, "wide"), {
      dictionary: OLD,
      params: { [constants.ZSTD_c_windowLog]: 27 },
    });
    refusal(vouched(wide), wide, 1000);
  });

  it("is what is no zstd at all, and one made from other old bytes never gives the target", () => {
    const junk = noise(1000, "junk");
    refusal(vouched(junk), junk);
    const { delta, bytes } = made();
    const result = applyDelta(noise(OLD.byteLength, "other"), delta, bytes, NEW.byteLength);
    expect(result.ok && sha256(result.value) === sha256(NEW)).toBe(false);
  });
});

describe("the list of deltas in a target's custom metadata", () => {
  it("is read when it is one, and is empty for anything else", () => {
    const { delta } = made();
    expect(deltasOf({ deltas: [delta], sallyport: {} })).toEqual([delta]);
    for (const custom of [undefined, null, {}, { deltas: 1 }, { deltas: [{ ...delta, length: -1 }] }, "deltas"]) {
      expect(deltasOf(custom)).toEqual([]);
    }
    expect(deltasOf({ deltas: Array.from({ length: 9 }, () => delta) })).toEqual([]);
  });
});
