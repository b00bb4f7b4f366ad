/**
 * Where a module keeps its DWARF: the custom sections by name, and where the code section's contents begin, because
 * DWARF for WebAssembly counts addresses from there. Offsets in DWARF are from the beginning of the section they name.
 */
import type { Module } from "../../module/module.ts";
import { Cursor } from "./cursor.ts";

const NAMES = [
  "line",
  "info",
  "abbrev",
  "str",
  "line_str",
  "addr",
  "str_offsets",
  "ranges",
  "rnglists",
  "loc",
  "loclists",
] as const;
export type SectionName = (typeof NAMES)[number];

export interface Sections {
  readonly bytes: Uint8Array;
  /** Module offset of DWARF's address 0, and the first address behind the code. */
  readonly codeStart: number;
  readonly codeSize: number;
  readonly ranges: ReadonlyMap<SectionName, { readonly start: number; readonly end: number }>;
}

/** The module's DWARF, or undefined when it has no line table. */
export function findSections(module: Module): Sections | undefined {
  const ranges = new Map<SectionName, { start: number; end: number }>();
  for (const custom of module.customs) {
    const name = NAMES.find((one) => custom.name === `.debug_${one}`);
    if (name !== undefined && !ranges.has(name)) ranges.set(name, custom.bytes);
  }
  const code = findCode(module.bytes);
  if (!ranges.has("line") || code === undefined) return undefined;
  return { bytes: module.bytes, codeStart: code.start, codeSize: code.end - code.start, ranges };
}

function findCode(bytes: Uint8Array): { start: number; end: number } | undefined {
  const cursor = new Cursor(bytes, 8, bytes.length);
  while (!cursor.done && !cursor.broken) {
    const id = cursor.u8();
    const size = cursor.uleb();
    if (id === 10) return { start: cursor.at, end: cursor.at + size };
    cursor.skip(size);
  }
  return undefined;
}

/** A reader of a section from `offset`; broken when the section or the offset is missing. */
export function openSection(sections: Sections, name: SectionName, offset = 0): Cursor {
  const range = sections.ranges.get(name);
  if (range === undefined || !(offset >= 0 && offset <= range.end - range.start)) {
    const nothing = new Cursor(sections.bytes, 0, 0);
    nothing.fail();
    return nothing;
  }
  return new Cursor(sections.bytes, range.start + offset, range.end);
}

/** The text at an offset of a string section; empty when there is none. */
export function textAt(sections: Sections, name: "str" | "line_str", offset: number): string {
  return openSection(sections, name, offset).text();
}
