/**
 * What lowering must know of the instance that a body belongs to: indices of the module become numbers of the store
 * (functions, tables, memories, tags, segments), positions of globals, and canonical type ids.
 */
import type { ValType } from "../module/val-type.ts";

export interface Signature {
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
}

export interface Linkage {
  readonly bytes: Uint8Array;
  /** Signature of a type index that is a function type. */
  signature(typeIndex: number): Signature;
  /** Canonical id of a type index. */
  typeId(typeIndex: number): number;
  /** A value type with canonical ids in place of type indices. */
  canonical(type: ValType): ValType;
  /** Fields of a struct type index, or the one field of an array type index. */
  fields(typeIndex: number): readonly { readonly type: ValType }[];
  functionId(index: number): number;
  functionSignature(index: number): Signature;
  /** Defined in this module: no change of instance at a call. */
  isOwn(index: number): boolean;
  globalCell(index: number): number;
  globalType(index: number): ValType;
  memoryId(index: number): number;
  memoryAddress(index: number): "i32" | "i64";
  tableId(index: number): number;
  tableAddress(index: number): "i32" | "i64";
  tableElement(index: number): ValType;
  tagId(index: number): number;
  tagSignature(index: number): Signature;
  dataId(index: number): number;
  elementId(index: number): number;
  /** Position of a constant of two (or four) words in the machine's constant area, or -1 when it is full. */
  constant(words: readonly number[]): number;
}
