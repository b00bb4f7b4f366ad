/**
 * Value types as one small integer each, so that validator and interpreter compare and stack them without objects.
 * Numbers and vectors are 1 to 5; a reference carries its nullability and its heap type in bits. Concrete heap types
 * hold a type index: the module's own in a decoded `Module`, the registry's canonical one after validation.
 */

/** A value type, a packed storage type, or BOTTOM. Section 2.3 of the core specification. */
export type ValType = number;
/** An abstract heap type's number (0..31), or 32 + type index. */
export type HeapType = number;

/** Matches every value type: what an unreachable stack yields (section 3.3, appendix "Validation Algorithm"). */
export const BOTTOM = 0;
export const I32 = 1;
export const I64 = 2;
export const F32 = 3;
export const F64 = 4;
export const V128 = 5;
/** Storage types of fields only. */
export const I8 = 6;
export const I16 = 7;

/** Abstract heap types (section 2.3.3), with the byte of the binary format (as signed 7-bit: 0x70 is func). */
export const HEAP = {
  func: 0,
  extern: 1,
  any: 2,
  eq: 3,
  i31: 4,
  struct: 5,
  array: 6,
  exn: 7,
  none: 8,
  noextern: 9,
  nofunc: 10,
  noexn: 11,
} as const;

export const HEAP_NAMES: readonly string[] = Object.keys(HEAP);

/** The binary format's byte of an abstract heap type, and back. */
export const HEAP_BYTES: Readonly<Record<number, HeapType>> = {
  112: HEAP.func,
  111: HEAP.extern,
  110: HEAP.any,
  109: HEAP.eq,
  108: HEAP.i31,
  107: HEAP.struct,
  106: HEAP.array,
  105: HEAP.exn,
  113: HEAP.none,
  114: HEAP.noextern,
  115: HEAP.nofunc,
  116: HEAP.noexn,
};

const REF_BIT = 0x20;
const NULL_BIT = 0x10;
const CONCRETE = 32;

export const concrete = (typeIndex: number): HeapType => CONCRETE + typeIndex;
export const isConcrete = (heap: HeapType): boolean => heap >= CONCRETE;
export const typeIndexOf = (heap: HeapType): number => heap - CONCRETE;

export const refType = (heap: HeapType, nullable: boolean): ValType =>
  (heap << 6) | REF_BIT | (nullable ? NULL_BIT : 0);
export const isRef = (type: ValType): boolean => (type & REF_BIT) !== 0;
export const isNullable = (type: ValType): boolean => (type & NULL_BIT) !== 0;
export const heapOf = (type: ValType): HeapType => type >>> 6;
export const asNonNull = (type: ValType): ValType => type & ~NULL_BIT;
export const asNullable = (type: ValType): ValType => type | NULL_BIT;
/** A type that has a default value: numbers, vectors and nullable references (section 3.2). */
export const isDefaultable = (type: ValType): boolean => !isRef(type) || isNullable(type);

export const FUNCREF = refType(HEAP.func, true);
export const EXTERNREF = refType(HEAP.extern, true);
export const ANYREF = refType(HEAP.any, true);
export const EQREF = refType(HEAP.eq, true);
export const I31REF = refType(HEAP.i31, true);
export const EXNREF = refType(HEAP.exn, true);

const NAMES = ["bottom", "i32", "i64", "f32", "f64", "v128", "i8", "i16"] as const;

/** The text format's name, e.g. `i32`, `funcref`, `(ref null 3)`. */
export function typeName(type: ValType): string {
  if (!isRef(type)) return NAMES[type] ?? `type ${type}`;
  const heap = heapOf(type);
  if (isConcrete(heap)) return `(ref ${isNullable(type) ? "null " : ""}${typeIndexOf(heap)})`;
  const name = HEAP_NAMES[heap] ?? `heap ${heap}`;
  if (!isNullable(type)) return `(ref ${name})`;
  const shorthand: Readonly<Record<string, string>> = {
    none: "nullref",
    noextern: "nullexternref",
    nofunc: "nullfuncref",
    noexn: "nullexnref",
  };
  return shorthand[name] ?? `${name}ref`;
}
