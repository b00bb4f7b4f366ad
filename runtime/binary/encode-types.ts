/** Writes types: the counterpart of types.ts, sections 5.3 and 5.5.4, each in its shortest form. */
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
  HEAP_BYTES,
  type HeapType,
  heapOf,
  I8,
  I16,
  isConcrete,
  isNullable,
  isRef,
  typeIndexOf,
  type ValType,
} from "../module/val-type.ts";
import type { ByteWriter } from "./writer.ts";

/** The byte of each abstract heap type. */
const heapBytes = new Map(Object.entries(HEAP_BYTES).map(([byte, heap]) => [heap, Number(byte)]));

export function writeHeapType(writer: ByteWriter, heap: HeapType): void {
  if (isConcrete(heap)) writer.s33(typeIndexOf(heap));
  else writer.byte(heapBytes.get(heap) as number);
}

export function writeValType(writer: ByteWriter, type: ValType): void {
  if (!isRef(type)) {
    writer.byte(type === I8 ? 0x78 : type === I16 ? 0x77 : 0x80 - type);
    return;
  }
  // A nullable abstract reference is written as its heap type alone.
  if (!isNullable(type)) writer.byte(0x64);
  else if (isConcrete(heapOf(type))) writer.byte(0x63);
  writeHeapType(writer, heapOf(type));
}

function writeField(writer: ByteWriter, { type, mutable }: FieldType): void {
  writeValType(writer, type);
  writer.byte(mutable ? 1 : 0);
}

function writeComposite(writer: ByteWriter, type: CompositeType): void {
  if (type.kind === "func") {
    writer.byte(0x60);
    writer.vector(type.params, (one) => writeValType(writer, one));
    writer.vector(type.results, (one) => writeValType(writer, one));
  } else if (type.kind === "struct") {
    writer.byte(0x5f);
    writer.vector(type.fields, (one) => writeField(writer, one));
  } else {
    writer.byte(0x5e);
    writeField(writer, type.field);
  }
}

function writeSubType(writer: ByteWriter, { final, supers, composite }: SubType): void {
  if (!final || supers.length > 0) {
    writer.byte(final ? 0x4f : 0x50);
    writer.vector(supers, (one) => writer.u32(one));
  }
  writeComposite(writer, composite);
}

export function writeTypes(
  writer: ByteWriter,
  types: readonly SubType[],
  groups: readonly Pick<RecGroup, "start" | "count">[],
): void {
  writer.vector(groups, ({ start, count }) => {
    if (count !== 1) {
      writer.byte(0x4e);
      writer.u32(count);
    }
    for (const one of types.slice(start, start + count)) writeSubType(writer, one);
  });
}

function writeLimits(writer: ByteWriter, { min, max, address }: Limits, flags: number): void {
  writer.byte(flags | (max === undefined ? 0 : 1) | (address === "i64" ? 4 : 0));
  writer.u64(min);
  if (max !== undefined) writer.u64(max);
}

export function writeTableType(writer: ByteWriter, { element, limits }: TableType): void {
  writeValType(writer, element);
  writeLimits(writer, limits, 0);
}

export function writeMemoryType(
  writer: ByteWriter,
  { limits, shared, pageSizeLog2, pageSizeStated }: MemoryType,
): void {
  const custom = pageSizeStated === true || pageSizeLog2 !== 16;
  writeLimits(writer, limits, (shared ? 2 : 0) | (custom ? 8 : 0));
  if (custom) writer.u32(pageSizeLog2);
}

export function writeGlobalType(writer: ByteWriter, { type, mutable }: GlobalType): void {
  writeValType(writer, type);
  writer.byte(mutable ? 1 : 0);
}
