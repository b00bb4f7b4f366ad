/** The Loader's decoder against bytes made to hurt: refused by name, soon, and without running off the end. */
import { describe, expect, it } from "vitest";
import { decodeModule } from "../../../../runtime/binary/decode.ts";
import { ByteWriter } from "../../../../runtime/binary/writer.ts";

const HEAD = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const build = (write: (to: ByteWriter) => void): Uint8Array => {
  const to = new ByteWriter();
  to.raw(HEAD);
  write(to);
  return to.bytes.slice();
};
/** A module of one function () -> () with this body, locals included. */
const body = (bytes: Uint8Array) =>
  build((to) => {
    to.section(1, (part) => part.raw(Uint8Array.of(1, 0x60, 0, 0)));
    to.section(3, (part) => part.raw(Uint8Array.of(1, 0)));
    to.section(10, (part) => {
      part.u32(1);
      part.block(bytes);
    });
  });
const answer = (bytes: Uint8Array) => {
  const decoded = decodeModule(bytes);
  return decoded.ok ? "accepted" : decoded.error.line();
};
const sections = (...parts: readonly (readonly number[])[]) =>
  Uint8Array.from([...HEAD, ...parts.flatMap(([id = 0, ...rest]) => [id, rest.length, ...rest])]);

describe("the decoder", () => {
  it("refuses 64 MiB of continuation bytes at their first integer", () => {
    const bytes = new Uint8Array(64 * 1024 * 1024).fill(0x80);
    bytes.set(HEAD);
    bytes[8] = 1;
    expect(answer(bytes)).toContain("integer representation too long at byte 9");
  });

  it("refuses counts that the bytes left cannot hold, in every section, before it makes room", () => {
    for (const id of [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13]) {
      expect(answer(sections([id, 0xff, 0xff, 0xff, 0xff, 0x0f])), `section ${id}`).toContain("length out of bounds");
    }
  });

  it("refuses more than a million entries in all, whatever they are, before they take gigabytes", () => {
    const repeated = (id: number, count: number, entry: readonly number[]) =>
      build((to) =>
        to.section(id, (part) => {
          part.u32(count);
          for (let n = 0; n < count; n += 1) part.raw(Uint8Array.from(entry));
        }),
      );
    const parameters = Array.from({ length: 500 }, () => 0x7f);
    expect(answer(repeated(1, 1990, [0x60, 0xf4, 0x03, ...parameters, 0]))).toBe("accepted");
    expect(answer(repeated(1, 2000, [0x60, 0xf4, 0x03, ...parameters, 0]))).toContain("more than 1000000 entries");
    const customs = new Uint8Array(3 * 1_000_001).map((_, n) => (n % 3 === 1 ? 1 : 0));
    expect(answer(build((to) => to.raw(customs)))).toContain("more than 1000000 entries");
    // Runs of no locals of a reference type: three bytes each.
    const runs = new ByteWriter(3_100_000);
    runs.u32(1_000_000);
    for (let n = 0; n < 1_000_000; n += 1) runs.raw(Uint8Array.of(0, 0x63, 0));
    runs.byte(0x0b);
    expect(answer(body(runs.bytes))).toContain("more than 1000000 entries");
  });

  it("admits a br_table of a million labels and refuses one more by name", () => {
    const table = (count: number) => {
      const to = new ByteWriter(count + 32);
      to.raw(Uint8Array.of(0, 0x41, 0, 0x0e));
      to.u32(count);
      to.raw(new Uint8Array(count + 1));
      to.byte(0x0b);
      return answer(body(to.bytes));
    };
    expect(table(1_000_000)).toBe("accepted");
    expect(table(1_000_001)).toContain("LOAD_UNSUPPORTED");
  });

  it("admits a thousand blocks inside each other and refuses a million", () => {
    const nested = (depth: number) => {
      const bytes = new Uint8Array(3 * depth + 2);
      for (let n = 0; n < depth; n += 1) bytes.set([0x02, 0x40], 1 + 2 * n);
      bytes.fill(0x0b, 1 + 2 * depth);
      return answer(body(bytes));
    };
    expect(nested(1000)).toBe("accepted");
    expect(nested(1001)).toContain("LOAD_UNSUPPORTED");
    expect(nested(1_000_000)).toContain("LOAD_UNSUPPORTED");
  });

  it("admits 50 000 locals, refuses more by name, and 2^32 as malformed", () => {
    const locals = (...runs: readonly number[]) => {
      const to = new ByteWriter();
      to.vector(runs, (count) => {
        to.u32(count);
        to.byte(0x7f);
      });
      to.byte(0x0b);
      return answer(body(to.bytes));
    };
    expect(locals(50_000)).toBe("accepted");
    expect(locals(50_000, 1)).toContain("LOAD_UNSUPPORTED");
    expect(locals(0xffffffff, 1)).toContain("too many locals");
  });

  it("refuses a body that does not end, ends early, or has an else outside if", () => {
    expect(answer(body(Uint8Array.of(0, 0x01)))).toContain("unexpected end");
    expect(answer(body(Uint8Array.of(0, 0x0b, 0x01)))).toContain("END opcode expected");
    expect(answer(body(Uint8Array.of(0, 0x05, 0x0b)))).toContain("else outside if");
    expect(answer(body(Uint8Array.of(0, 0xff, 0x0b)))).toContain("illegal opcode ff");
  });

  it("refuses sections twice, out of order, unknown, or longer than what is in them", () => {
    expect(answer(sections([1, 0], [1, 0]))).toContain("unexpected content after last section");
    expect(answer(sections([6, 0], [13, 0]))).toContain("unexpected content after last section");
    expect(answer(sections([5, 0], [13, 0], [6, 0]))).toBe("accepted");
    expect(answer(sections([14, 0]))).toContain("malformed section id");
    expect(answer(sections([1, 0, 0]))).toContain("section size mismatch");
  });

  it("refuses sections that contradict each other", () => {
    expect(answer(sections([1, 1, 0x60, 0, 0], [3, 1, 0]))).toContain("function and code section");
    expect(answer(sections([12, 1]))).toContain("data count and data section");
    expect(answer(body(Uint8Array.of(0, 0xfc, 9, 0, 0x0b)))).toContain("data count section required");
  });

  it("refuses names that are not UTF-8, a custom section's too", () => {
    expect(answer(sections([0, 1, 0xff]))).toContain("malformed UTF-8 encoding");
    expect(answer(sections([7, 1, 2, 0xc0, 0x80, 0, 0]))).toContain("malformed UTF-8 encoding");
  });
});
