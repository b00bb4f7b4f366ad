/** Sizes of array elements, for what bulk operations cost. */
import type { Module } from "../module/module.ts";
import { F32, F64, I8, I16, I32, I64, V128 } from "../module/val-type.ts";

const LOG2 = new Map([
  [I8, 0],
  [I16, 1],
  [I32, 2],
  [F32, 2],
  [I64, 3],
  [F64, 3],
  [V128, 4],
]);

/** log2 of the bytes of one element of an array type; references count as 8 bytes. */
export function elementLog2Of(module: Module, type: number): number {
  const composite = module.types[type]?.composite;
  return composite?.kind === "array" ? (LOG2.get(composite.field.type) ?? 3) : 3;
}
