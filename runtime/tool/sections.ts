/** The sections of a module as they lie in the file: where, how large, how many entries (core specification, 5.5.2). */
import { Reader } from "../binary/reader.ts";
import type { Module } from "../module/module.ts";

export interface Section {
  readonly id: number;
  /** `code`, `data` …; of a custom section `custom`. */
  readonly kind: string;
  /** Of a custom section. */
  readonly name?: string;
  /** Offset of the id byte. */
  readonly at: number;
  /** Bytes with id and length. */
  readonly size: number;
  /** Of sections that are vectors. */
  readonly entries?: number;
}

const KINDS = [
  "custom",
  "type",
  "import",
  "function",
  "table",
  "memory",
  "global",
  "export",
  "start",
  "element",
  "code",
  "data",
  "data count",
  "tag",
] as const;

const HEADER_BYTES = 8;

/** Of a module that the Loader has passed. */
export function readSections({ bytes }: Pick<Module, "bytes">): readonly Section[] {
  const out: Section[] = [];
  const reader = new Reader(bytes, HEADER_BYTES);
  while (!reader.done) {
    const at = reader.at;
    const id = reader.byte();
    const body = reader.slice(reader.u32());
    const kind = KINDS[id] ?? `section ${id}`;
    const size = reader.at - at;
    if (id === 0) out.push({ id, kind, name: body.name(), at, size });
    else if (kind === "start" || kind === "data count") out.push({ id, kind, at, size });
    else out.push({ id, kind, at, size, entries: body.u32() });
  }
  return out;
}
