/**
 * Values made and looked at by code in the module itself: arguments out of a seed, results as bits. A reference is seen
 * as the kind of what it refers to, an i31 with its number.
 */
import { writeHeapType } from "../../../runtime/binary/encode-types.ts";
import type { Module } from "../../../runtime/module/module.ts";
import {
  concrete,
  F32,
  F64,
  HEAP,
  heapOf,
  I32,
  I64,
  isConcrete,
  isDefaultable,
  isNullable,
  isRef,
  typeIndexOf,
  V128,
  type ValType,
} from "../../../runtime/module/val-type.ts";
import { hierarchyOf } from "../../conformance/wasm/v8-bridge.ts";
import type { Random } from "../random.ts";
import type { Writer } from "./write.ts";

/** Bytes of one value. */
export const SLOT = 16;

const KIND = { null: 1, i31: 2, struct: 3, array: 4, other: 5 } as const;
const STORES = new Map([
  [I32, "i32.store"],
  [I64, "i64.store"],
  [F32, "f32.store"],
  [F64, "f64.store"],
  [V128, "v128.store"],
]);

/** Stores what is in a local, or what `get` pushes, at an offset from `address`. */
export function storeValue(
  out: Writer,
  memory: number,
  at: number,
  type: ValType,
  module: Module,
  from: number | (() => void),
  address: () => void = () => out.i32(0),
): void {
  const get = typeof from === "number" ? () => out.op("local.get", from) : from;
  address();
  if (!isRef(type)) {
    get();
    out.access(STORES.get(type) ?? "", memory, at);
    return;
  }
  kindOf(out, type, module, get);
  out.access("i32.store", memory, at);
  if (hierarchyOf(type, module) !== "any") return;
  address();
  test(out, HEAP.i31, get);
  out.op("if").byte(0x7f);
  get();
  out.op("ref.cast");
  writeHeapType(out, HEAP.i31);
  out.op("i31.get_s").op("else").i32(0).op("end");
  out.access("i32.store", memory, at + 4);
}

function kindOf(out: Writer, type: ValType, module: Module, get: () => void): void {
  get();
  out.op("ref.is_null").op("if").byte(0x7f);
  out.i32(KIND.null).op("else");
  if (hierarchyOf(type, module) === "any") {
    test(out, HEAP.i31, get);
    out.op("if").byte(0x7f);
    out.i32(KIND.i31).op("else");
    test(out, HEAP.struct, get);
    out.op("if").byte(0x7f);
    out.i32(KIND.struct).op("else");
    test(out, HEAP.array, get);
    out.op("if").byte(0x7f);
    out.i32(KIND.array).op("else").i32(KIND.other).op("end").op("end").op("end");
  } else out.i32(KIND.other);
  out.op("end");
}

function test(out: Writer, heap: number, get: () => void): void {
  get();
  out.op("ref.test");
  writeHeapType(out, heap);
}

/** Zero or null. */
export function writeNull(out: Writer, type: ValType): Writer {
  if (type === I32) return out.i32(0);
  if (type === I64) return out.i64(0n);
  if (type === F32 || type === F64 || type === V128) {
    out.op(type === F32 ? "f32.const" : type === F64 ? "f64.const" : "v128.const");
    out.raw(new Uint8Array(type === F32 ? 4 : type === F64 ? 8 : 16));
    return out;
  }
  out.op("ref.null");
  writeHeapType(out, heapOf(type));
  return out;
}

const WORDS = [0, 1, 2, 3, 5, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 255, 256, 1000, 32_767, 65_535, 65_536];
const EDGES = [-1, -2, -128, -32_768, 0x4000, 0x7f, 0x7fff, 0x7fffffff, -0x80000000, -0x7fffffff, 0x55555555];
const FLOATS = [
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  -2.5,
  3e9,
  -3e9,
  1e-40,
  1e300,
  Infinity,
  -Infinity,
  Number.NaN,
  2 ** 31,
  2 ** 63,
];

export function word(random: Random): number {
  if (random.chance(0.15)) return random.u32() | 0;
  return random.chance(0.2) ? random.pick(EDGES) : random.pick(WORDS);
}

