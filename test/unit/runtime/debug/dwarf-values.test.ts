/**
 * Location expressions and single values, each by itself: what the operators compute, values in pieces, and that no
 * expression or type runs on for ever.
 */
import { describe, expect, it } from "vitest";
import { evaluate, type FrameAccess, type Place } from "../../../../runtime/debug/dwarf/expression.ts";
import { ATE, enumText, floatText, integerText, stringText } from "../../../../runtime/debug/dwarf/literals.ts";
import { joinPath } from "../../../../runtime/debug/dwarf/paths.ts";
import { Unit } from "../../../../runtime/debug/dwarf/unit.ts";

const frame: FrameAccess = {
  local: (n) => [7, -16, 0x1_0000_0000n][n],
  global: (n) => (n === 0 ? 4096 : undefined),
  read: (address, length) => new Uint8Array(length).fill(address & 0xff),
};

function run(expression: readonly number[], access: FrameAccess = frame): Place | undefined {
  const bytes = Uint8Array.from(expression);
  const sections = { bytes, codeStart: 0, codeSize: 0, ranges: new Map() };
  const header = { offset: 0, end: 0, first: 0, version: 5, addressSize: 4, offsetSize: 4 };
  return evaluate(new Unit(sections, header, new Map()), { at: 0, length: bytes.length }, undefined, access);
}

const STACK_VALUE = 0x9f;
const value = (...expression: number[]) => {
  const place = run([...expression, STACK_VALUE]);
  return place?.kind === "value" ? place.value : undefined;
};

describe("location expressions", () => {
  it("read locals, globals and operands of the frame", () => {
    expect(run([0xed, 0, 0])).toEqual({ kind: "value", value: 7n });
    expect(run([0xed, 0, 2])).toEqual({ kind: "value", value: 0x1_0000_0000n });
    expect(run([0xed, 1, 0])).toEqual({ kind: "value", value: 4096n });
    expect(run([0xed, 3, 0, 0, 0, 0])).toEqual({ kind: "value", value: 4096n });
    expect(run([0xed, 2, 5])).toBeUndefined();
    expect(run([0xed, 2, 5], { ...frame, operand: (n) => n * 10 })).toEqual({ kind: "value", value: 50n });
    expect(run([0xed, 1, 9])).toBeUndefined();
  });

  it("take what is computed from a local for an address, of as many bits as addresses have", () => {
    expect(run([0xed, 0, 0, 0x23, 8])).toEqual({ kind: "memory", address: 15 });
    expect(run([0xed, 0, 1, 0x23, 8])).toEqual({ kind: "memory", address: 0xffff_fff8 });
    expect(run([0x03, 0x78, 4, 0, 0])).toEqual({ kind: "memory", address: 0x478 });
  });

  it("compute with 64 bits", () => {
    expect(value(0x3a, 0x33, 0x1b)).toBe(3n);
    expect(value(0x3a, 0x33, 0x1c)).toBe(7n);
    expect(value(0x3a, 0x33, 0x1d)).toBe(1n);
    expect(value(0x3a, 0x33, 0x1e)).toBe(30n);
    expect(value(0x3a, 0x1f)).toBe(-10n);
    expect(value(0x11, 0x7f, 0x19)).toBe(1n);
    expect(value(0x31, 0x08, 63, 0x24)).toBe(-(2n ** 63n));
    expect(value(0x11, 0x7f, 0x31, 0x25)).toBe(2n ** 63n - 1n);
    expect(value(0x11, 0x7f, 0x31, 0x26)).toBe(-1n);
    expect(value(0x31, 0x32, 0x2d)).toBe(1n);
    expect(value(0x3a, 0x30, 0x1b)).toBeUndefined();
    expect(value(0x0d, 0xff, 0xff, 0xff, 0xff)).toBe(-1n);
    expect(value(0x10, 0x80, 0x80, 0xa0, 0xa8, 0x9c, 0x94, 0xb6, 0xe6, 0xf9, 0x1)).toBe(18000000000000000000n);
  });

  it("move what is on the stack", () => {
    expect(value(0x31, 0x32, 0x33, 0x17)).toBe(2n);
    expect(value(0x31, 0x32, 0x16)).toBe(1n);
    expect(value(0x31, 0x32, 0x14)).toBe(1n);
    expect(value(0x31, 0x32, 0x33, 0x15, 2)).toBe(1n);
    expect(value(0x31, 0x32, 0x13)).toBe(1n);
    expect(value(0x13)).toBeUndefined();
  });

  it("read memory behind an address", () => {
    expect(value(0x08, 0x40, 0x06)).toBe(0x40404040n);
    expect(value(0x08, 0x40, 0x94, 2)).toBe(0x4040n);
    expect(value(0x08, 0x40, 0x94, 9)).toBeUndefined();
  });

  it("put values together from pieces, and give up when one is missing", () => {
    const whole = run([0xed, 0, 0, 0x9f, 0x93, 2, 0x08, 0x55, 0x93, 2, 0x9e, 1, 9, 0x93, 1]);
    expect(whole).toEqual({ kind: "bytes", bytes: Uint8Array.from([7, 0, 0x55, 0x55, 9]) });
    expect(run([0xed, 0, 0, 0x93, 4, 0x93, 4])).toBeUndefined();
  });

  it("end, whatever they say", () => {
    expect(run([0x2f, 0xfd, 0xff])).toBeUndefined();
    expect(run([0x2f, 0x00, 0x80])).toBeUndefined();
    expect(run([0x30, 0x12, 0x2f, 0xfc, 0xff])).toBeUndefined();
    expect(run([0x9e, 0xff, 0xff, 0x03])).toBeUndefined();
    expect(run([0x91, 0])).toBeUndefined();
    expect(run([0xff])).toBeUndefined();
    expect(run([])).toBeUndefined();
  });
});

