/**
 * One pass over a body or a constant expression, from the opcode table (core specification, section 3.4 and appendix
 * "Validation Algorithm"). Instructions whose rule is a signature are carried out from tables of small integers; the
 * others are written out here, in bulk.ts and in gc.ts. Bytes are well-formed: the Loader has seen to it.
 */
import { naturalAlignment } from "../module/alignment.ts";
import { CodeReader } from "../module/code-reader.ts";
import { FEATURES } from "../module/features.ts";
import type { LocalRun } from "../module/module.ts";
import { OPCODES, opcode, opcodes } from "../module/opcodes.ts";
import {
  asNonNull,
  BOTTOM,
  concrete,
  EXNREF,
  F32,
  F64,
  FUNCREF,
  HEAP,
  I32,
  I64,
  isDefaultable,
  isRef,
  refType,
  V128,
  type ValType,
} from "../module/val-type.ts";
import { bulkRules } from "./bulk.ts";
import { type Context, type FuncType, invalid, names } from "./context.ts";
import { gcRules } from "./gc.ts";
import { type Frame, labelTypes, Stacks } from "./stack.ts";

const ADDRESS = 6;
const LETTERS: Readonly<Record<string, number>> = { i: I32, l: I64, f: F32, d: F64, v: V128, a: ADDRESS };

/** Signatures of plain instructions as packed arrays; `immediates` kinds that need a check. */
const params: (Uint8Array | undefined)[] = [];
const results: (Uint8Array | undefined)[] = [];
const NONE = 0;
const MEMARG = 1;
const MEMARG_LANE = 2;
const LANE = 3;
const LANES = 4;
const SKIP = 5;
const MEMORY = 6;
const checks = new Uint8Array(OPCODES);
const feature = new Uint8Array(OPCODES);
/** Natural alignment, as an exponent; lanes of a vector shape. */
const alignment = new Uint8Array(OPCODES);
const laneCount = new Uint8Array(OPCODES);

for (const one of opcodes) {
  if (one === undefined) continue;
  const { code, name, immediates, signature } = one;
  feature[code] = FEATURES.indexOf(one.feature);
  if (signature === undefined) continue;
  params[code] = Uint8Array.from(signature.params, (letter) => LETTERS[letter] as number);
  results[code] = Uint8Array.from(signature.results, (letter) => LETTERS[letter] as number);
  alignment[code] = naturalAlignment(name, signature.params);
  laneCount[code] = lanesOf(name);
  checks[code] =
    immediates === "memarg"
      ? MEMARG
      : immediates === "memarg-lane"
        ? MEMARG_LANE
        : immediates === "lane"
          ? LANE
          : immediates === "lanes"
            ? LANES
            : immediates === "memory"
              ? MEMORY
              : immediates === ""
                ? NONE
                : SKIP;
}

function lanesOf(name: string): number {
  const shape = /^[if]\d+x(\d+)\.(?:extract|replace)/.exec(name);
  if (shape !== null) return Number(shape[1]);
  const width = /^v128\.(?:load|store)(\d+)_lane/.exec(name);
  return width === null ? 0 : 128 / Number(width[1]);
}

const OP = {
  unreachable: opcode("unreachable"),
  block: opcode("block"),
  loop: opcode("loop"),
  if: opcode("if"),
  else: opcode("else"),
  try: opcode("try"),
  catch: opcode("catch"),
  throw: opcode("throw"),
  rethrow: opcode("rethrow"),
  throwRef: opcode("throw_ref"),
  end: opcode("end"),
  localGet: opcode("local.get"),
  br: opcode("br"),
  brIf: opcode("br_if"),
  brTable: opcode("br_table"),
  return: opcode("return"),
  delegate: opcode("delegate"),
  catchAll: opcode("catch_all"),
  tryTable: opcode("try_table"),
} as const;

/** Instructions of constant expressions besides `end` and `global.get`. Section 3.4.11. */
const CONSTANT = new Set(
  (
    "i32.const i64.const f32.const f64.const v128.const ref.null ref.func ref.i31 i32.add i32.sub i32.mul i64.add i64.sub " +
    "i64.mul struct.new struct.new_default array.new array.new_default array.new_fixed any.convert_extern extern.convert_any"
  )
    .split(" ")
    .map(opcode),
);
const EXTENDED = new Set("i32.add i32.sub i32.mul i64.add i64.sub i64.mul".split(" ").map(opcode));
const GLOBAL_GET = opcode("global.get");
const REF_FUNC = opcode("ref.func");

