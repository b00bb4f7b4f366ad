/** The bound on MQTT packets: however the bytes are cut, a packet too long is seen at its header. */
import { describe, expect, it } from "vitest";
import { createPacketBound } from "../../../../agent/wire/packet-bound.ts";

const header = (length: number): number[] => {
  const bytes = [0x30];
  let rest = length;
  do {
    bytes.push((rest % 128) | (rest > 127 ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return bytes;
};
const packet = (length: number) => Uint8Array.from([...header(length), ...new Array<number>(length).fill(0xff)]);

describe("a packet bound", () => {
  it("lets honest packets through in any pieces, empty ones included", () => {
    const stream = Buffer.concat([packet(0), packet(1), packet(127), packet(128), packet(1000), packet(0)]);
    for (const piece of [1, 2, 3, 7, stream.length]) {
      const within = createPacketBound(1000);
      for (let at = 0; at < stream.length; at += piece) expect(within(stream.subarray(at, at + piece))).toBe(true);
    }
  });

  it("refuses a longer packet at its header, before its body has come", () => {
    for (const length of [1001, 16_384, 268_435_455]) {
      expect(createPacketBound(1000)(Uint8Array.from(header(length)))).toBe(false);
      const within = createPacketBound(1000);
      const verdicts = [...Buffer.concat([packet(5), Uint8Array.from(header(length))])].map((byte) =>
        within(Uint8Array.of(byte)),
      );
      expect(verdicts.at(-1)).toBe(false);
      expect(verdicts.slice(0, -1).every(Boolean)).toBe(true);
    }
  });

  it("refuses a length that does not end", () => {
    expect(createPacketBound(2 ** 40)(Uint8Array.from([0x30, 0x80, 0x80, 0x80, 0x80]))).toBe(false);
  });
});
