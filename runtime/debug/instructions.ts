/** Instructions of a valid module by their byte offset: which function holds one, where they begin, and their text. */
import { CodeReader } from "../module/code-reader.ts";
import { importsOf, type Module } from "../module/module.ts";
import { opcodes } from "../module/opcodes.ts";

/** Immediates that the reader yields as unsigned numbers, and how many. */
const INDICES: Readonly<Record<string, number>> = {
  label: 1,
  func: 1,
  type: 1,
  local: 1,
  global: 1,
  table: 1,
  tag: 1,
  memory: 1,
  data: 1,
  elem: 1,
  "type-table": 2,
  "table-table": 2,
  "memory-memory": 2,
  "data-memory": 2,
  "elem-table": 2,
  "type-field": 2,
  "type-count": 2,
  "type-data": 2,
  "type-elem": 2,
  "type-type": 2,
};

/** Bytes of one run of locals at most, and of their count. */
const DECLARATION_BYTES = 12;

export class Instructions {
  readonly module: Module;
  readonly importedFunctions: number;
  readonly #starts = new Map<number, readonly number[]>();

  constructor(module: Module) {
    this.module = module;
    this.importedFunctions = importsOf(module, "function").length;
  }

  /** Index of the function whose body holds the byte. */
  functionOf(offset: number): number | undefined {
    const { code } = this.module;
    let low = 0;
    let high = code.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const { start, end } = this.#body(middle);
      if (offset < start) high = middle - 1;
      else if (offset >= end) low = middle + 1;
      else return middle + this.importedFunctions;
    }
    return undefined;
  }

  /** Offsets of the instructions of a function of the module's own, in order. */
  startsOf(f: number): readonly number[] {
    const known = this.#starts.get(f);
    if (known !== undefined) return known;
    const range = this.module.code[f - this.importedFunctions]?.body;
    const out: number[] = [];
    if (range !== undefined) {
      const reader = new CodeReader(this.module.bytes, range.start);
      while (reader.at < range.end) {
        out.push(reader.at);
        reader.skip(reader.opcode());
      }
    }
    this.#starts.set(f, out);
    return out;
  }

  /** The first instruction at or after a byte of the code, within its function. */
  startAt(offset: number): number | undefined {
    const f = this.functionOf(offset);
    return f === undefined ? undefined : this.startsOf(f).find((one) => one >= offset);
  }

  nameAt(offset: number): string {
    return opcodes[new CodeReader(this.module.bytes, offset).opcode()]?.name ?? "?";
  }

  /** Mnemonic and the immediates that are short. */
  textAt(offset: number): string {
    const reader = new CodeReader(this.module.bytes, offset);
    const one = opcodes[reader.opcode()];
    if (one === undefined) return "?";
    return [one.name, ...immediates(reader, one.immediates)].join(" ");
  }

  /** A body with its declarations of locals: debug information places functions there. */
  #body(n: number): { readonly start: number; readonly end: number } {
    const { code } = this.module;
    const { body, locals } = code[n] ?? { body: { start: 0, end: 0 }, locals: [] };
    const declarations = DECLARATION_BYTES * (1 + locals.length);
    return { start: Math.max(code[n - 1]?.body.end ?? 0, body.start - declarations), end: body.end };
  }
}

function immediates(reader: CodeReader, kind: string): readonly string[] {
  const { bytes, at } = reader;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (kind) {
    case "i32":
      return [String(reader.s64())];
    case "i64": {
      const low = reader.s64();
      return [String((BigInt(reader.high) << 32n) | BigInt(low >>> 0))];
    }
    case "f32":
      return [String(view.getFloat32(at, true))];
    case "f64":
      return [String(view.getFloat64(at, true))];
    case "memarg":
    case "memarg-lane": {
      const memory = (reader.u32() & 64) !== 0 ? [`memory=${reader.u32()}`] : [];
      const low = reader.u64() >>> 0;
      const offset = reader.high * 2 ** 32 + low;
      return [...memory, ...(offset === 0 ? [] : [`offset=${offset}`])];
    }
    default:
      return Array.from({ length: INDICES[kind] ?? 0 }, () => String(reader.u32()));
  }
}
