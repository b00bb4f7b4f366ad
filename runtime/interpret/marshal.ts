/** Values on their way between the host and the machine's words: frame slots and cells of globals. */
import { isRef, type ValType } from "../module/val-type.ts";
import { wordsOf } from "./emitter.ts";
import type { Machine } from "./machine.ts";
import type { Ref, Value } from "./value.ts";

const scratch = new DataView(new ArrayBuffer(8));

function writeSlot(m: Machine, type: ValType, at: number, value: Value): void {
  if (isRef(type)) {
    if (value.type !== "ref") throw new TypeError(`expected a reference, got ${value.type}`);
    m.refs[at >> 1] = value.value;
    return;
  }
  writeWords(m.i32, at, value);
}

function writeWords(words: Int32Array, at: number, value: Value): void {
  switch (value.type) {
    case "i32":
      words[at] = value.value;
      return;
    case "f32":
      words[at] = value.bits;
      return;
    case "i64":
    case "f64":
      scratch.setBigUint64(0, BigInt.asUintN(64, value.type === "i64" ? value.value : value.bits), true);
      words[at] = scratch.getInt32(0, true);
      words[at + 1] = scratch.getInt32(4, true);
      return;
    case "v128": {
      const view = new DataView(value.bytes.buffer, value.bytes.byteOffset, 16);
      for (let n = 0; n < 4; n += 1) words[at + n] = view.getInt32(n * 4, true);
      return;
    }
    case "ref":
      throw new TypeError("a reference where a number is expected");
  }
}

function readSlot(m: Machine, type: ValType, at: number): Value {
  return isRef(type) ? { type: "ref", value: m.refs[at >> 1] as Ref } : readWords(m.i32, type, at);
}

function readWords(words: Int32Array, type: ValType, at: number): Value {
  const low = words[at] as number;
  if (type === 1) return { type: "i32", value: low };
  if (type === 3) return { type: "f32", bits: low };
  if (type === 5) return { type: "v128", bytes: new Uint8Array(words.slice(at, at + 4).buffer) };
  scratch.setInt32(0, low, true);
  scratch.setInt32(4, words[at + 1] as number, true);
  return type === 2
    ? { type: "i64", value: scratch.getBigInt64(0, true) }
    : { type: "f64", bits: scratch.getBigUint64(0, true) };
}

export function writeValues(m: Machine, types: readonly ValType[], base: number, values: readonly Value[]): void {
  let at = base;
  for (const [n, type] of types.entries()) {
    writeSlot(m, type, at, values[n] as Value);
    at += wordsOf(type);
  }
}

export function readValues(m: Machine, types: readonly ValType[], base: number): readonly Value[] {
  let at = base;
  return types.map((type) => {
    const value = readSlot(m, type, at);
    at += wordsOf(type);
    return value;
  });
}

export function readCell(m: Machine, type: ValType, cell: number): Value {
  return isRef(type) ? { type: "ref", value: m.globalRefs[cell >> 2] as Ref } : readWords(m.globals, type, cell);
}

export function writeCell(m: Machine, type: ValType, cell: number, value: Value): void {
  if (isRef(type)) {
    if (value.type !== "ref") throw new TypeError(`expected a reference, got ${value.type}`);
    m.globalRefs[cell >> 2] = value.value;
  } else writeWords(m.globals, cell, value);
}
