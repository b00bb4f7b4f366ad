/**
 * A module as text (core specification, chapter 6): flat, indented, one line at a time, so that a large module needs no
 * memory. The text assembled again gives the same module, but for what text cannot say: encodings longer than needed,
 * unused type indices of blocks, and custom sections that are only mentioned because they are large.
 */
import type {
  CustomSection,
  DataSegment,
  ElementSegment,
  ExternKind,
  LocalRun,
  Module,
  SegmentMode,
} from "../module/module.ts";
import { HEAP, refType, type ValType } from "../module/val-type.ts";
import type { NamedSpace } from "./names.ts";
import { expressionText, Instructions } from "./print-code.ts";
import {
  globalText,
  importText,
  memoryText,
  namedText,
  subTypeText,
  tableText,
  typeUse,
  valText,
} from "./print-types.ts";
import { readProducers } from "./producers.ts";
import { Scope } from "./scope.ts";
import { quote, quoteBytes } from "./text.ts";

export interface PrintOptions {
  /** Each instruction and entry with its place in the bytes: `(;@0x1234;)`. */
  readonly offsets?: boolean;
  /** Only this function. */
  readonly function?: number;
}

/** Deeper blocks are indented no further. */
const INDENT_MAX = 40;
/** Custom sections larger than this are mentioned, not printed. */
const CUSTOM_BYTES_MAX = 2048;
const DATA_LINE_BYTES = 64;
const ELEMENTS_LINE = 16;

const KEYWORDS: Readonly<Record<ExternKind, string>> = {
  function: "func",
  table: "table",
  memory: "memory",
  global: "global",
  tag: "tag",
};
/** The sections in their order, as the annotation of a custom section names what it follows. */
const SECTIONS: readonly (readonly [id: number, name: string, entries: (module: Module) => number])[] = [
  [1, "type", (module) => module.groups.length],
  [2, "import", (module) => module.imports.length],
  [3, "func", (module) => module.functions.length],
  [4, "table", (module) => module.tables.length],
  [5, "memory", (module) => module.memories.length],
  [13, "tag", (module) => module.tags.length],
  [6, "global", (module) => module.globals.length],
  [7, "export", (module) => module.exports.length],
  [8, "start", (module) => (module.start === undefined ? 0 : 1)],
  [9, "elem", (module) => module.elements.length],
  // The text format does not name the data count section.
  [12, "elem", (module) => module.elements.length],
  [10, "code", (module) => module.code.length],
  [11, "data", (module) => module.datas.length],
];

/** Empty sections do not survive as text: the nearest section before that has entries is named. */
function place(module: Module, after: number): string {
  const upTo = SECTIONS.slice(0, SECTIONS.findIndex(([id]) => id === after) + 1);
  const nearest = upTo.findLast(([, , entries]) => entries(module) > 0);
  return nearest === undefined ? "(before first)" : `(after ${nearest[1]})`;
}

const NON_NULL_FUNC = refType(HEAP.func, false);

/**
 * Characters of one text: so many, and so many for each byte. A few bytes may name a type of a thousand parameters or
 * fifty thousand locals; honest modules come to twenty for each byte.
 */
const TEXT_CHARS_MAX = 100_000_000;
const TEXT_CHARS_PER_BYTE = 200;

/** The module's text without line ends. It must have been decoded; that it is valid is not assumed. */
export function* printModule(module: Module, options: PrintOptions = {}): Generator<string, void, void> {
  const printer = new Printer(module, options.offsets === true);
  let left = TEXT_CHARS_MAX + TEXT_CHARS_PER_BYTE * module.bytes.length;
  for (const line of options.function === undefined ? printer.module() : printer.function(options.function, "")) {
    left -= line.length;
    if (left < 0) {
      yield ";; the rest is left out: the module's text is longer than that of any honest module of its size";
      return;
    }
    yield line;
  }
}

