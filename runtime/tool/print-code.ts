/**
 * Instructions in the text format (core specification, section 6.5), flat, one after the other: the opcode table gives the
 * name and says which immediates follow. Only bytes that the Loader has passed come here; that they are valid is not
 * assumed, so every index may name nothing.
 */
import { naturalAlignment } from "../module/alignment.ts";
import { CodeReader } from "../module/code-reader.ts";
import type { ByteRange } from "../module/module.ts";
import { type Opcode, opcode, opcodes } from "../module/opcodes.ts";
import type { HeapType, ValType } from "../module/val-type.ts";
import type { NamedSpace, NameMap } from "./names.ts";
import { heapText, listText, refText, valText } from "./print-types.ts";
import { cut, type Scope, stem } from "./scope.ts";
import { f32Text, f64Text, hex32, identifier } from "./text.ts";

const END = opcode("end");
const ELSE = opcode("else");
const CATCH = 0x07;
const CATCH_ALL = 0x19;
const DELEGATE = 0x18;
const TEST_NULL = opcode("ref.test_null");
const CAST_NULL = opcode("ref.cast_null");
const CATCHES = ["catch", "catch_ref", "catch_all", "catch_all_ref"] as const;

/** Signatures of blocks longer than this are given by their type alone: a few bytes must not become kilobytes. */
const BLOCK_ARITY_MAX = 16;

/** Longer vectors of labels are given as plain numbers, so that one instruction stays one text. */
const NAMED_MAX = 10_000;
/** Instructions of one constant expression that are printed. */
const EXPRESSION_MAX = 100_000;

/** What the bytes mean to a reader: the pieces of one function, or of a constant expression. */
export interface Names {
  /** Identifiers. */
  readonly locals: NameMap;
  /** Names of the blocks in their order. */
  readonly labels: NameMap;
}

const NO_NAMES: Names = { locals: new Map(), labels: new Map() };

export class Instructions {
  readonly #scope: Scope;
  readonly #reader: CodeReader;
  readonly #end: number;
  readonly #names: Names;
  /** Of each open block its identifier, if it has one. */
  readonly #open: (string | undefined)[] = [];
  readonly #openNames = new Set<string>();
  #blocks = 0;

  constructor(scope: Scope, range: ByteRange, names: Names = NO_NAMES) {
    this.#scope = scope;
    this.#reader = new CodeReader(scope.module.bytes, range.start);
    this.#end = range.end;
    this.#names = names;
  }

