/** Vector loads and stores after the address check (core specification, section 4.6.7). */
import { opcode } from "../module/opcodes.ts";
import type { StackViews } from "./views.ts";

type Load = (s: StackViews, d: number, a: number, view: DataView, at: number, lane: number) => void;
type Store = (s: StackViews, a: number, view: DataView, at: number, lane: number) => void;

const loads = new Map<number, { readonly bytes: number; readonly load: Load }>();
const stores = new Map<number, { readonly bytes: number; readonly store: Store }>();

export function vectorAccessBytes(op: number): number {
  const found = loads.get(op) ?? stores.get(op);
  if (found === undefined) throw new Error(`no vector access 0x${op.toString(16)}`);
  return found.bytes;
}

/** `d` the destination, `a` the old vector of a lane load, both in words. */
export function vectorLoad(
  op: number,
  s: StackViews,
  d: number,
  a: number,
  view: DataView,
  at: number,
  lane: number,
): void {
  loads.get(op)?.load(s, d, a, view, at, lane);
}

export function vectorStore(op: number, s: StackViews, a: number, view: DataView, at: number, lane: number): void {
  stores.get(op)?.store(s, a, view, at, lane);
}

const load = (name: string, bytes: number, f: Load) => loads.set(opcode(name), { bytes, load: f });

load("v128.load", 16, (s, d, _a, view, at) => {
  for (let n = 0; n < 4; n += 1) s.i32[d + n] = view.getInt32(at + 4 * n, true);
});
for (const [suffix, signed] of [
  ["s", true],
  ["u", false],
] as const) {
  load(`v128.load8x8_${suffix}`, 8, (s, d, _a, view, at) => {
    for (let n = 0; n < 8; n += 1) s.i16[d * 2 + n] = signed ? view.getInt8(at + n) : view.getUint8(at + n);
  });
  load(`v128.load16x4_${suffix}`, 8, (s, d, _a, view, at) => {
    for (let n = 0; n < 4; n += 1)
      s.i32[d + n] = signed ? view.getInt16(at + 2 * n, true) : view.getUint16(at + 2 * n, true);
  });
  load(`v128.load32x2_${suffix}`, 8, (s, d, _a, view, at) => {
    for (let n = 0; n < 2; n += 1) {
      const low = view.getInt32(at + 4 * n, true);
      s.i32[d + 2 * n] = low;
      s.i32[d + 2 * n + 1] = signed ? low >> 31 : 0;
    }
  });
}
load("v128.load8_splat", 1, (s, d, _a, view, at) => s.u8.fill(view.getUint8(at), d * 4, d * 4 + 16));
load("v128.load16_splat", 2, (s, d, _a, view, at) => s.u16.fill(view.getUint16(at, true), d * 2, d * 2 + 8));
load("v128.load32_splat", 4, (s, d, _a, view, at) => s.i32.fill(view.getInt32(at, true), d, d + 4));
load("v128.load64_splat", 8, (s, d, _a, view, at) => s.i64.fill(view.getBigInt64(at, true), d >> 1, (d >> 1) + 2));
load("v128.load32_zero", 4, (s, d, _a, view, at) => {
  s.i32[d] = view.getInt32(at, true);
  s.i32.fill(0, d + 1, d + 4);
});
load("v128.load64_zero", 8, (s, d, _a, view, at) => {
  s.i64[d >> 1] = view.getBigInt64(at, true);
  s.i64[(d >> 1) + 1] = 0n;
});

stores.set(opcode("v128.store"), {
  bytes: 16,
  store: (s, a, view, at) => {
    for (let n = 0; n < 4; n += 1) view.setInt32(at + 4 * n, s.i32[a + n] as number, true);
  },
});

for (const bytes of [1, 2, 4, 8] as const) {
  load(`v128.load${bytes * 8}_lane`, bytes, (s, d, a, view, at, lane) => {
    s.i32.copyWithin(d, a, a + 4);
    const to = d * 4 + lane * bytes;
    for (let n = 0; n < bytes; n += 1) s.u8[to + n] = view.getUint8(at + n);
  });
  stores.set(opcode(`v128.store${bytes * 8}_lane`), {
    bytes,
    store: (s, a, view, at, lane) => {
      const from = a * 4 + lane * bytes;
      for (let n = 0; n < bytes; n += 1) view.setUint8(at + n, s.u8[from + n] as number);
    },
  });
}
