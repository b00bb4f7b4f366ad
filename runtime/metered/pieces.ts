/**
 * Bulk operations in pieces: a helper function for each memory, table or array type that looks at the epoch between the
 * pieces, so that filling a gigabyte can be interrupted. Bounds are looked at first: what would trap is left to the
 * instruction itself, which then traps before anything is written (core specification, sections 4.6.5 to 4.6.8).
 */
import type { Module, TableType } from "../module/module.ts";
import { importsOf, type MemoryType } from "../module/module.ts";
import { opcode } from "../module/opcodes.ts";
import { concrete, I8, I16, I32, I64, refType, type ValType } from "../module/val-type.ts";
import { Code } from "./code.ts";

/** Bytes of one piece; elements of one piece of a table or an array. */
const PIECE_BYTES = 65_536;
const PIECE_ELEMENTS = 8192;

export interface PieceFunction {
  readonly params: readonly ValType[];
  readonly body: Uint8Array;
}

interface Index {
  /** Which parameter, and how wide. */
  readonly local: number;
  readonly type: ValType;
  /** Pushes how far it may go, as an i64. */
  readonly limit: (out: Code) => void;
}

interface Plan {
  readonly params: readonly ValType[];
  readonly count: number;
  readonly countType: ValType;
  readonly indices: readonly Index[];
  /** Locals that go on from piece to piece. */
  readonly moving: readonly number[];
  readonly piece: number;
  /** Pushes 1 when pieces must be taken from the end. */
  readonly backwards?: (out: Code) => void;
  readonly instruction: Uint8Array;
}

const OP = {
  memoryFill: opcode("memory.fill"),
  memoryCopy: opcode("memory.copy"),
  memoryInit: opcode("memory.init"),
  tableFill: opcode("table.fill"),
  tableCopy: opcode("table.copy"),
  tableInit: opcode("table.init"),
  arrayFill: opcode("array.fill"),
  arrayCopy: opcode("array.copy"),
  arrayInitElem: opcode("array.init_elem"),
} as const;
const SPLIT: ReadonlySet<number> = new Set(Object.values(OP));

const RETURN = 0x0f;
const BR = 0x0c;
const I32_GT_U = 0x4b;
const I64_GT_U = 0x56;
const I32_LE_U = 0x4d;
const I64_LE_U = 0x58;
const I32_OR = 0x72;
const I32_AND = 0x71;
const I32_ADD = 0x6a;
const I32_SUB = 0x6b;
const I64_ADD = 0x7c;
const I64_SUB = 0x7d;
const I64_SHL = 0x86;
const I64_EXTEND_I32_U = 0xad;
const REF_EQ = 0xd3;

export class Pieces {
  readonly #module: Module;
  readonly #first: number;
  readonly #bytes: number;
  readonly #elements: number;
  readonly #look: (out: Code) => void;
  readonly #memories: readonly MemoryType[];
  readonly #tables: readonly TableType[];
  readonly #known = new Map<string, number>();
  readonly functions: PieceFunction[] = [];