class Printer {
  readonly #module: Module;
  readonly #scope: Scope;
  readonly #offsets: boolean;
  readonly #counts: Record<ExternKind, number> = { function: 0, table: 0, memory: 0, global: 0, tag: 0 };

  constructor(module: Module, offsets: boolean) {
    this.#module = module;
    this.#scope = new Scope(module);
    this.#offsets = offsets;
  }

  *module(): Generator<string> {
    const { name } = this.#scope;
    yield name === undefined ? "(module" : `(module ${name}`;
    yield* this.#types();
    yield* this.#imports();
    yield* this.#definitions();
    yield* this.#exports();
    for (const [n, one] of this.#module.elements.entries()) yield* this.#element(one, n);
    const first = this.#scope.importedFunctions;
    for (let n = 0; n < this.#module.functions.length; n += 1) yield* this.function(first + n, "  ");
    for (const [n, one] of this.#module.datas.entries()) yield* this.#data(one, n);
    for (const one of this.#module.customs) yield* this.#custom(one);
    yield ")";
  }

  *#types(): Generator<string> {
    const { types, groups } = this.#module;
    for (const { start, count, at } of groups) {
      const indent = count === 1 ? "  " : "    ";
      if (count !== 1) yield `  ${this.#at(at)}(rec`;
      for (let n = start; n < start + count; n += 1) {
        const one = types[n];
        if (one !== undefined) yield `${indent}${count === 1 ? this.#at(at) : ""}${subTypeText(this.#scope, n, one)}`;
      }
      if (count !== 1) yield "  )";
    }
  }

  *#imports(): Generator<string> {
    for (const { module, name, desc, at } of this.#module.imports) {
      const index = this.#next(desc.kind);
      yield `  ${this.#at(at)}(import ${quote(module)} ${quote(name)} ${importText(this.#scope, desc, index)})`;
    }
  }

  #next(kind: ExternKind): number {
    const index = this.#counts[kind];
    this.#counts[kind] += 1;
    return index;
  }

  *#definitions(): Generator<string> {
    const scope = this.#scope;
    const { tables, memories, tags, globals } = this.#module;
    const define = (kind: Exclude<ExternKind, "function">, at: number) =>
      `  ${this.#at(at)}(${KEYWORDS[kind]} ${scope.define(kind, this.#next(kind))}`;
    for (const { type, init, at } of tables) {
      const filled = init === undefined ? "" : ` ${expressionText(scope, init)}`;
      yield `${define("table", at)} ${tableText(scope, type)}${filled})`;
    }
    for (const { type, at } of memories) yield `${define("memory", at)} ${memoryText(type)})`;
    for (const { type, at } of tags) yield `${define("tag", at)}${typeUse(scope, type)})`;
    for (const { type, init, at } of globals) {
      yield `${define("global", at)} ${globalText(scope, type)} ${expressionText(scope, init)})`;
    }
  }

