/** What the suite lets pass and the deterministic profile does not. */
import { describe, expect, it } from "vitest";
import { atomic } from "../../../../runtime/interpret/atomics.ts";
import { simd } from "../../../../runtime/interpret/simd.ts";
import { stackViews } from "../../../../runtime/interpret/views.ts";
import { opcode } from "../../../../runtime/module/opcodes.ts";

const views = () => stackViews(new ArrayBuffer(256));

describe("relaxed instructions", () => {
  it("saturate the dot product of bytes that are all -128", () => {
    const s = views();
    s.i8.fill(-128, 16, 48);
    simd(opcode("i16x8.relaxed_dot_i8x16_i7x16_s"), s, 0, 4, 8, 0, 0);
    expect([...s.i16.subarray(0, 8)]).toEqual(new Array(8).fill(32767));
    simd(opcode("i32x4.relaxed_dot_i8x16_i7x16_add_s"), s, 0, 4, 8, 12, 0);
    expect([...s.i32.subarray(0, 4)]).toEqual(new Array(4).fill(65534));
  });

  it("round multiply-add twice", () => {
    const s = views();
    s.f64[2] = 1e308;
    s.f64[4] = 1e308;
    s.f64[6] = Number.NEGATIVE_INFINITY;
    simd(opcode("f64x2.relaxed_madd"), s, 0, 4, 8, 12, 0);
    expect(s.f64[0]).toBeNaN();
    s.f32.set([1 + 2 ** -12], 4);
    s.f32.set([1 + 2 ** -12], 8);
    s.f32.set([-(1 + 2 ** -11)], 12);
    simd(opcode("f32x4.relaxed_madd"), s, 0, 4, 8, 12, 0);
    expect(s.f32[0]).toBe(0);
  });
});

describe("a narrow compare-exchange", () => {
  it("wraps what it expects to the width of the access", () => {
    const view = new DataView(new ArrayBuffer(8));
    view.setUint8(0, 0x11);
    const i32 = Int32Array.from([0, 0, 0x1111, 0, 0x22, 0]);
    expect(atomic(opcode("i32.atomic.rmw8.cmpxchg_u"), i32, 0, 2, 4, view, 0, false)).toBe(0);
    expect(view.getUint8(0)).toBe(0x22);
    expect(i32[0]).toBe(0x11);
  });
});