/** A constant of a number's or vector's type. */
export function constant(out: Writer, type: ValType, random: Random): Writer {
  if (type === I32) return out.i32(word(random));
  if (type === I64) {
    const high = random.chance(0.3) ? random.u64() : random.chance(0.1) ? 1n << 63n : 0n;
    return out.i64(BigInt(word(random)) ^ high);
  }
  if (type === V128) {
    out.op("v128.const");
    const view = new DataView(new ArrayBuffer(16));
    const kind = random.below(6);
    for (let n = 0; n < 16 && kind === 4; n += 1) view.setInt8(n, word(random));
    for (let n = 0; n < 8 && kind === 5; n += 1) view.setInt16(n * 2, word(random), true);
    for (let n = 0; n < 16; n += 1) view.setUint8(n, kind === 0 ? random.below(256) : 0);
    for (let n = 0; n < 4 && kind === 1; n += 1) view.setInt32(n * 4, word(random), true);
    for (let n = 0; n < 4 && kind === 2; n += 1) view.setFloat32(n * 4, random.pick(FLOATS), true);
    for (let n = 0; n < 2 && kind === 3; n += 1) view.setFloat64(n * 8, random.pick(FLOATS), true);
    out.raw(new Uint8Array(view.buffer));
    return out;
  }
  const wide = type === F64;
  out.op(wide ? "f64.const" : "f32.const");
  const view = new DataView(new ArrayBuffer(wide ? 8 : 4));
  const value = random.chance(0.3) ? word(random) + random.below(4) / 4 : random.pick(FLOATS);
  if (wide) view.setFloat64(0, value, true);
  else view.setFloat32(0, value, true);
  out.raw(new Uint8Array(view.buffer));
  return out;
}

interface Surroundings {
  readonly module: Module;
  /** Type indices of all functions, which are all exported. */
  readonly functions: ArrayLike<number>;
  readonly random: Random;
}

/** Writes a value of the type; false when there is none. */
export function argument(out: Writer, type: ValType, given: Surroundings): boolean {
  const { random, module, functions } = given;
  if (!isRef(type)) {
    constant(out, type, random);
    return true;
  }
  if (isNullable(type) && random.chance(0.3)) {
    writeNull(out, type);
    return true;
  }
  const heap = heapOf(type);
  if (heap === HEAP.extern) {
    i31(out, random).op("extern.convert_any");
    return true;
  }
  if (heap === HEAP.i31 || ((heap === HEAP.any || heap === HEAP.eq) && random.chance(0.5))) {
    i31(out, random);
    return true;
  }
  if (heap === HEAP.func || (isConcrete(heap) && module.types[typeIndexOf(heap)]?.composite.kind === "func")) {
    const fitting = Array.from(functions, (one, n) => (heap === HEAP.func || one === typeIndexOf(heap) ? n : -1));
    const list = fitting.filter((one) => one >= 0);
    if (list.length > 0) {
      out.op("ref.func", random.pick(list));
      return true;
    }
  }
  const made = module.types.flatMap(({ composite }, n) => {
    const kind = composite.kind === "struct" ? HEAP.struct : composite.kind === "array" ? HEAP.array : -1;
    const wanted = heap === concrete(n) || (kind !== -1 && (heap === kind || heap === HEAP.any || heap === HEAP.eq));
    return wanted && kind !== -1 ? [n] : [];
  });
  for (const n of made.slice(0, 8)) {
    const composite = module.types[n]?.composite;
    const fields =
      composite?.kind === "struct" ? composite.fields : composite?.kind === "array" ? [composite.field] : [];
    if (!fields.every((one) => !isRef(one.type) || isDefaultable(one.type))) continue;
    if (composite?.kind === "struct") out.op("struct.new_default", n);
    else out.i32(random.below(9)).op("array.new_default", n);
    return true;
  }
  if (!isNullable(type)) return false;
  writeNull(out, type);
  return true;
}

const i31 = (out: Writer, random: Random): Writer => out.i32(word(random)).op("ref.i31");
