/** The encoder against the Loader: what was decoded comes back, and parts can be replaced or added. */
import { describe, expect, it } from "vitest";
import { decodeModule } from "../../../../runtime/binary/decode.ts";
import { encodeModule } from "../../../../runtime/binary/encode.ts";
import { ByteWriter } from "../../../../runtime/binary/writer.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import type { Module } from "../../../../runtime/module/module.ts";
import { assemble, GUESTS } from "../../../guests/guests.ts";

const HEAD = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const decode = (bytes: Uint8Array): Module => unwrap(decodeModule(bytes));
const section = (id: number, ...body: number[]) => [id, body.length, ...body];
/** One of nearly everything that has a form of its own, canonically written. */
const RICH = Uint8Array.from([
  ...HEAD,
  ...section(0, 1, 0x61, 1, 2, 3),
  // () -> (); rec { sub struct (mut i8, (ref null 2)), sub final 1 struct … }; array of (ref func)
  ...section(
    1,
    ...[4, 0x60, 0, 0, 0x4e, 2, 0x50, 0, 0x5f, 2, 0x78, 1, 0x63, 2, 0, 0x4f, 1, 1, 0x5f, 2, 0x78, 1, 0x63, 2, 0],
    ...[0x5e, 0x64, 0x70, 0, 0x60, 1, 0x7b, 2, 0x7f, 0x7c],
  ),
  ...section(2, 2, 1, 0x6d, 1, 0x66, 0, 0, 1, 0x6d, 1, 0x74, 4, 0, 0),
  ...section(3, 1, 0),
  ...section(4, 2, 0x70, 0, 1, 0x40, 0, 0x70, 5, 1, 2, 0xd0, 0x70, 0x0b),
  ...section(5, 3, 0, 1, 3, 1, 2, 5, 1, 0x80, 0x80, 0x04),
  ...section(13, 1, 0, 0),
  ...section(6, 1, 0x7f, 1, 0x41, 0x7f, 0x0b),
  ...section(0, 1, 0x62),
  ...section(7, 2, 1, 0x66, 0, 1, 1, 0x67, 3, 0),
  ...section(8, 1),
  ...section(
    9,
    ...[8, 0, 0x41, 0, 0x0b, 1, 0, 1, 0, 1, 1, 2, 1, 0x41, 0, 0x0b, 0, 1, 0, 3, 0, 1, 1],
    ...[
      4, 0x41, 0, 0x0b, 1, 0xd2, 0, 0x0b, 5, 0x6f, 1, 0xd0, 0x6f, 0x0b, 6, 0, 0x41, 0, 0x0b, 0x64, 0x70, 0, 7, 0x70, 0,
    ],
  ),
  ...section(12, 3),
  ...section(10, 1, 7, 2, 1, 0x7f, 2, 0x7e, 1, 0x0b),
  ...section(11, 3, 0, 0x41, 0, 0x0b, 1, 9, 1, 2, 8, 7, 2, 1, 0x41, 0, 0x0b, 0),
  ...section(0, 1, 0x63, 4),
]);

describe("the encoder", () => {
  it("gives canonical input back byte for byte", () => {
    expect(encodeModule(decode(RICH))).toEqual(RICH);
    for (const text of Object.values(GUESTS)) {
      const bytes = assemble(text);
      expect(encodeModule(decode(bytes))).toEqual(bytes);
    }
  });

  it("shortens long integers and keeps what they mean", () => {
    // One type, whose counts are written in five and two bytes.
    const long = Uint8Array.from([...HEAD, ...section(1, 0x81, 0x80, 0x80, 0x80, 0, 0x60, 0x81, 0, 0x7f, 0)]);
    const short = encodeModule(decode(long));
    expect([...short]).toEqual([...HEAD, ...section(1, 1, 0x60, 1, 0x7f, 0)]);
    expect(decode(short).types).toEqual(decode(long).types);
  });

  it("takes bytes in place of ranges, and new entries", () => {
    const module = decode(RICH);
    const bytes = encodeModule({
      ...module,
      functions: [...module.functions, 0],
      code: [
        { locals: [], body: Uint8Array.of(0x01, 0x0b) },
        { locals: [], body: Uint8Array.of(0x00, 0x0b) },
      ],
      exports: [...module.exports, { name: "added", kind: "function", index: 2 }],
      customs: [{ name: "note", bytes: Uint8Array.of(9), after: 10 }],
    });
    const again = decode(bytes);
    const bodies = again.code.map(({ body }) => [...bytes.subarray(body.start, body.end)]);
    expect(bodies).toEqual([
      [0x01, 0x0b],
      [0x00, 0x0b],
    ]);
    expect(again.exports.at(-1)).toMatchObject({ name: "added", index: 2 });
    expect(again.customs).toMatchObject([{ name: "note", after: 10 }]);
    expect(again.types).toEqual(module.types);
  });
});

describe("the writer", () => {
  const written = (write: (writer: ByteWriter) => void) => {
    const writer = new ByteWriter(1);
    write(writer);
    return [...writer.bytes];
  };
  it("writes integers in their shortest form up to the bounds of their types", () => {
    expect(written((to) => to.u32(0xffffffff))).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
    expect(written((to) => to.u64((1n << 64n) - 1n))).toEqual([...Array.from({ length: 9 }, () => 0xff), 1]);
    expect(written((to) => to.s33(-(2 ** 32)))).toEqual([0x80, 0x80, 0x80, 0x80, 0x70]);
    expect(written((to) => to.s33(2 ** 32 - 1))).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
    expect(written((to) => to.s33(64))).toEqual([0xc0, 0]);
    expect(written((to) => to.s33(-65))).toEqual([0xbf, 0x7f]);
    expect(written((to) => to.s64(-(1n << 63n)))).toEqual([...Array.from({ length: 9 }, () => 0x80), 0x7f]);
  });
  it("asserts that a value fits", () => {
    expect(() => written((to) => to.u32(-1))).toThrow("u32");
    expect(() => written((to) => to.name("\ud800"))).toThrow("surrogate");
  });
});