  /** `first`: index of the first helper; `look` emits a look at the epoch; `piece`: other than the usual. */
  constructor(module: Module, first: number, look: (out: Code) => void, piece?: number) {
    this.#module = module;
    this.#bytes = piece ?? PIECE_BYTES;
    this.#elements = piece ?? PIECE_ELEMENTS;
    this.#first = first;
    this.#look = look;
    this.#memories = [
      ...importsOf(module, "memory").map(({ desc }) => desc.type),
      ...module.memories.map(({ type }) => type),
    ];
    this.#tables = [
      ...importsOf(module, "table").map(({ desc }) => desc.type),
      ...module.tables.map(({ type }) => type),
    ];
  }

  /** The helper that takes the instruction's operands, or undefined for instructions that are not split. */
  indexOf(op: number, a: number, b: number, instruction: Uint8Array): number | undefined {
    if (!SPLIT.has(op)) return undefined;
    const key = `${op} ${a} ${b}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const plan = this.#plan(op, a, b, instruction);
    const index = this.#first + this.functions.length;
    this.functions.push({ params: plan.params, body: this.#body(plan) });
    this.#known.set(key, index);
    return index;
  }

  #plan(op: number, a: number, b: number, instruction: Uint8Array): Plan {
    const bytes = (memory: number, local: number): Index => {
      const { limits, pageSizeLog2 } = this.#memories[memory] as MemoryType;
      const type = limits.address === "i64" ? I64 : I32;
      const limit = (out: Code) => {
        out.op(0x3f, memory);
        if (type === I32) out.op(I64_EXTEND_I32_U);
        out.i64(BigInt(pageSizeLog2)).op(I64_SHL);
      };
      return { local, type, limit };
    };
    const elements = (table: number, local: number): Index => {
      const type = (this.#tables[table] as TableType).limits.address === "i64" ? I64 : I32;
      const limit = (out: Code) => {
        out.op(0xfc, 16, table);
        if (type === I32) out.op(I64_EXTEND_I32_U);
      };
      return { local, type, limit };
    };
    const members = (array: number, local: number): Index => {
      const limit = (out: Code) => out.get(array).op(0xfb, 15).op(I64_EXTEND_I32_U);
      return { local, type: I32, limit };
    };
    const segment = (length: number, local: number): Index => {
      return { local, type: I32, limit: (out) => void out.i64(BigInt(length)) };
    };
    const array = (type: number): ValType => refType(concrete(type), true);
    const shared = { count: 2, instruction };
    switch (op) {
      case OP.memoryFill: {
        const to = bytes(a, 0);
        return {
          ...shared,
          params: [to.type, I32, to.type],
          countType: to.type,
          indices: [to],
          moving: [0],
          piece: this.#bytes,
        };
      }
      case OP.tableFill: {
        const to = elements(a, 0);
        const { element } = this.#tables[a] as TableType;
        return {
          ...shared,
          params: [to.type, element, to.type],
          countType: to.type,
          indices: [to],
          moving: [0],
          piece: this.#elements,
        };
      }
      case OP.memoryCopy:
      case OP.tableCopy: {
        const [to, from] = op === OP.memoryCopy ? [bytes(a, 0), bytes(b, 1)] : [elements(a, 0), elements(b, 1)];
        const countType = to.type === I64 && from.type === I64 ? I64 : I32;
        const plan = {
          ...shared,
          params: [to.type, from.type, countType],
          countType,
          indices: [to, from],
          moving: [0, 1],
        };
        const backwards = (out: Code) =>
          void out
            .get(0)
            .get(1)
            .op(to.type === I64 ? I64_GT_U : I32_GT_U);
        const piece = op === OP.memoryCopy ? this.#bytes : this.#elements;
        return a === b ? { ...plan, piece, backwards } : { ...plan, piece };
      }
      case OP.memoryInit:
      case OP.tableInit: {
        // memory.init names the segment first, table.init as well.
        const to = op === OP.memoryInit ? bytes(b, 0) : elements(b, 0);
        const from = segment(op === OP.memoryInit ? this.#dataLength(a) : this.#elementLength(a), 1);
        const piece = op === OP.memoryInit ? this.#bytes : this.#elements;
        return { ...shared, params: [to.type, I32, I32], countType: I32, indices: [to, from], moving: [0, 1], piece };
      }
      case OP.arrayFill:
        return {
          params: [array(a), I32, this.#unpacked(a), I32],
          count: 3,
          countType: I32,
          indices: [members(0, 1)],
          moving: [1],
          piece: this.#elements,
          instruction,
        };
      case OP.arrayCopy:
        return {
          params: [array(a), I32, array(b), I32, I32],
          count: 4,
          countType: I32,
          indices: [members(0, 1), members(2, 3)],
          moving: [1, 3],
          piece: this.#elements,
          backwards: (out) => void out.get(0).get(2).op(REF_EQ).get(1).get(3).op(I32_GT_U).op(I32_AND),
          instruction,
        };
      default:
        return {
          params: [array(a), I32, I32, I32],
          count: 3,
          countType: I32,
          indices: [members(0, 1), segment(this.#elementLength(b), 2)],
          moving: [1, 2],
          piece: this.#elements,
          instruction,
        };
    }
  }

  #dataLength(index: number): number {
    const bytes = this.#module.datas[index]?.bytes;
    return bytes === undefined ? 0 : bytes.end - bytes.start;
  }

  #elementLength(index: number): number {
    const items = this.#module.elements[index]?.items;
    if (items === undefined) return 0;
    return "functions" in items ? items.functions.length : items.expressions.length;
  }

  #unpacked(type: number): ValType {
    const composite = this.#module.types[type]?.composite;
    if (composite?.kind !== "array") throw new Error(`type ${type} is no array`);
    const element = composite.field.type;
    return element === I8 || element === I16 ? I32 : element;
  }

  #body(plan: Plan): Uint8Array {
    const out = new Code(128);
    const wide = plan.countType === I64;
    const number = (value: number) => (wide ? out.i64(BigInt(value)) : out.i32(value));
    const all = (count: () => void) => {
      for (let n = 0; n < plan.params.length - 1; n += 1) out.get(n);
      count();
      out.raw(plan.instruction);
    };
    const small = () => {
      out.get(plan.count);
      number(plan.piece).op(wide ? I64_LE_U : I32_LE_U);
    };
    const widened = (local: number, type: ValType) => {
      out.get(local);
      if (type !== I64) out.op(I64_EXTEND_I32_U);
    };
    // Small, or out of bounds: the instruction itself.
    const itself = () => {
      out.if();
      all(() => out.get(plan.count));
      out.op(RETURN).end();
    };
    small();
    itself();
    for (const { local, type, limit } of plan.indices) {
      widened(plan.count, plan.countType);
      limit(out);
      out.op(I64_GT_U);
      widened(local, type);
      limit(out);
      widened(plan.count, plan.countType);
      out.op(I64_SUB).op(I64_GT_U).op(I32_OR);
      itself();
    }
    if (plan.backwards !== undefined) {
      plan.backwards(out);
      out.if().loop();
      this.#look(out);
      small();
      itself();
      out.get(plan.count);
      number(plan.piece)
        .op(wide ? I64_SUB : I32_SUB)
        .set(plan.count);
      for (let n = 0; n < plan.params.length - 1; n += 1) {
        out.get(n);
        if (!plan.moving.includes(n)) continue;
        out.get(plan.count);
        const type = plan.params[n];
        if (type === I64 && !wide) out.op(I64_EXTEND_I32_U);
        out.op(type === I64 ? I64_ADD : I32_ADD);
      }
      number(plan.piece);
      out.raw(plan.instruction);
      out.op(BR, 0).end().end();
    }
    out.loop();
    this.#look(out);
    small();
    itself();
    all(() => number(plan.piece));
    for (const n of plan.moving) {
      out.get(n);
      if (plan.params[n] === I64) out.i64(BigInt(plan.piece)).op(I64_ADD).set(n);
      else out.i32(plan.piece).op(I32_ADD).set(n);
    }
    out.get(plan.count);
    number(plan.piece)
      .op(wide ? I64_SUB : I32_SUB)
      .set(plan.count);
    out.op(BR, 0).end();
    return out.end().bytes.slice();
  }
}