  /** Each instruction but the last `end`, with the number of blocks it is in. */
  *lines(): Generator<{ readonly at: number; readonly depth: number; readonly text: string }> {
    const reader = this.#reader;
    while (reader.at < this.#end) {
      const at = reader.at;
      const op = reader.opcode();
      if (op === END && reader.at === this.#end) return;
      const before = this.#open.length;
      const text = this.#instruction(op);
      const middle = op === ELSE || op === CATCH || op === CATCH_ALL;
      yield { at, depth: Math.max(0, Math.min(before, this.#open.length) - (middle ? 1 : 0)), text };
    }
  }

  #instruction(op: number): string {
    const known = opcodes[op];
    if (known === undefined) throw new Error(`opcode ${op} was not refused by the Loader`);
    if (op === END) this.#close();
    if (op === DELEGATE) {
      this.#close();
      return `delegate ${this.#label(this.#reader.u32())}`;
    }
    const immediates = this.#immediates(known, op);
    return immediates === "" ? known.name : `${nameOf(known, op)} ${immediates}`;
  }

  #immediates(known: Opcode, op: number): string {
    const reader = this.#reader;
    const { immediates } = known;
    switch (immediates) {
      case "":
      case "fence":
        if (immediates === "fence") reader.byte();
        return "";
      case "block":
        return this.#enter(this.#blockType());
      case "catches": {
        const type = this.#blockType();
        const clauses: string[] = [];
        const count = reader.u32();
        for (let left = count; left > 0; left -= 1) clauses.push(this.#catch(count > NAMED_MAX));
        return this.#enter([type, ...clauses].filter((one) => one !== "").join(" "));
      }
      case "label":
        return this.#label(reader.u32());
      case "labels": {
        const labels: string[] = [];
        const count = reader.u32() + 1;
        for (let left = count; left > 0; left -= 1) labels.push(this.#label(reader.u32(), count > NAMED_MAX));
        return labels.join(" ");
      }
      case "func":
        return this.#scope.useFunction(reader.u32());
      case "type":
      case "table":
      case "global":
      case "tag":
      case "data":
        return this.#use(immediates);
      case "elem":
        return this.#use("element");
      case "local": {
        const index = reader.u32();
        return this.#names.locals.get(index) ?? String(index);
      }
      case "memory": {
        const index = reader.u32();
        return index === 0 ? "" : this.#scope.use("memory", index);
      }
      case "type-table": {
        const type = this.#use("type");
        const table = reader.u32();
        return `${table === 0 ? "" : `${this.#scope.use("table", table)} `}(type ${type})`;
      }
      case "table-table":
        return this.#pair("table");
      case "memory-memory":
        return this.#pair("memory");
      case "data-memory":
        return this.#segment("data", "memory");
      case "elem-table":
        return this.#segment("element", "table");
      case "type-type":
        return `${this.#use("type")} ${this.#use("type")}`;
      case "type-data":
        return `${this.#use("type")} ${this.#use("data")}`;
      case "type-elem":
        return `${this.#use("type")} ${this.#use("element")}`;
      case "type-count":
        return `${this.#use("type")} ${reader.u32()}`;
      case "type-field": {
        const type = reader.u32();
        const field = reader.u32();
        return `${this.#scope.use("type", type)} ${this.#scope.field(type, field) ?? field}`;
      }
      case "memarg":
        return this.#memArg(op);
      case "memarg-lane": {
        const place = this.#memArg(op);
        return `${place}${place === "" ? "" : " "}${reader.byte()}`;
      }
      case "i32":
        return String(reader.s64() | 0);
      case "i64": {
        const low = reader.s64();
        return String(BigInt.asIntN(64, (BigInt(reader.high) << 32n) | BigInt(low >>> 0)));
      }
      case "f32":
        return f32Text(reader.word());
      case "f64": {
        const low = reader.word();
        return f64Text(low, reader.word());
      }
      case "v128":
        return `i32x4 ${[0, 1, 2, 3].map(() => hex32(reader.word())).join(" ")}`;
      case "lanes":
        return Array.from({ length: 16 }, () => reader.byte()).join(" ");
      case "lane":
        return String(reader.byte());
      case "heap": {
        const heap = reader.heapType();
        if (known.name === "ref.null") return heapText(this.#scope, heap);
        return refText(this.#scope, heap, op === TEST_NULL || op === CAST_NULL);
      }
      case "types": {
        const types: ValType[] = [];
        for (let left = reader.u32(); left > 0; left -= 1) types.push(reader.valType());
        return listText(this.#scope, "result", types).trimStart();
      }
      case "cast":
        return this.#cast();
    }
  }

  #use(space: NamedSpace): string {
    return this.#scope.use(space, this.#reader.u32());
  }

  /** Two indices, left out when both are 0. */
  #pair(space: "table" | "memory"): string {
    const first = this.#reader.u32();
    const second = this.#reader.u32();
    if (first === 0 && second === 0) return "";
    return `${this.#scope.use(space, first)} ${this.#scope.use(space, second)}`;
  }

  /** In the bytes the segment comes first, in the text last. */
  #segment(space: "data" | "element", target: "memory" | "table"): string {
    const segment = this.#use(space);
    const index = this.#reader.u32();
    return index === 0 ? segment : `${this.#scope.use(target, index)} ${segment}`;
  }

  #memArg(op: number): string {
    const reader = this.#reader;
    const flags = reader.u32();
    const memory = (flags & 64) === 0 ? 0 : reader.u32();
    const low = reader.u64();
    const offset = reader.high === 0 ? low >>> 0 : (BigInt(reader.high >>> 0) << 32n) | BigInt(low >>> 0);
    const align = flags & 63;
    const parts: string[] = [];
    if (memory !== 0) parts.push(this.#scope.use("memory", memory));
    if (String(offset) !== "0") parts.push(`offset=${offset}`);
    if (align !== alignments[op]) parts.push(`align=${2n ** BigInt(align)}`);
    return parts.join(" ");
  }

  #cast(): string {
    const flags = this.#reader.byte();
    const label = this.#label(this.#reader.u32());
    const from: HeapType = this.#reader.heapType();
    const to: HeapType = this.#reader.heapType();
    return `${label} ${refText(this.#scope, from, (flags & 1) !== 0)} ${refText(this.#scope, to, (flags & 2) !== 0)}`;
  }

  #catch(brief: boolean): string {
    const reader = this.#reader;
    const kind = reader.byte();
    const tag = kind >= 2 ? "" : ` ${brief ? reader.u32() : this.#use("tag")}`;
    return `(${CATCHES[kind]}${tag} ${this.#label(reader.u32(), brief)})`;
  }

  /** Opens a block. Its name, or a comment with its depth that branches to it repeat. */
  #enter(type: string): string {
    const id = this.#identifier(this.#names.labels.get(this.#blocks));
    this.#blocks += 1;
    this.#open.push(id);
    const label = id ?? `(;@${this.#open.length};)`;
    return type === "" ? label : `${label} ${type}`;
  }

  /** Unlike those of the blocks around; a name that stays alike is given up. */
  #identifier(name: string | undefined): string | undefined {
    if (name === undefined) return undefined;
    const free = [cut(name), `${stem(name)}.${this.#open.length + 1}`].map(identifier);
    const id = free.find((one) => !this.#openNames.has(one));
    if (id !== undefined) this.#openNames.add(id);
    return id;
  }

  #close(): void {
    const id = this.#open.pop();
    if (id !== undefined) this.#openNames.delete(id);
  }

  #label(distance: number, brief = false): string {
    const depth = this.#open.length - distance;
    if (depth < 0 || brief) return String(distance);
    return this.#open[depth - 1] ?? `${distance} (;@${depth};)`;
  }