export class CodeValidator {
  readonly context: Context;
  readonly stacks: Stacks;
  readonly in: CodeReader;
  /** Those of the body at hand, and what is left of longer ones before it. */
  readonly #locals: ValType[] = [];
  #localCount = 0;
  /** Locals without a default that have been set, in order. */
  readonly #set: number[] = [];
  #initialized: Uint8Array = new Uint8Array(0);
  #return: readonly ValType[] = [];
  readonly #blockTypes = new Map<ValType, FuncType>();
  /** A constant expression is being validated: functions it names are declared by that. */
  constant = false;

  constructor(context: Context) {
    this.context = context;
    this.stacks = new Stacks(context.registry, context.module.bytes.length);
    this.in = new CodeReader(context.module.bytes, 0);
  }

  /** Validates a body. Section 3.5.5. */
  body(type: FuncType, locals: readonly LocalRun[], start: number): void {
    this.#localCount = 0;
    for (let n = 0; n < type.params.length; n += 1) this.#addLocal(type.params[n] as ValType);
    this.stacks.at = start;
    this.stacks.spend(type.params.length);
    let undefaulted = false;
    for (let run = 0; run < locals.length; run += 1) {
      const { count, type: local } = locals[run] as LocalRun;
      this.stacks.spend(count);
      const canonical = this.context.canonical(local, start);
      if (!isDefaultable(canonical)) undefaulted = true;
      for (let n = 0; n < count; n += 1) this.#addLocal(canonical);
    }
    this.#set.length = 0;
    this.#initialized = undefaulted ? this.#initialLocals(type.params.length) : NO_LOCALS;
    this.#return = type.results;
    this.#run(start, type.results, -1);
  }

