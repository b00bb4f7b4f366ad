/**
 * The name section (core specification, appendix "Custom Sections", and the extended names toolchains write beside it).
 * Names are for people and decide nothing, so reading is forgiving: what is malformed is left out and the rest is kept.
 */
import { Reader } from "../binary/reader.ts";
import { attemptSync } from "../kernel/result.ts";
import { ENGINE_LIMITS } from "../limits.ts";
import { importsOf, type Module } from "../module/module.ts";

export type NameMap = ReadonlyMap<number, string>;
export type IndirectNameMap = ReadonlyMap<number, NameMap>;
export type NamedSpace = "function" | "type" | "table" | "memory" | "global" | "element" | "data" | "tag";

export interface ModuleNames {
  readonly module: string | undefined;
  readonly spaces: Readonly<Record<NamedSpace, NameMap>>;
  /** Of each function. */
  readonly locals: IndirectNameMap;
  /** Of each function, in the order of its blocks. */
  readonly labels: IndirectNameMap;
  /** Of each structure type. */
  readonly fields: IndirectNameMap;
  /** Something was malformed or beyond a bound, and was left out. */
  readonly damaged: boolean;
}

const SPACES: Readonly<Record<number, NamedSpace>> = {
  1: "function",
  4: "type",
  5: "table",
  6: "memory",
  7: "global",
  8: "element",
  9: "data",
  11: "tag",
};
const MODULE = 0;
const LOCALS = 2;
const LABELS = 3;
const FIELDS = 10;

/** Entries of one module together. Honest modules have one for each function and a few for its locals. */
const NAMES_MAX = 2_000_000;

export function readNames({ bytes, customs }: Pick<Module, "bytes" | "customs">): ModuleNames {
  const out = new NameReader();
  for (const { name, bytes: range } of customs) {
    if (name === "name") out.section(new Reader(bytes, range.start, range.end));
  }
  return out;
}

class NameReader implements ModuleNames {
  module: string | undefined;
  readonly spaces: Readonly<Record<NamedSpace, Map<number, string>>> = {
    function: new Map(),
    type: new Map(),
    table: new Map(),
    memory: new Map(),
    global: new Map(),
    element: new Map(),
    data: new Map(),
    tag: new Map(),
  };
  readonly locals = new Map<number, Map<number, string>>();
  readonly labels = new Map<number, Map<number, string>>();
  readonly fields = new Map<number, Map<number, string>>();
  damaged = false;
  #left = NAMES_MAX;

  section(reader: Reader): void {
    this.#forgive(() => {
      while (!reader.done) {
        const id = reader.byte();
        const body = reader.slice(reader.u32());
        this.#forgive(() => this.#subsection(id, body));
      }
    });
  }

  #forgive(read: () => void): void {
    if (!attemptSync(read).ok) this.damaged = true;
  }

  #subsection(id: number, body: Reader): void {
    const space = SPACES[id];
    if (space !== undefined) this.#map(body, this.spaces[space]);
    else if (id === MODULE) this.module ??= this.#name(body) || undefined;
    else if (id === LOCALS) this.#indirect(body, this.locals);
    else if (id === LABELS) this.#indirect(body, this.labels);
    else if (id === FIELDS) this.#indirect(body, this.fields);
  }

  #indirect(body: Reader, into: Map<number, Map<number, string>>): void {
    for (let left = body.u32(); left > 0; left -= 1) {
      this.#spend(body);
      const index = body.u32();
      const inner = into.get(index) ?? new Map<number, string>();
      into.set(index, inner);
      this.#map(body, inner);
    }
  }

  /** The first name of an index holds. */
  #map(body: Reader, into: Map<number, string>): void {
    for (let left = body.u32(); left > 0; left -= 1) {
      this.#spend(body);
      const index = body.u32();
      const name = this.#name(body);
      if (name !== "" && !into.has(index)) into.set(index, name);
    }
  }

  #spend(body: Reader): void {
    if (this.#left === 0) throw body.unsupported("more names than are read");
    this.#left -= 1;
  }

  #name(body: Reader): string {
    const length = body.u32();
    const start = body.at;
    body.skip(length);
    if (length <= ENGINE_LIMITS.nameBytes) return lossy(bytesOf(body, start, length));
    this.damaged = true;
    return "";
  }
}

/** What is not UTF-8 becomes replacement characters. */
export function lossy(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** The one name, without reading the others into memory: for backtraces. */
export function functionName({ bytes, customs }: Pick<Module, "bytes" | "customs">, index: number): string | undefined {
  for (const { name, bytes: range } of customs) {
    if (name !== "name") continue;
    const found = attemptSync(() => findName(new Reader(bytes, range.start, range.end), index));
    if (found.ok && found.value !== undefined) return found.value;
  }
  return undefined;
}

function findName(reader: Reader, index: number): string | undefined {
  while (!reader.done) {
    const id = reader.byte();
    const body = reader.slice(reader.u32());
    if (SPACES[id] !== "function") continue;
    for (let left = body.u32(); left > 0; left -= 1) {
      const here = body.u32() === index;
      const length = body.u32();
      const start = body.at;
      body.skip(length);
      if (here && length > 0) return lossy(bytesOf(body, start, Math.min(length, ENGINE_LIMITS.nameBytes)));
    }
  }
  return undefined;
}

const bytesOf = ({ bytes }: Reader, start: number, length: number) => bytes.subarray(start, start + length);

/** What people call a function: its name, else what it is imported or exported as. */
export function functionNames(module: Module, names: ModuleNames = readNames(module)): NameMap {
  const out = new Map(names.spaces.function);
  const offer = (index: number, name: string) => {
    if (!out.has(index)) out.set(index, name);
  };
  for (const [n, one] of importsOf(module, "function").entries()) offer(n, `${one.module}.${one.name}`);
  for (const { kind, name, index } of module.exports) if (kind === "function") offer(index, name);
  return out;
}
