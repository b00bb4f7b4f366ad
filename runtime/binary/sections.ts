/** Imports, functions, tables, memories, globals, tags, exports, start: sections 5.5.5 to 5.5.11 and 5.5.16. */
import type {
  ByteRange,
  Export,
  ExternKind,
  GlobalDefinition,
  Import,
  ImportType,
  MemoryDefinition,
  TableDefinition,
} from "../module/module.ts";
import { type CodeFacts, walkExpression } from "./instructions.ts";
import type { Reader } from "./reader.ts";
import { readGlobalType, readMemoryType, readTableType } from "./types.ts";

const KINDS: readonly ExternKind[] = ["function", "table", "memory", "global", "tag"];

/** A constant expression: passed over, and remembered as a range. */
export function readExpression(reader: Reader, facts: CodeFacts): ByteRange {
  const start = reader.at;
  walkExpression(reader, facts);
  return { start, end: reader.at };
}

export function vector<T>(reader: Reader, read: (at: number) => T): readonly T[] {
  const out: T[] = [];
  for (let left = reader.entries(); left > 0; left -= 1) out.push(read(reader.at));
  return out;
}

function readKind(reader: Reader, what: string): ExternKind {
  const at = reader.at;
  const kind = KINDS[reader.byte()];
  if (kind === undefined) throw reader.refuse(`malformed ${what} kind`, at);
  return kind;
}

export function readImports(reader: Reader): readonly Import[] {
  return vector(reader, (at) => {
    const module = reader.name();
    const name = reader.name();
    return { module, name, desc: readImportType(reader), at };
  });
}

function readImportType(reader: Reader): ImportType {
  const kind = readKind(reader, "import");
  switch (kind) {
    case "function":
      return { kind, type: reader.u32() };
    case "table":
      return { kind, type: readTableType(reader) };
    case "memory":
      return { kind, type: readMemoryType(reader) };
    case "global":
      return { kind, type: readGlobalType(reader) };
    case "tag":
      return { kind, type: readTagType(reader) };
  }
}

function readTagType(reader: Reader): number {
  if (reader.byte() !== 0) throw reader.refuse("malformed tag attribute", reader.at - 1);
  return reader.u32();
}

const NO_FUNCTIONS = new Uint32Array(0);

export function readFunctions(reader: Reader): Uint32Array {
  const length = reader.count();
  if (length === 0) return NO_FUNCTIONS;
  const out = new Uint32Array(length);
  for (let n = 0; n < out.length; n += 1) out[n] = reader.u32();
  return out;
}

export function readTables(reader: Reader, facts: CodeFacts): readonly TableDefinition[] {
  return vector(reader, (at) => {
    if (reader.peek() !== 0x40) return { type: readTableType(reader), init: undefined, at };
    reader.at += 1;
    if (reader.byte() !== 0) throw reader.refuse("malformed table", reader.at - 1);
    const type = readTableType(reader);
    return { type, init: readExpression(reader, facts), at };
  });
}

export const readMemories = (reader: Reader): readonly MemoryDefinition[] =>
  vector(reader, (at) => ({ type: readMemoryType(reader), at }));

export const readGlobals = (reader: Reader, facts: CodeFacts): readonly GlobalDefinition[] =>
  vector(reader, (at) => {
    const type = readGlobalType(reader);
    return { type, init: readExpression(reader, facts), at };
  });

export const readTags = (reader: Reader) => vector(reader, (at) => ({ type: readTagType(reader), at }));

export const readExports = (reader: Reader): readonly Export[] =>
  vector(reader, (at) => {
    const name = reader.name();
    const kind = readKind(reader, "export");
    return { name, kind, index: reader.u32(), at };
  });