  /** One result or none is written out, as the text format has it; anything else names its type. */
  #blockType(): string {
    const reader = this.#reader;
    const first = reader.bytes[reader.at] as number;
    if (first === 0x40) {
      reader.at += 1;
      return "";
    }
    if (first > 0x40 && first < 0x80) {
      return `(result ${valText(this.#scope, reader.valType())})`;
    }
    const type = reader.s64();
    const found = this.#scope.signature(type);
    const use = `(type ${this.#scope.use("type", type)})`;
    if (found === undefined) return use;
    const { params, results } = found;
    if (params.length === 0 && results.length < 2) return listText(this.#scope, "result", results).trimStart();
    if (params.length + results.length > BLOCK_ARITY_MAX) return use;
    return use + listText(this.#scope, "param", params) + listText(this.#scope, "result", results);
  }
}

const nameOf = (known: Opcode, op: number): string =>
  op === TEST_NULL || op === CAST_NULL ? known.name.slice(0, -"_null".length) : known.name;

const alignments = opcodes.map((one) =>
  one !== undefined && one.signature !== undefined ? naturalAlignment(one.name, one.signature.params) : 0,
);

/** A constant expression on one line: `(i32.const 1)`, or flat behind `keyword` when it has several instructions. */
export function expressionText(scope: Scope, range: ByteRange, keyword = ""): string {
  const all: string[] = [];
  for (const { text } of new Instructions(scope, range).lines()) {
    if (all.length === EXPRESSION_MAX) {
      all.push("(; more instructions are left out ;)");
      break;
    }
    all.push(text);
  }
  if (all.length === 1) return `(${all[0]})`;
  return keyword === "" ? all.join(" ") : `(${[keyword, ...all].join(" ")})`;
}
