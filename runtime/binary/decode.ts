/**
 * The Loader's main line: bytes → `Module` (core specification, section 5.5.17). Sections come once and in order; custom
 * sections anywhere. What it returns is well-formed to the last byte, so that later readers go without checks.
 */
import { loadFault } from "../faults.ts";
import type { Fault } from "../kernel/fault.ts";
import { attemptSync, type Result } from "../kernel/result.ts";
import { ENGINE_LIMITS } from "../limits.ts";
import type { CustomSection, Module } from "../module/module.ts";
import type { CodeFacts } from "./instructions.ts";
import { Reader } from "./reader.ts";
import {
  readExports,
  readFunctions,
  readGlobals,
  readImports,
  readMemories,
  readTables,
  readTags,
} from "./sections.ts";
import { readCode, readDatas, readElements } from "./segments.ts";
import { readTypes } from "./types.ts";

const MAGIC = [0, 0x61, 0x73, 0x6d] as const;
const VERSION = [1, 0, 0, 0] as const;

/** Section ids in the order in which they may come. Section 5.5.2. */
const ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11] as const;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Decodes a core module. LOAD_MALFORMED with the offset; LOAD_TOO_LARGE, LOAD_UNSUPPORTED for our own bounds. */
export function decodeModule(bytes: Uint8Array): Result<Module, Fault> {
  return attemptSync(() => {
    const size = bytes.byteLength;
    if (size > ENGINE_LIMITS.moduleBytes) throw loadFault("LOAD_TOO_LARGE", { size, max: ENGINE_LIMITS.moduleBytes });
    const reader = new Reader(bytes);
    header(reader, MAGIC, "magic header not detected");
    header(reader, VERSION, "unknown binary version");
    const module = emptyModule(bytes);
    const customs: CustomSection[] = [];
    const facts: CodeFacts = { needsDataCount: -1 };
    let position = -1;
    let last = 0;
    while (!reader.done) {
      const at = reader.at;
      const id = reader.byte();
      const next = ORDER.indexOf(id as (typeof ORDER)[number]);
      if (id !== 0 && next === -1) throw reader.refuse("malformed section id", at);
      if (reader.done) throw reader.refuse("unexpected end of section or function");
      const body = reader.slice(reader.u32());
      if (id === 0) {
        reader.keep(1, at);
        customs.push(readCustom(body, last));
        continue;
      }
      if (next <= position) {
        throw reader.refuse("unexpected content after last section: a section twice or out of order", at);
      }
      position = next;
      last = id;
      readSection(id, body, module, facts);
      if (!body.done) throw body.refuse("section size mismatch");
    }
    finish(module, facts, reader);
    return { ...module, customs };
  });
}

function header(reader: Reader, expected: readonly number[], reason: string): void {
  const at = reader.at;
  for (const one of expected) {
    if (reader.done)
      throw reader.refuse(at === 0 || reader.bytes.length < 8 ? `${reason}: unexpected end` : reason, at);
    if (reader.byte() !== one) throw reader.refuse(reason, at);
  }
}

function readCustom(body: Reader, after: number): CustomSection {
  const name = body.name();
  return { name, bytes: { start: body.at, end: body.end }, after };
}

function emptyModule(bytes: Uint8Array): Mutable<Module> {
  return {
    bytes,
    types: [],
    groups: [],
    imports: [],
    functions: new Uint32Array(0),
    tables: [],
    memories: [],
    globals: [],
    tags: [],
    exports: [],
    start: undefined,
    elements: [],
    dataCount: undefined,
    code: [],
    datas: [],
    customs: [],
  };
}

function readSection(id: number, body: Reader, module: Mutable<Module>, facts: CodeFacts): void {
  switch (id) {
    case 1: {
      const { types, groups } = readTypes(body);
      module.types = types;
      module.groups = groups;
      return;
    }
    case 2:
      module.imports = readImports(body);
      return;
    case 3:
      module.functions = readFunctions(body);
      return;
    case 4:
      module.tables = readTables(body, facts);
      return;
    case 5:
      module.memories = readMemories(body);
      return;
    case 6:
      module.globals = readGlobals(body, facts);
      return;
    case 7:
      module.exports = readExports(body);
      return;
    case 8: {
      const at = body.at;
      module.start = { function: body.u32(), at };
      return;
    }
    case 9:
      module.elements = readElements(body, facts);
      return;
    case 10:
      module.code = readCode(body, facts);
      return;
    case 11:
      module.datas = readDatas(body, facts);
      return;
    case 12:
      module.dataCount = body.u32();
      return;
    default:
      module.tags = readTags(body);
  }
}

/** Agreements between sections. Section 5.5.17. */
function finish(module: Module, facts: CodeFacts, reader: Reader): void {
  if (module.functions.length !== module.code.length) {
    throw reader.refuse("function and code section have inconsistent lengths");
  }
  if (module.dataCount !== undefined && module.dataCount !== module.datas.length) {
    throw reader.refuse("data count and data section have inconsistent lengths");
  }
  if (module.dataCount === undefined && facts.needsDataCount !== -1) {
    throw reader.refuse("data count section required", facts.needsDataCount);
  }
}