describe("single values", () => {
  it("are integers with the sign of their type, truth values, and characters", () => {
    expect(integerText(0xffn, 8, ATE.signed)).toBe("-1");
    expect(integerText(0xffn, 8, ATE.unsigned)).toBe("255");
    expect(integerText(1n, 8, ATE.boolean)).toBe("true");
    expect(integerText(2n, 8, ATE.boolean)).toBe("2");
    expect(integerText(65n, 8, ATE.signedChar)).toBe("65 'A'");
    expect(integerText(39n, 8, ATE.signedChar)).toBe("39 '\\''");
    expect(integerText(0n, 8, ATE.signedChar)).toBe("0");
    expect(integerText(0x1f600n, 32, ATE.utf)).toBe("U+1f600 '😀'");
    expect(integerText(0xffff_ffffn, 32, ATE.utf)).toBe("4294967295");
  });

  it("are floats with the fewest digits that mean the same", () => {
    const bytes = (count: number, write: (view: DataView) => void) => {
      const view = new DataView(new ArrayBuffer(count));
      write(view);
      return floatText(new Uint8Array(view.buffer));
    };
    expect(bytes(4, (view) => view.setFloat32(0, 0.1, true))).toBe("0.1");
    expect(bytes(4, (view) => view.setFloat32(0, 16_777_217, true))).toBe("16777216");
    expect(bytes(4, (view) => view.setFloat32(0, Number.NEGATIVE_INFINITY, true))).toBe("-inf");
    expect(bytes(8, (view) => view.setFloat64(0, 0.1, true))).toBe("0.1");
    expect(bytes(8, (view) => view.setFloat64(0, -0, true))).toBe("-0");
    expect(bytes(16, (view) => view.setBigUint64(8, 0x3fff_8000_0000_0000n, true))).toBe("1.5");
    expect(bytes(16, (view) => view.setBigUint64(8, 0xc000_0000_0000_0000n, true))).toBe("-2");
  });

  it("are names of an enumeration, alone or as bits", () => {
    const names = new Map([
      [1n, "A"],
      [2n, "B"],
      [4n, "C"],
      [0xffffffffn, "NONE"],
    ]);
    expect(enumText(2n, 32, names, true)).toBe("B");
    expect(enumText(5n, 32, names, true)).toBe("A | C");
    expect(enumText(9n, 32, names, true)).toBe("9");
    expect(enumText(0xffffffffn, 32, names, true)).toBe("NONE");
    expect(enumText(0xfffffffen, 32, names, true)).toBe("-2");
  });

  it("are strings in which nothing can move a terminal's cursor", () => {
    expect(stringText(Uint8Array.from([97, 10, 27, 91, 50, 74, 34, 92]))).toBe('"a\\n\\x1b[2J\\"\\\\"');
    expect(stringText(new TextEncoder().encode("é\u202e\u009b"))).toBe('"é\\u{202e}\\u{9b}"');
  });
});

it("paths are put together without the components that mean nothing", () => {
  expect(joinPath(".", "././shapes.h")).toBe("shapes.h");
  expect(joinPath("/build/project", "src/../include/a.h")).toBe("/build/project/include/a.h");
  expect(joinPath("/build", "/usr/include/a.h")).toBe("/usr/include/a.h");
  expect(joinPath("", "../a.c")).toBe("../a.c");
});
