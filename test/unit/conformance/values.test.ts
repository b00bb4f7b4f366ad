/** Which values a script's expected results admit: exact bits, sets of NaNs, alternatives, kinds of references. */
import { describe, expect, it } from "vitest";
import { HostRef, type Value } from "../../../runtime/interpret/index.ts";
import { type Node, parseScript } from "../../conformance/wasm/script.ts";
import { matches, parseValue } from "../../conformance/wasm/values.ts";

const floats = new Map([
  ["f32 0", 0n],
  ["f32 -0", 0x80000000n],
  ["f32 1", 0x3f800000n],
]);
const node = (text: string) => parseScript(text)[0] as Node;
const fits = (value: Value, expected: string) => matches(value, node(expected), floats);
const f32 = (bits: number): Value => ({ type: "f32", bits });

describe("an expected result", () => {
  it("compares integers modulo their width and never across types", () => {
    expect(fits({ type: "i32", value: -1 }, "(i32.const 0xffff_ffff)")).toBe(true);
    expect(fits({ type: "i32", value: -1 }, "(i32.const 1)")).toBe(false);
    expect(fits({ type: "i64", value: 1n }, "(i32.const 1)")).toBe(false);
    expect(fits({ type: "i64", value: -1n }, "(i64.const 0xffffffffffffffff)")).toBe(true);
  });

  it("tells the two zeros of a float apart", () => {
    expect(fits(f32(0), "(f32.const 0)")).toBe(true);
    expect(fits(f32(0x80000000 | 0), "(f32.const -0)")).toBe(true);
    expect(fits(f32(0), "(f32.const -0)")).toBe(false);
  });

  it("nan:canonical is the quiet NaN without payload, of either sign", () => {
    expect(fits(f32(0x7fc00000), "(f32.const nan:canonical)")).toBe(true);
    expect(fits(f32(0xffc00000 | 0), "(f32.const nan:canonical)")).toBe(true);
    expect(fits(f32(0x7fc00001), "(f32.const nan:canonical)")).toBe(false);
    expect(fits({ type: "f64", bits: 0x7ff8000000000000n }, "(f64.const nan:canonical)")).toBe(true);
  });

  it("nan:arithmetic is any quiet NaN, not a signalling one and not infinity", () => {
    expect(fits(f32(0x7fc00001), "(f32.const nan:arithmetic)")).toBe(true);
    expect(fits(f32(0x7fa00000), "(f32.const nan:arithmetic)")).toBe(false);
    expect(fits(f32(0x7f800000), "(f32.const nan:arithmetic)")).toBe(false);
    expect(fits({ type: "f64", bits: 0x7ff4000000000000n }, "(f64.const nan:arithmetic)")).toBe(false);
  });

  it("compares vectors lane by lane, each with its own pattern", () => {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 0x3f800000, true);
    view.setUint32(4, 0x7fc00000, true);
    const value: Value = { type: "v128", bytes };
    expect(fits(value, "(v128.const f32x4 1 nan:canonical 0 0)")).toBe(true);
    expect(fits(value, "(v128.const f32x4 1 nan:canonical 0 1)")).toBe(false);
    expect(fits(value, "(v128.const i32x4 0x3f800000 0x7fc00000 0 0)")).toBe(true);
  });

  it("either takes any of its alternatives and nothing else", () => {
    const either = "(either (i32.const 1) (i32.const 2))";
    expect(fits({ type: "i32", value: 2 }, either)).toBe(true);
    expect(fits({ type: "i32", value: 3 }, either)).toBe(false);
  });

  it("tells kinds of references apart, and one host reference from another", () => {
    const ref = (value: null | number | HostRef): Value => ({ type: "ref", value });
    const one = parseValue(node("(ref.extern 1)"), floats);
    expect(fits(one, "(ref.extern 1)")).toBe(true);
    expect(fits(one, "(ref.extern)")).toBe(true);
    expect(fits(one, "(ref.extern 2)")).toBe(false);
    expect(fits(ref(new HostRef(1)), "(ref.extern 1)")).toBe(false);
    expect(fits(ref(null), "(ref.null any)")).toBe(true);
    expect(fits(ref(null), "(ref.any)")).toBe(false);
    expect(fits(ref(7), "(ref.i31)")).toBe(true);
    expect(fits(ref(7), "(ref.struct)")).toBe(false);
    expect(fits(ref(7), "(ref.func)")).toBe(false);
  });

  it("that the runner does not know is an error, never a pass", () => {
    expect(() => fits({ type: "ref", value: null }, "(ref.unheard)")).toThrow("no such expected value");
    expect(() => parseValue(node("(i128.const 1)"), floats)).toThrow("no such value");
  });
});
