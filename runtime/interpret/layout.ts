/**
 * How structures and arrays lie in memory: numeric fields as words (two each, four for a vector), references apart; packed
 * and 32-bit array elements in typed arrays of their width. Also what an object counts for in the heap's budget.
 */

import type { CompositeType, FieldType } from "../module/module.ts";
import { F32, F64, I8, I16, I32, I64, isRef, V128, type ValType } from "../module/val-type.ts";
import { type ArrayElements, type ArrayRef, type Ref, StructRef } from "./value.ts";

/**
 * What objects take on a 64-bit host, measured: an object with its entry in a census; a typed array beside its elements; an
 * array of references.
 */
const OBJECT_BYTES = 96;
const TYPED_ARRAY_BYTES = 264;
const REF_ARRAY_BYTES = 56;

const wordsBytes = (words: number): number => (words === 0 ? 0 : TYPED_ARRAY_BYTES + 4 * words);
const refsBytes = (refs: number): number => (refs === 0 ? 0 : REF_ARRAY_BYTES + 8 * refs);

/** Objects without numbers share these. */
const NO_WORDS = new Int32Array(0);
export const newWords = (words: number): Int32Array => (words === 0 ? NO_WORDS : new Int32Array(words));

export interface FieldLayout {
  readonly type: ValType;
  /** Index into `words` or, for references, into `refs`. */
  readonly at: number;
}

export interface StructLayout {
  readonly fields: readonly FieldLayout[];
  readonly words: number;
  readonly refs: number;
}

const layouts = new WeakMap<readonly FieldType[], StructLayout>();

export function layoutOf(fields: readonly FieldType[]): StructLayout {
  const known = layouts.get(fields);
  if (known !== undefined) return known;
  let words = 0;
  let refs = 0;
  const out: FieldLayout[] = [];
  for (const { type } of fields) {
    if (isRef(type)) {
      out.push({ type, at: refs });
      refs += 1;
    } else {
      out.push({ type, at: words });
      words += type === V128 ? 4 : 2;
    }
  }
  const layout = { fields: out, words, refs };
  layouts.set(fields, layout);
  return layout;
}

export const structBytes = ({ words, refs }: { words: number; refs: number }): number =>
  OBJECT_BYTES + wordsBytes(words) + refsBytes(refs);

/** Bytes of one element in an array. */
export function elementBytes(type: ValType): number {
  switch (type) {
    case I8:
      return 1;
    case I16:
      return 2;
    case I32:
    case F32:
      return 4;
    case I64:
    case F64:
      return 8;
    case V128:
      return 16;
    default:
      return 8;
  }
}

export const arrayBytes = (type: ValType, length: number): number =>
  OBJECT_BYTES + TYPED_ARRAY_BYTES + elementBytes(type) * length;

/** Zeroed elements, or null references. */
export function newElements(type: ValType, length: number): ArrayElements {
  switch (type) {
    case I8:
      return new Int8Array(length);
    case I16:
      return new Int16Array(length);
    case I32:
    case F32:
      return new Int32Array(length);
    case I64:
    case F64:
      return new Int32Array(length * 2);
    case V128:
      return new Int32Array(length * 4);
    default:
      return new Array<Ref>(length).fill(null);
  }
}

/** What a live object counts for. */
export function bytesOf(object: StructRef | ArrayRef, composite: CompositeType): number {
  if (object instanceof StructRef) return structBytes({ words: object.words.length, refs: object.refs.length });
  return composite.kind === "array" ? arrayBytes(composite.field.type, object.length) : OBJECT_BYTES;
}
