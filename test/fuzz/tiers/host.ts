/**
 * The one function that programs may import, as each engine wants it: it writes down what it was called with, which is
 * part of what tiers are compared by, and answers with something else.
 */
import { I32, I64 } from "../../../runtime/module/val-type.ts";

export const HOST = "host";
export const NOTE = { params: [I32, I64], results: [I32] } as const;

export type Notes = string[];
const NOTES_MAX = 10_000;

export function note(notes: Notes, a: number, b: bigint): number {
  if (notes.length < NOTES_MAX) notes.push(`${a} ${b}`);
  return (a ^ Number(BigInt.asIntN(32, b >> 3n)) ^ notes.length) | 0;
}
