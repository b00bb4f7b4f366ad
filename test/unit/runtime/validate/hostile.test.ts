/** Modules made to keep the Validator busy: judged soon, or refused by the name of the bound they pass. */
import { describe, expect, it } from "vitest";
import { ByteWriter } from "../../../../runtime/binary/writer.ts";
import { ENGINE_LIMITS } from "../../../../runtime/limits.ts";
import type { SubType } from "../../../../runtime/module/module.ts";
import { concrete, I32, I64, refType, type ValType } from "../../../../runtime/module/val-type.ts";
import { answer, body, build, func, struct, sub } from "./build.ts";

const times = <T>(count: number, value: T): readonly T[] => Array.from({ length: count }, () => value);
const bytes = (write: (to: ByteWriter) => void): Uint8Array => {
  const to = new ByteWriter(1 << 16);
  write(to);
  return to.bytes.slice();
};
const repeated = (count: number, part: readonly number[]) =>
  bytes((to) => {
    for (let n = 0; n < count; n += 1) to.raw(Uint8Array.from(part));
  });

/** Far above what is needed on a slow and busy machine; without bounds each of these takes minutes or gigabytes. */
function soon(work: () => string): string {
  const before = process.threadCpuUsage();
  const result = work();
  const { user, system } = process.threadCpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(4);
  return result;
}

describe("the validator", () => {
  it("passes a br_table of a million labels, and refuses one whose labels take a thousand operands each", () => {
    const table = (depths: (n: number) => number, open: readonly number[]) =>
      bytes((to) => {
        to.raw(Uint8Array.from([...open, 0x41, 0x00, 0x0e]));
        to.u32(1_000_000);
        for (let n = 0; n <= 1_000_000; n += 1) to.u32(depths(n));
        to.raw(Uint8Array.of(0x0b, 0x00, 0x0b, 0x00));
      });
    expect(soon(() => answer(body(table((n) => n % 3, [0x02, 0x40, 0x02, 0x40]))))).toBe("accepted");
    // Two blocks of different types take turns, so that no label is like the one before.
    const types = [[func()], [func([], times(1000, I32))], [func([], times(1000, I64))]];
    const hostile = table((n) => n % 2, [0x02, 0x01, 0x02, 0x02, 0x00]);
    expect(soon(() => answer(body(hostile, { types })))).toMatch(/VALIDATE_LIMIT.*operand transfers/);
  });

  it("passes a thousand blocks inside each other, with a thousand results each", () => {
    const types = [[func([], times(1000, I32))]];
    const nested = [...times(999, [0x02, 0x00]).flat(), 0x00, ...times(999, 0x0b)];
    expect(soon(() => answer(body(nested, { types })))).toBe("accepted");
  });

  it("refuses calls that move more operands than the module's size accounts for", () => {
    const types = [[func(times(1000, I32), times(1000, I32))]];
    const calls = [0x00, ...repeated(100_000, [0x10, 0x00]), 0x00];
    expect(soon(() => answer(body(calls, { types })))).toMatch(/VALIDATE_LIMIT.*operand transfers/);
  });

  it("refuses functions that are all locals, when there are many", () => {
    const code = times(30_000, { locals: [{ count: 50_000, type: I32 }], body: Uint8Array.of(0x0b) });
    const module = build({ types: [[func()]], functions: times(code.length, 0), code });
    expect(soon(() => answer(module))).toMatch(/VALIDATE_LIMIT.*locals/);
  });

  it("refuses an operand stack higher than 100 000", () => {
    const pushes = (count: number) => body([...repeated(count, [0x41, 0x00]), 0x00]);
    expect(answer(pushes(ENGINE_LIMITS.operands))).toBe("accepted");
    expect(answer(pushes(ENGINE_LIMITS.operands + 1))).toMatch(/VALIDATE_LIMIT.*operands on the stack/);
  });

  it("refuses structures and arrays of more operands than their size accounts for", () => {
    const wide = struct(times(10_000, I32));
    const made = [0x00, ...repeated(50_000, [0xfb, 0x01, 0x01, 0x1a])];
    expect(soon(() => answer(body(made, { types: [[func()], [wide]] })))).toContain("VALIDATE_LIMIT");
    const array = sub({ kind: "array", field: { type: I32, mutable: true } });
    const fixed = bytes((to) => {
      to.byte(0x00);
      for (let n = 0; n < 100; n += 1) {
        to.raw(Uint8Array.of(0xfb, 0x08, 0x01));
        to.u32(0xffffffff);
        to.byte(0x1a);
      }
    });
    expect(soon(() => answer(body(fixed, { types: [[func()], [array]] })))).toContain("VALIDATE_LIMIT");
  });

  it("passes a recursion group of 100 000 types that name each other", () => {
    const group = Array.from({ length: 100_000 }, (_, n) => struct([refType(concrete((n * 7919) % 100_000), true)]));
    expect(soon(() => answer(build({ types: [group] })))).toBe("accepted");
  });

  it("passes a recursion group of nearly a million values", () => {
    const wide = func(times(1000, I32), times(1000, I32));
    expect(soon(() => answer(build({ types: [times(490, wide)] })))).toBe("accepted");
  });

  it("passes 63 supertypes above a type and refuses 64", () => {
    const chain = (length: number) =>
      build({ types: times(length, 0).map((_, n) => [struct([], { final: false, supers: n === 0 ? [] : [n - 1] })]) });
    expect(answer(chain(64))).toBe("accepted");
    expect(answer(chain(65))).toMatch(/VALIDATE_LIMIT.*supertypes/);
    expect(soon(() => answer(chain(100_000)))).toMatch(/VALIDATE_LIMIT.*supertypes/);
  });

  it("passes 5000 subtypes of one type with a hundred fields each", () => {
    const fields = times<ValType>(100, I32);
    const types: SubType[][] = [[struct(fields, { final: false })]];
    for (let n = 0; n < 5000; n += 1) types.push([struct([...fields, refType(concrete(n), true)], { supers: [0] })]);
    expect(soon(() => answer(build({ types })))).toBe("accepted");
  });

  it("refuses duplicate export names among 100 000, and passes them when they differ", () => {
    const names = (name: (n: number) => string) =>
      body([], { exports: times(100_000, 0).map((_, n) => ({ name: name(n), kind: "function" as const, index: 0 })) });
    expect(soon(() => answer(names((n) => `f${n}`)))).toBe("accepted");
    expect(soon(() => answer(names((n) => `f${n % 99_999}`)))).toContain("duplicate export name");
  });

  it("passes a try_table of 10 000 clauses and refuses clauses that carry a thousand values too often", () => {
    const tags = [{ type: 1 }];
    const clause = (kind: number) => (kind === 0 ? [0, 0, 1] : [2, 0]);
    const code = (kind: number, count: number, type: number) =>
      bytes((to) => {
        to.raw(Uint8Array.of(0x00, 0x02, type, 0x02, 0x40, 0x1f, 0x40));
        to.u32(count);
        to.raw(repeated(count, clause(kind)));
        to.raw(Uint8Array.of(0x0b, 0x0b, 0x00, 0x0b, 0x00));
      });
    const types = [[func()], [func(times(1000, I32))], [func([], times(1000, I32))]];
    expect(soon(() => answer(body(code(2, 10_000, 2), { types, tags })))).toBe("accepted");
    expect(soon(() => answer(body(code(0, 100_000, 2), { types, tags })))).toContain("VALIDATE_LIMIT");
  });
});
