/** Types: sections 5.3 and 5.5.4 of the core specification. Indices are checked by the Validator. */
import { ENGINE_LIMITS } from "../limits.ts";
import type {
  CompositeType,
  FieldType,
  GlobalType,
  Limits,
  MemoryType,
  RecGroup,
  SubType,
  TableType,
} from "../module/module.ts";
import {
  concrete,
  F32,
  F64,
  HEAP_BYTES,
  type HeapType,
  I8,
  I16,
  I32,
  I64,
  refType,
  V128,
  type ValType,
} from "../module/val-type.ts";
import type { Reader } from "./reader.ts";

const NUMBERS: Readonly<Record<number, ValType>> = { 127: I32, 126: I64, 125: F32, 124: F64, 123: V128 };
const REF_NULL = 0x63;
const REF = 0x64;
/** Type indices above this cannot be real, and they would not fit a value type. */
const TYPE_INDEX_MAX = 1_000_000;

export function readHeapType(reader: Reader): HeapType {
  const at = reader.at;
  const value = reader.s33();
  if (value >= 0) {
    if (value > TYPE_INDEX_MAX) throw reader.unsupported(`type index ${value}`, at);
    return concrete(value);
  }
  const heap = value >= -64 ? HEAP_BYTES[value & 127] : undefined;
  if (heap === undefined || reader.at !== at + 1) throw reader.refuse("malformed heap type", at);
  return heap;
}

export function readValType(reader: Reader): ValType {
  const at = reader.at;
  const byte = reader.peek();
  const number = NUMBERS[byte];
  if (number !== undefined) {
    reader.at += 1;
    return number;
  }
  const type = readReference(reader);
  if (type === undefined) throw reader.refuse("malformed value type", at);
  return type;
}

export function readRefType(reader: Reader): ValType {
  const at = reader.at;
  const type = readReference(reader);
  if (type === undefined) throw reader.refuse("malformed reference type", at);
  return type;
}

function readReference(reader: Reader): ValType | undefined {
  const byte = reader.byte();
  if (byte === REF || byte === REF_NULL) return refType(readHeapType(reader), byte === REF_NULL);
  const heap = HEAP_BYTES[byte];
  return heap === undefined ? undefined : refType(heap, true);
}

/** `count` entries; all empty lists are one. */
function list<T>(count: number, read: () => T): readonly T[] {
  if (count === 0) return NONE;
  const out: T[] = [];
  for (let left = count; left > 0; left -= 1) out.push(read());
  return out;
}
const NONE: readonly never[] = [];

const readResultType = (reader: Reader): readonly ValType[] =>
  list(reader.entries(ENGINE_LIMITS.typeArity), () => readValType(reader));

function readMutability(reader: Reader): boolean {
  const byte = reader.byte();
  if (byte > 1) throw reader.refuse("malformed mutability", reader.at - 1);
  return byte === 1;
}

function readField(reader: Reader): FieldType {
  const byte = reader.peek();
  if (byte === 0x78 || byte === 0x77) {
    reader.at += 1;
    return { type: byte === 0x78 ? I8 : I16, mutable: readMutability(reader) };
  }
  const type = readValType(reader);
  return { type, mutable: readMutability(reader) };
}

function readComposite(reader: Reader): CompositeType {
  const at = reader.at;
  switch (reader.byte()) {
    case 0x60:
      return { kind: "func", params: readResultType(reader), results: readResultType(reader) };
    case 0x5f:
      return { kind: "struct", fields: list(reader.entries(ENGINE_LIMITS.structFields), () => readField(reader)) };
    case 0x5e:
      return { kind: "array", field: readField(reader) };
    default:
      throw reader.refuse("malformed definition type", at);
  }
}

function readSubType(reader: Reader): SubType {
  const byte = reader.peek();
  if (byte !== 0x50 && byte !== 0x4f) return { final: true, supers: NONE, composite: readComposite(reader) };
  reader.at += 1;
  const supers = list(reader.entries(), () => reader.u32());
  return { final: byte === 0x4f, supers, composite: readComposite(reader) };
}

/** The type section's entries: recursion groups, each of one type unless written as `rec`. */
export function readTypes(reader: Reader): { types: readonly SubType[]; groups: readonly RecGroup[] } {
  const types: SubType[] = [];
  const groups: RecGroup[] = [];
  for (let left = reader.entries(); left > 0; left -= 1) {
    const at = reader.at;
    const start = types.length;
    if (reader.peek() === 0x4e) {
      reader.at += 1;
      for (let members = reader.entries(); members > 0; members -= 1) types.push(readSubType(reader));
    } else types.push(readSubType(reader));
    if (types.length > ENGINE_LIMITS.sectionEntries) throw reader.unsupported(`${types.length} types`, at);
    groups.push({ start, count: types.length - start, at });
  }
  return { types, groups };
}

/** Section 5.3.12: bit 0 a maximum, bit 1 shared, bit 2 64-bit, bit 3 a page size. */
function readLimits(reader: Reader, allowed: number): { limits: Limits; flags: number } {
  const at = reader.at;
  const flags = reader.byte();
  if ((flags & ~allowed) !== 0 || flags > 15) throw reader.refuse("malformed limits flags", at);
  const wide = (flags & 4) !== 0;
  const bound = () => (wide ? reader.u64() : BigInt(reader.u32()));
  const min = bound();
  const max = (flags & 1) !== 0 ? bound() : undefined;
  return { limits: { min, max, address: wide ? "i64" : "i32" }, flags };
}

export function readTableType(reader: Reader): TableType {
  const element = readRefType(reader);
  return { element, limits: readLimits(reader, 5).limits };
}

export function readMemoryType(reader: Reader): MemoryType {
  const { limits, flags } = readLimits(reader, 15);
  const shared = (flags & 2) !== 0;
  if ((flags & 8) === 0) return { limits, shared, pageSizeLog2: 16 };
  const at = reader.at;
  const pageSizeLog2 = reader.u32();
  if (pageSizeLog2 > 64) throw reader.refuse("malformed custom page size", at);
  return { limits, shared, pageSizeLog2, pageSizeStated: true };
}

export function readGlobalType(reader: Reader): GlobalType {
  const type = readValType(reader);
  return { type, mutable: readMutability(reader) };
}