  #addLocal(type: ValType): void {
    this.#locals[this.#localCount] = type;
    this.#localCount += 1;
  }

  #initialLocals(parameters: number): Uint8Array {
    const out = new Uint8Array(this.#localCount);
    for (let n = 0; n < out.length; n += 1)
      out[n] = n < parameters || isDefaultable(this.#locals[n] as ValType) ? 1 : 0;
    return out;
  }

  /** Validates a constant expression that may name the first `globals` globals. Section 3.4.11. */
  expression(start: number, expected: ValType, globals: number): void {
    this.#localCount = 0;
    this.#set.length = 0;
    this.#initialized = NO_LOCALS;
    this.#return = [expected];
    this.#run(start, [expected], globals);
  }

  #run(start: number, end: readonly ValType[], globals: number): void {
    const { stacks, context } = this;
    const input = this.in;
    input.at = start;
    stacks.at = start;
    stacks.reset();
    stacks.pushFrame(OP.block, [], end, 0);
    this.constant = globals >= 0;
    for (;;) {
      const at = input.at;
      stacks.at = at;
      const op = input.opcode();
      const uses = feature[op] as number;
      if (context.used[uses] === 0) context.use(FEATURES[uses] as (typeof FEATURES)[number], at);
      if (globals >= 0) this.#onlyConstant(op, globals);
      const takes = params[op];
      if (takes !== undefined) this.#plain(op, takes);
      else if (op === OP.localGet) stacks.push(this.readLocal(input.u32()));
      else if (op === OP.end) {
        if (this.#end()) return;
      } else {
        const rule = rules[op];
        if (rule !== undefined) rule(this);
        else this.#control(op);
      }
    }
  }

  #onlyConstant(op: number, globals: number): void {
    if (op === OP.end || CONSTANT.has(op)) {
      if (EXTENDED.has(op)) this.context.use("extended-const", this.stacks.at);
      return;
    }
    if (op !== GLOBAL_GET) throw invalid("constant expression required", this.stacks.at);
    const { at } = this.in;
    const index = this.in.u32();
    this.in.at = at;
    if (index >= globals) throw invalid(`unknown global ${index}`, this.stacks.at);
    // Before GC, constant expressions saw imported globals only.
    if (index >= this.context.importedGlobals) this.context.use("gc", this.stacks.at);
    if (this.context.global(index, this.stacks.at).mutable)
      throw invalid("constant expression required", this.stacks.at);
  }

  #plain(op: number, takes: Uint8Array): void {
    const { stacks } = this;
    let address: ValType = I32;
    const check = checks[op] as number;
    if (check !== NONE) address = this.#immediates(op, check);
    for (let n = takes.length - 1; n >= 0; n -= 1) {
      const type = takes[n] as ValType;
      stacks.pop(type === ADDRESS ? address : type);
    }
    const gives = results[op] as Uint8Array;
    for (let n = 0; n < gives.length; n += 1) {
      const type = gives[n] as ValType;
      stacks.push(type === ADDRESS ? address : type);
    }
  }

  /** Checks the immediates of a plain instruction; the address type of its memory. */
  #immediates(op: number, check: number): ValType {
    const input = this.in;
    const { at } = this.stacks;
    switch (check) {
      case MEMARG:
      case MEMARG_LANE: {
        const address = this.#memArg(op);
        if (check === MEMARG_LANE) this.#lane(op);
        return address;
      }
      case LANE:
        this.#lane(op);
        return I32;
      case LANES:
        for (let n = 0; n < 16; n += 1) if (input.byte() >= 32) throw invalid("invalid lane index", at);
        return I32;
      case MEMORY:
        return this.#address(input.u32());
      default:
        input.skip(op);
        return I32;
    }
  }

  #address(memory: number): ValType {
    return this.context.memory(memory, this.stacks.at).limits.address === "i64" ? I64 : I32;
  }

  #memArg(op: number): ValType {
    const input = this.in;
    const { at } = this.stacks;
    const flags = input.u32();
    const memory = (flags & 64) !== 0 ? input.u32() : 0;
    input.u64();
    const address = this.#address(memory);
    const align = flags & 63;
    const natural = alignment[op] as number;
    if (align > natural) throw invalid("alignment must not be larger than natural", at);
    if (align !== natural && (feature[op] as number) === THREADS)
      throw invalid("alignment must be equal to natural for atomics", at);
    if (address === I32 && input.high !== 0) throw invalid("offset out of range", at);
    return address;
  }

  #lane(op: number): void {
    if (this.in.byte() >= (laneCount[op] as number)) throw invalid("invalid lane index", this.stacks.at);
  }

  // --- control

  #blockType(): FuncType {
    const { bytes } = this.in;
    const byte = bytes[this.in.at] as number;
    if (byte === 0x40) {
      this.in.at += 1;
      return EMPTY;
    }
    if (byte < 128 && (byte & 64) !== 0) {
      return this.#giving(this.context.canonical(this.in.valType(), this.stacks.at));
    }
    const type = this.context.func(this.in.s64(), this.stacks.at);
    if (type.params.length > 0 || type.results.length > 1) this.context.use("multi-value", this.stacks.at);
    return type;
  }

  /** The type of a block that gives one value; the same object each time. */
  #giving(result: ValType): FuncType {
    const known = this.#blockTypes.get(result);
    if (known !== undefined) return known;
    const type = { params: [], results: [result] };
    this.#blockTypes.set(result, type);
    return type;
  }

  #end(): boolean {
    const { stacks } = this;
    const frame = stacks.popFrame();
    this.#forget(frame);
    if (
      frame.opcode === OP.if &&
      (frame.start.length !== frame.end.length || !this.#sameTypes(frame.start, frame.end))
    ) {
      throw invalid(`type mismatch: if without else must have the same parameters and results`, stacks.at);
    }
    stacks.pushAll(frame.end);
    return stacks.depth === 0;
  }

  #sameTypes(a: readonly ValType[], b: readonly ValType[]): boolean {
    return a.every((type, n) => this.context.registry.matches(type, b[n] as ValType));
  }

  /** Locals that were set inside a block count as unset after it. */
  #forget(frame: Frame): void {
    while (this.#set.length > frame.initialized) this.#initialized[this.#set.pop() as number] = 0;
  }

  #control(op: number): void {
    const { stacks, context } = this;
    const input = this.in;
    switch (op) {
      case OP.unreachable:
        stacks.setUnreachable();
        return;
      case OP.block:
      case OP.loop:
      case OP.try: {
        const type = this.#blockType();
        stacks.popAll(type.params);
        stacks.pushFrame(op, type.params, type.results, this.#set.length);
        return;
      }
      case OP.if: {
        const type = this.#blockType();
        stacks.pop(I32);
        stacks.popAll(type.params);
        stacks.pushFrame(op, type.params, type.results, this.#set.length);
        return;
      }
      case OP.else: {
        const frame = stacks.popFrame();
        this.#forget(frame);
        stacks.pushFrame(OP.else, frame.start, frame.end, frame.initialized);
        return;
      }
      case OP.catch:
      case OP.catchAll: {
        const frame = stacks.popFrame();
        this.#forget(frame);
        const caught = op === OP.catch ? context.tag(input.u32(), stacks.at).params : [];
        stacks.pushFrame(OP.catch, [], frame.end, frame.initialized);
        stacks.pushAll(caught);
        return;
      }
      case OP.delegate: {
        const frame = stacks.popFrame();
        this.#forget(frame);
        stacks.frame(input.u32());
        stacks.pushAll(frame.end);
        return;
      }
      case OP.rethrow: {
        const frame = stacks.frame(input.u32());
        if (frame.opcode !== OP.catch) throw invalid("invalid rethrow label", stacks.at);
        stacks.setUnreachable();
        return;
      }
      case OP.tryTable:
        this.#tryTable();
        return;
      case OP.br:
        stacks.popAll(labelTypes(stacks.frame(input.u32())));
        stacks.setUnreachable();
        return;
      case OP.brIf: {
        const frame = stacks.frame(input.u32());
        stacks.pop(I32);
        stacks.passAll(labelTypes(frame));
        return;
      }
      case OP.brTable:
        this.#brTable();
        return;
      case OP.return:
        stacks.popAll(this.#return);
        stacks.setUnreachable();
        return;
      case OP.throw:
        stacks.popAll(context.tag(input.u32(), stacks.at).params);
        stacks.setUnreachable();
        return;
      case OP.throwRef:
        stacks.pop(EXNREF);
        stacks.setUnreachable();
        return;
    }
  }

  #brTable(): void {
    const { stacks } = this;
    const input = this.in;
    const count = input.u32();
    stacks.pop(I32);
    let last: readonly ValType[] | undefined;
    for (let n = 0; n <= count; n += 1) {
      const types = labelTypes(stacks.frame(input.u32()));
      if (types === last) continue;
      if (last !== undefined && types.length !== last.length)
        throw invalid("type mismatch: labels of br_table take different numbers of operands", stacks.at);
      stacks.peekAll(types);
      last = types;
    }
    stacks.setUnreachable();
  }

  #tryTable(): void {
    const { stacks, context } = this;
    const input = this.in;
    const type = this.#blockType();
    stacks.popAll(type.params);
    for (let left = input.u32(); left > 0; left -= 1) {
      const kind = input.byte();
      const payload = kind < 2 ? [...context.tag(input.u32(), stacks.at).params] : [];
      if (kind === 1 || kind === 3) payload.push(refType(HEAP.exn, false));
      stacks.spend(payload.length);
      const label = labelTypes(stacks.frame(input.u32()));
      if (label.length !== payload.length || !this.#sameTypes(payload, label)) {
        throw invalid(`type mismatch: catch gives ${names(payload)} but its label takes ${names(label)}`, stacks.at);
      }
    }
    stacks.pushFrame(OP.tryTable, type.params, type.results, this.#set.length);
  }

  // --- what the rules below need

  local(index: number): ValType {
    if (index >= this.#localCount) throw invalid(`unknown local ${index}`, this.stacks.at);
    return this.#locals[index] as ValType;
  }

  readLocal(index: number): ValType {
    const type = this.local(index);
    if (this.#initialized[index] === 0) throw invalid(`uninitialized local ${index}`, this.stacks.at);
    return type;
  }

  setLocal(index: number): void {
    if (this.#initialized[index] !== 0) return;
    this.#initialized[index] = 1;
    this.#set.push(index);
  }

  /** A tail call: what the callee gives must be what this function gives. */
  tail(type: FuncType): void {
    const { stacks } = this;
    stacks.popAll(type.params);
    if (type.results.length !== this.#return.length || !this.#sameTypes(type.results, this.#return)) {
      throw invalid(
        `type mismatch: tail call gives ${names(type.results)}, the function ${names(this.#return)}`,
        stacks.at,
      );
    }
    stacks.setUnreachable();
  }
}

const EMPTY: FuncType = { params: [], results: [] };
const NO_LOCALS = new Uint8Array(0);
const THREADS = FEATURES.indexOf("threads");

type Rule = (v: CodeValidator) => void;

/** By dense opcode. */
const rules: (Rule | undefined)[] = Array.from({ length: OPCODES }, (_, op) => gcRules.get(op) ?? bulkRules.get(op));
const on = (name: string, rule: Rule) => {
  rules[opcode(name)] = rule;
};

on("drop", ({ stacks }) => {
  stacks.popAny();
});
rules[0x1b] = ({ stacks }) => {
  stacks.pop(I32);
  const b = stacks.popAny();
  const a = stacks.popAny();
  if (isRef(a) || isRef(b)) throw invalid("type mismatch: select without a type takes numbers and vectors", stacks.at);
  if (a !== b && a !== BOTTOM && b !== BOTTOM) throw stacks.mismatch(a, b);
  stacks.push(a === BOTTOM ? b : a);
};
rules[0x1c] = ({ stacks, in: input, context }) => {
  const count = input.u32();
  const types = Array.from({ length: count }, () => context.canonical(input.valType(), stacks.at));
  const [type] = types;
  if (type === undefined || count !== 1) throw invalid("invalid result arity", stacks.at);
  stacks.popAll([type, type, I32]);
  stacks.push(type);
};
on("local.set", (v) => {
  const index = v.in.u32();
  v.stacks.pop(v.local(index));
  v.setLocal(index);
});
on("local.tee", (v) => {
  const index = v.in.u32();
  const type = v.local(index);
  v.stacks.pop(type);
  v.setLocal(index);
  v.stacks.push(type);
});
on("global.get", ({ stacks, in: input, context }) => stacks.push(context.global(input.u32(), stacks.at).type));
on("global.set", ({ stacks, in: input, context }) => {
  const { type, mutable } = context.global(input.u32(), stacks.at);
  if (!mutable) throw invalid("immutable global", stacks.at);
  stacks.pop(type);
});

// --- calls

const call = ({ stacks }: CodeValidator, type: FuncType) => {
  stacks.popAll(type.params);
  stacks.pushAll(type.results);
};

/** The function type of an indirect call, with the index popped. */
function indirect({ stacks, in: input, context }: CodeValidator): FuncType {
  const index = input.u32();
  const number = input.u32();
  const { element, limits } = context.table(number, stacks.at);
  const type = context.func(index, stacks.at);
  if (number > 0) context.use("reference-types", stacks.at);
  if (!context.registry.matches(element, FUNCREF)) throw stacks.mismatch(FUNCREF, element);
  stacks.pop(limits.address === "i64" ? I64 : I32);
  return type;
}

function byReference({ stacks, in: input, context }: CodeValidator): FuncType {
  const index = input.u32();
  const type = context.func(index, stacks.at);
  stacks.pop(refType(concrete(context.typeId(index, stacks.at)), true));
  return type;
}

on("call", (v) => call(v, v.context.functionType(v.in.u32(), v.stacks.at)));
on("call_indirect", (v) => call(v, indirect(v)));
on("call_ref", (v) => call(v, byReference(v)));
on("return_call", (v) => v.tail(v.context.functionType(v.in.u32(), v.stacks.at)));
on("return_call_indirect", (v) => v.tail(indirect(v)));
on("return_call_ref", (v) => v.tail(byReference(v)));

// --- references

on("ref.null", (v) => v.stacks.push(v.context.canonical(refType(v.in.heapType(), true), v.stacks.at)));
on("ref.is_null", ({ stacks }) => {
  stacks.popRef();
  stacks.push(I32);
});
rules[REF_FUNC] = ({ stacks, in: input, context, constant }) => {
  const index = input.u32();
  const id = context.functionId(index, stacks.at);
  if (constant) context.declared.add(index);
  else if (!context.declared.has(index)) throw invalid(`undeclared function reference ${index}`, stacks.at);
  stacks.push(refType(concrete(id), false));
};
const nonNull = (type: ValType): ValType => (type === BOTTOM ? BOTTOM : asNonNull(type));
on("ref.as_non_null", ({ stacks }) => stacks.push(nonNull(stacks.popRef())));
on("br_on_null", ({ stacks, in: input }) => {
  const frame = stacks.frame(input.u32());
  const type = stacks.popRef();
  stacks.passAll(labelTypes(frame));
  stacks.push(nonNull(type));
});
on("br_on_non_null", ({ stacks, in: input }) => {
  const types = labelTypes(stacks.frame(input.u32()));
  const last = types.at(-1);
  if (last === undefined || !isRef(last)) throw invalid("type mismatch: the label takes no reference", stacks.at);
  const type = stacks.popRef();
  stacks.push(nonNull(type));
  stacks.pop(last);
  stacks.passAll(types.slice(0, -1));
});