  *#exports(): Generator<string> {
    const { exports, start } = this.#module;
    for (const { name, kind, index, at } of exports) {
      yield `  ${this.#at(at)}(export ${quote(name)} (${KEYWORDS[kind]} ${this.#scope.use(kind, index)}))`;
    }
    if (start !== undefined) yield `  ${this.#at(start.at)}(start ${this.#scope.use("function", start.function)})`;
  }

  *function(index: number, indent: string): Generator<string> {
    const scope = this.#scope;
    const type = scope.functionTypes[index];
    const code = this.#module.code[index - scope.importedFunctions];
    if (type === undefined) return;
    if (code === undefined) {
      const one = this.#module.imports.filter(({ desc }) => desc.kind === "function")[index];
      if (one === undefined) return;
      yield `${indent}(import ${quote(one.module)} ${quote(one.name)} ${importText(scope, one.desc, index)})`;
      return;
    }
    const locals = scope.locals(index);
    yield `${indent}${this.#at(code.body.start)}(func ${scope.defineFunction(index)}${typeUse(scope, type, locals)}`;
    if (code.localCount > 0) {
      const params = scope.signature(type)?.params.length ?? 0;
      yield `${indent} ${namedText(scope, "local", expand(code.locals), locals, params)}`;
    }
    const body = new Instructions(scope, code.body, { locals, labels: scope.labels(index) });
    for (const { at, depth, text } of body.lines()) {
      yield `${indent}  ${"  ".repeat(Math.min(depth, INDENT_MAX))}${this.#at(at)}${text}`;
    }
    yield `${indent})`;
  }

  *#element({ mode, type, items, at }: ElementSegment, index: number): Generator<string> {
    const scope = this.#scope;
    const plain = "functions" in items;
    const declared = mode.kind === "declarative" ? " declare" : "";
    const what = plain && type === NON_NULL_FUNC ? "func" : valText(scope, type);
    const head = `  ${this.#at(at)}(elem ${scope.define("element", index)}${declared}${this.#place(mode, "table")} ${what}`;
    const count = plain ? items.functions.length : items.expressions.length;
    const lines = function* (): Generator<string> {
      for (let n = 0; n < count; n += ELEMENTS_LINE) {
        yield plain
          ? Array.from(items.functions.subarray(n, n + ELEMENTS_LINE), (one) => scope.use("function", one)).join(" ")
          : items.expressions
              .slice(n, n + ELEMENTS_LINE)
              .map((one) => expressionText(scope, one, "item"))
              .join(" ");
      }
    };
    yield* inLines(head, lines(), count <= ELEMENTS_LINE);
  }

  *#data({ mode, bytes, at }: DataSegment, index: number): Generator<string> {
    const head = `  ${this.#at(at)}(data ${this.#scope.define("data", index)}${this.#place(mode, "memory")}`;
    const all = this.#module.bytes.subarray(bytes.start, bytes.end);
    const lines = function* (): Generator<string> {
      for (let n = 0; n < all.length; n += DATA_LINE_BYTES) yield quoteBytes(all.subarray(n, n + DATA_LINE_BYTES));
    };
    yield* inLines(head, lines(), all.length <= DATA_LINE_BYTES);
  }

  /** Where an active segment goes; table and memory 0 go without saying. */
  #place(mode: SegmentMode, space: NamedSpace & ("table" | "memory")): string {
    if (mode.kind !== "active") return "";
    const target = mode.index === 0 ? "" : ` (${space} ${this.#scope.use(space, mode.index)})`;
    return `${target} ${expressionText(this.#scope, mode.offset, "offset")}`;
  }

  *#custom({ name, bytes, after }: CustomSection): Generator<string> {
    const size = bytes.end - bytes.start;
    if (name === "name") return;
    if (name === "producers") {
      for (const one of readProducers(this.#module)) {
        yield `  ;; ${quote(one.field)} ${quote(one.name)} ${quote(one.version)}`;
      }
    }
    if (size > CUSTOM_BYTES_MAX) {
      yield `  ;; custom section ${quote(name)} of ${size} bytes is left out`;
      return;
    }
    const head = `  ${this.#at(bytes.start)}(@custom ${quote(name)} ${place(this.#module, after)}`;
    yield `${head} ${quoteBytes(this.#module.bytes.subarray(bytes.start, bytes.end))})`;
  }

  #at(offset: number): string {
    return this.#offsets ? `(;@0x${offset.toString(16)};) ` : "";
  }
}

/** `head` and a closing parenthesis around `lines`, on one line or on many. */
function* inLines(head: string, lines: Iterable<string>, oneLine: boolean): Generator<string> {
  if (oneLine) {
    yield `${[head, ...lines].join(" ")})`;
    return;
  }
  yield head;
  for (const one of lines) yield `    ${one}`;
  yield "  )";
}

const expand = (runs: readonly LocalRun[]): readonly ValType[] =>
  runs.flatMap(({ count, type }) => Array.from({ length: count }, () => type));
