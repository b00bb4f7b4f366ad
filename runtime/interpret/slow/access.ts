/** How slow handlers read their operands: words after the opcode, slots of the frame, addresses of either width. */
import type { MemoryInstance, TableInstance } from "../instances.ts";
import type { Machine } from "../machine.ts";
import type { Ref } from "../value.ts";

const TWO32 = 4294967296;

export const word = (m: Machine, pc: number, n: number): number => m.code[pc + n] as number;

/** The i32 in the slot that operand `n` names. */
export const int = (m: Machine, pc: number, fp: number, n: number): number =>
  m.i32[fp + (m.code[pc + n] as number)] as number;

export const setInt = (m: Machine, pc: number, fp: number, n: number, value: number): void => {
  m.i32[fp + (m.code[pc + n] as number)] = value;
};

/** An unsigned i32 or i64 operand as a number; above 2^53 it is rounded, and out of every bound anyway. */
export function unsigned(m: Machine, pc: number, fp: number, n: number, wide: boolean): number {
  const at = fp + (m.code[pc + n] as number);
  const low = (m.i32[at] as number) >>> 0;
  return wide ? ((m.i32[at + 1] as number) >>> 0) * TWO32 + low : low;
}

/** Writes a count as an i32 or i64; -1 is -1 in either. */
export function setCount(m: Machine, pc: number, fp: number, n: number, value: number, wide: boolean): void {
  const at = fp + (m.code[pc + n] as number);
  m.i32[at] = value | 0;
  if (wide) m.i32[at + 1] = value < 0 ? -1 : Math.floor(value / TWO32);
}

export const ref = (m: Machine, pc: number, fp: number, n: number): Ref =>
  m.refs[(fp + (m.code[pc + n] as number)) >> 1] as Ref;

export const setRef = (m: Machine, pc: number, fp: number, n: number, value: Ref): void => {
  m.refs[(fp + (m.code[pc + n] as number)) >> 1] = value;
};

export const memoryAt = (m: Machine, pc: number, n: number): MemoryInstance =>
  m.memories[m.code[pc + n] as number] as MemoryInstance;

export const tableAt = (m: Machine, pc: number, n: number): TableInstance =>
  m.tables[m.code[pc + n] as number] as TableInstance;

/** The static offset of an access, from its two words. */
export const staticOffset = (m: Machine, pc: number, n: number): number =>
  (word(m, pc, n) >>> 0) + (word(m, pc, n + 1) >>> 0) * TWO32;

/** Bulk instructions pay for their length: one unit for every 64 bytes or 8 references. */
export function pay(m: Machine, units: number): void {
  m.fuel -= Math.floor(units);
  m.changed = true;
}
