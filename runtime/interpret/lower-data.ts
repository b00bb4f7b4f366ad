/**
 * Lowering of every instruction that does not branch: by opcode, a function that reads immediates, takes operands from
 * the abstract stack and emits. Sections 4.6.1 to 4.6.9 of the core specification, except control.
 */

import type { CodeReader } from "../module/code-reader.ts";
import { opcode, opcodes } from "../module/opcodes.ts";
import {
  ANYREF,
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  I32,
  I64,
  isRef,
  refType,
  V128,
  type ValType,
} from "../module/val-type.ts";
import { type Emitter, widthOf, wordsOf } from "./emitter.ts";
import type { Signature } from "./linkage.ts";
import { findLoweredOp, loweredOp } from "./ops.ts";
import { semantics } from "./semantics.ts";
import type { SlowName } from "./slow-ops.ts";

interface Context {
  readonly in: CodeReader;
  readonly out: Emitter;
  readonly localTypes: readonly ValType[];
  readonly localSlots: readonly number[];
  readonly op: number;
}

type Rule = (c: Context) => void;

const rules: (Rule | undefined)[] = Array.from({ length: opcodes.length }, () => undefined);

/** Lowers one instruction; asserts that it is one of the table that is not control. */
export function lowerInstruction(
  op: number,
  input: CodeReader,
  out: Emitter,
  localTypes: readonly ValType[],
  localSlots: readonly number[],
): void {
  const rule = rules[op];
  if (rule === undefined) throw new Error(`no lowering for opcode 0x${op.toString(16)}`);
  rule({ in: input, out, localTypes, localSlots, op });
}

const on = (names: string, rule: Rule): void => {
  for (const name of names.split(" ")) rules[opcode(name)] = rule;
};

const TYPES: Readonly<Record<string, ValType>> = { i: I32, l: I64, f: F32, d: F64, v: V128 };
const typeOf = (letter: string): ValType => TYPES[letter] as ValType;

// --- numbers

const COMMUTATIVE = /\.(add|mul|and|or|xor|eq|ne)$/;
const MIRROR: Readonly<Record<string, string>> = { lt: "gt", gt: "lt", le: "ge", ge: "le" };

/** The same comparison with operands exchanged, or the operation itself when it commutes. */
function exchanged(name: string): string | undefined {
  if (COMMUTATIVE.test(name) && !name.startsWith("f")) return name;
  const found = /^(i32|i64|f32|f64)\.(lt|gt|le|ge)(_[su])?$/.exec(name);
  return found === null ? undefined : `${found[1]}.${MIRROR[found[2] as string]}${found[3] ?? ""}`;
}

for (const [name, { params, result }] of semantics) {
  const op = opcodes.find((one) => one?.name === name);
  if (op === undefined) throw new Error(`semantics of ${name}, which is no instruction`);
  // The table's types, not the semantics': operations on bits read floats as integers.
  const type = typeOf(op.signature?.results ?? result);
  const plain = loweredOp(name);
  const immediate = findLoweredOp(`${name}#`);
  const swapped = exchanged(name);
  const immediateSwapped = swapped === undefined ? -1 : findLoweredOp(`${swapped}#`);
  if (params.length === 1) {
    rules[op.code] = ({ out }) => {
      const entry = out.pop();
      if (name === "i32.eqz" && out.invertLast(entry)) {
        out.push(I32);
        return;
      }
      const a = out.slotOf(entry);
      out.into(plain, out.push(type), a);
    };
    continue;
  }
  const float = params === "ff" || params === "dd";
  rules[op.code] = ({ out }) => {
    const right = out.pop();
    const left = out.pop();
    if (out.isConst(right) && !out.isConst(left) && immediate !== -1) {
      const words = constantOperand(out, right, float, params);
      if (words !== undefined) {
        const a = out.slotOf(left);
        out.into(immediate, out.push(type), a, ...words);
        return;
      }
    } else if (out.isConst(left) && !out.isConst(right) && immediateSwapped !== -1) {
      const words = constantOperand(out, left, float, params);
      if (words !== undefined) {
        const a = out.slotOf(right);
        out.into(immediateSwapped, out.push(type), a, ...words);
        return;
      }
    }
    const a = out.slotOf(left);
    const b = out.slotOf(right);
    out.into(plain, out.push(type), a, b);
  };
}

function constantOperand(out: Emitter, entry: number, float: boolean, params: string): readonly number[] | undefined {
  const low = out.lows[entry] as number;
  const high = out.highs[entry] as number;
  if (!float) return params === "ll" ? [low, high] : [low];
  const at = out.link.constant([low, high]);
  return at < 0 ? undefined : [at];
}

/** A reinterpretation changes the type of an entry and nothing else: bits are where they were. */
const reinterpret =
  (type: ValType): Rule =>
  ({ out }) => {
    out.types[out.height - 1] = type;
  };
on("i32.reinterpret_f32", reinterpret(I32));
on("i64.reinterpret_f64", reinterpret(I64));
on("f32.reinterpret_i32", reinterpret(F32));
on("f64.reinterpret_i64", reinterpret(F64));

on("i32.const", ({ in: input, out }) => out.pushConst(I32, input.s64(), 0));
on("i64.const", ({ in: input, out }) => {
  const low = input.s64();
  out.pushConst(I64, low, input.high);
});
on("f32.const", ({ in: input, out }) => out.pushConst(F32, input.word(), 0));
on("f64.const", ({ in: input, out }) => {
  const low = input.word();
  out.pushConst(F64, low, input.word());
});

on("i64.add128 i64.sub128", ({ in: _, out, op }) => {
  const [e, c, b, a] = [out.popSlot(), out.popSlot(), out.popSlot(), out.popSlot()];
  const d = out.push(I64);
  out.push(I64);
  out.slow("wide.arithmetic", op, d, a, b, c, e);
});
on("i64.mul_wide_s i64.mul_wide_u", ({ out, op }) => {
  const [b, a] = [out.popSlot(), out.popSlot()];
  const d = out.push(I64);
  out.push(I64);
  out.slow("wide.arithmetic", op, d, a, b, 0, 0);
});

// --- parametric and variable instructions

on("nop", () => {});
on("drop", ({ out }) => {
  out.pop();
});

const select: Rule = ({ in: input, out, op }) => {
  if (op === 0x1c) for (let left = input.u32(); left > 0; left -= 1) input.valType();
  const c = out.popSlot();
  const second = out.pop();
  const first = out.pop();
  const a = out.slotOf(first);
  const b = out.slotOf(second);
  const type = out.types[first] as ValType;
  const width = widthOf(type);
  const d = out.push(type);
  if (width === "32" || width === "64") out.into(loweredOp(`select.${width}`), d, a, b, c);
  else out.slow(`select.${width}`, d, a, b, c);
};
rules[0x1b] = select;
rules[0x1c] = select;

on("local.get", ({ in: input, out, localTypes, localSlots }) => {
  const index = input.u32();
  out.pushLocal(localTypes[index] as ValType, localSlots[index] as number);
});
on("local.set", ({ in: input, out, localSlots }) => {
  const slot = localSlots[input.u32()] as number;
  out.setLocal(out.pop(), slot);
});
on("local.tee", ({ in: input, out, localTypes, localSlots }) => {
  const index = input.u32();
  const slot = localSlots[index] as number;
  out.setLocal(out.pop(), slot);
  out.pushLocal(localTypes[index] as ValType, slot);
});

on("global.get", ({ in: input, out }) => {
  const index = input.u32();
  const cell = out.link.globalCell(index);
  const type = out.link.globalType(index);
  const width = widthOf(type);
  const d = out.push(type);
  if (width === "32" || width === "64") out.into(loweredOp(`global.get.${width}`), d, cell);
  else out.slow(`global.get.${width}`, d, cell);
});
on("global.set", ({ in: input, out }) => {
  const index = input.u32();
  const cell = out.link.globalCell(index);
  const width = widthOf(out.link.globalType(index));
  const a = out.popSlot();
  if (width === "32" || width === "64") out.emit(loweredOp(`global.set.${width}`), cell, a);
  else out.slow(`global.set.${width}`, cell, a);
});

// --- memory

interface MemArg {
  readonly memory: number;
  readonly low: number;
  readonly high: number;
}

function memArg(input: CodeReader): MemArg {
  const memory = (input.u32() & 64) !== 0 ? input.u32() : 0;
  const low = input.u64();
  return { memory, low, high: input.high };
}

/** The loop's own accesses: the first memory, 32-bit addresses, an offset that is a non-negative int32. */
const isPlain = (out: Emitter, { memory, low, high }: MemArg): boolean =>
  memory === 0 && high === 0 && low >= 0 && out.link.memoryAddress(0) === "i32";

for (const one of opcodes) {
  if (one === undefined || one.immediates !== "memarg" || one.feature !== "mvp") continue;
  const { name, code, signature } = one;
  const base = name.replace(/^f32/, "i32").replace(/^f64/, "i64");
  const fast = loweredOp(base);
  // Accesses of floats are those of their bits.
  const access = opcode(base);
  rules[code] =
    signature?.results === ""
      ? ({ in: input, out }) => {
          const at = memArg(input);
          const value = out.pop();
          const address = out.pop();
          const a = out.slotOf(address);
          const b = out.slotOf(value);
          if (isPlain(out, at)) out.emit(fast, a, b, at.low);
          else out.slow("store", access, out.link.memoryId(at.memory), a, b, at.low, at.high);
        }
      : ({ in: input, out }) => {
          const at = memArg(input);
          const a = out.popSlot();
          const d = out.push(typeOf(signature?.results ?? ""));
          if (isPlain(out, at)) out.into(fast, d, a, at.low);
          else out.slow("load", access, out.link.memoryId(at.memory), d, a, at.low, at.high);
        };
}

const addressType = (out: Emitter, memory: number): ValType => (out.link.memoryAddress(memory) === "i32" ? I32 : I64);
const indexType = (out: Emitter, table: number): ValType => (out.link.tableAddress(table) === "i32" ? I32 : I64);

on("memory.size", ({ in: input, out }) => {
  const memory = input.u32();
  out.slow("memory.size", out.link.memoryId(memory), out.push(addressType(out, memory)));
});
on("memory.grow", ({ in: input, out }) => {
  const memory = input.u32();
  const a = out.popSlot();
  out.slow("memory.grow", out.link.memoryId(memory), out.push(addressType(out, memory)), a);
});
on("memory.fill", ({ in: input, out }) => {
  const memory = out.link.memoryId(input.u32());
  const [c, b, a] = [out.popSlot(), out.popSlot(), out.popSlot()];
  out.slow("memory.fill", memory, a, b, c);
});
on("memory.copy", ({ in: input, out }) => {
  const to = out.link.memoryId(input.u32());
  const from = out.link.memoryId(input.u32());
  const [c, b, a] = [out.popSlot(), out.popSlot(), out.popSlot()];
  out.slow("memory.copy", to, from, a, b, c);
});
on("memory.init", ({ in: input, out }) => {
  const segment = out.link.dataId(input.u32());
  const memory = out.link.memoryId(input.u32());
  const [c, b, a] = [out.popSlot(), out.popSlot(), out.popSlot()];
  out.slow("memory.init", memory, segment, a, b, c);
});
on("data.drop", ({ in: input, out }) => {
  out.slow("data.drop", out.link.dataId(input.u32()));
});

// --- tables and references

on("table.get", ({ in: input, out }) => {
  const table = input.u32();
  const a = out.popSlot();
  out.slow("table.get", out.link.tableId(table), out.push(out.link.tableElement(table)), a);
});
on("table.set", ({ in: input, out }) => {
  const table = out.link.tableId(input.u32());
  const [b, a] = [out.popSlot(), out.popSlot()];
  out.slow("table.set", table, a, b);
});
on("table.size", ({ in: input, out }) => {
  const table = input.u32();
  out.slow("table.size", out.link.tableId(table), out.push(indexType(out, table)));
});
on("table.grow", ({ in: input, out }) => {
  const table = input.u32();
  const [b, a] = [out.popSlot(), out.popSlot()];
  out.slow("table.grow", out.link.tableId(table), out.push(indexType(out, table)), a, b);
});
on("table.fill", ({ in: input, out }) => {
  const table = out.link.tableId(input.u32());
  const [c, b, a] = [out.popSlot(), out.popSlot(), out.popSlot()];
  out.slow("table.fill", table, a, b, c);
});
on("table.copy", ({ in: input, out }) => {
  const to = out.link.tableId(input.u32());
  const from = out.link.tableId(input.u32());
  const [c, b, a] = [out.popSlot(), out.popSlot(), out.popSlot()];
  out.slow("table.copy", to, from, a, b, c);
});
on("table.init", ({ in: input, out }) => {
  const segment = out.link.elementId(input.u32());
  const table = out.link.tableId(input.u32());
  const [c, b, a] = [out.popSlot(), out.popSlot(), out.popSlot()];
  out.slow("table.init", table, segment, a, b, c);
});
on("elem.drop", ({ in: input, out }) => {
  out.slow("elem.drop", out.link.elementId(input.u32()));
});

on("ref.null", ({ in: input, out }) => {
  out.slow("ref.null", out.push(refType(input.heapType(), true)));
});
on("ref.func", ({ in: input, out }) => {
  const f = out.link.functionId(input.u32());
  out.slow("ref.func", out.push(FUNCREF), f);
});

/** Rules that pop `count` operands, push one result, and name no immediate. */
const simple = (names: string, slow: SlowName, count: number, result: ValType, ...more: readonly number[]): void =>
  on(names, ({ out }) => {
    const operands: number[] = [];
    for (let n = 0; n < count; n += 1) operands.unshift(out.popSlot());
    out.slow(slow, out.push(result), ...operands, ...more);
  });

simple("ref.is_null", "ref.is_null", 1, I32);
simple("ref.eq", "ref.eq", 2, I32);
simple("ref.as_non_null", "ref.as_non_null", 1, ANYREF);
simple("any.convert_extern", "any.convert_extern", 1, ANYREF);
simple("extern.convert_any", "extern.convert_any", 1, EXTERNREF);
simple("ref.i31", "ref.i31", 1, ANYREF);
simple("i31.get_s", "i31.get", 1, I32, 1);
simple("i31.get_u", "i31.get", 1, I32, 0);
simple("array.len", "array.len", 1, I32);

const cast =
  (nullable: boolean, slow: "ref.test" | "ref.cast"): Rule =>
  ({ in: input, out }) => {
    const type = out.link.canonical(refType(input.heapType(), nullable));
    const a = out.popSlot();
    out.slow(slow, out.push(slow === "ref.test" ? I32 : ANYREF), a, type);
  };
on("ref.test", cast(false, "ref.test"));
on("ref.test_null", cast(true, "ref.test"));
on("ref.cast", cast(false, "ref.cast"));
on("ref.cast_null", cast(true, "ref.cast"));

// --- structures and arrays

on("struct.new", ({ in: input, out }) => {
  const index = input.u32();
  const { length } = out.link.fields(index);
  const base = takeArguments(out, length);
  out.slow("struct.new", out.link.typeId(index), out.push(ANYREF), base);
});
on("struct.new_default", ({ in: input, out }) => {
  out.slow("struct.new_default", out.link.typeId(input.u32()), out.push(ANYREF));
});

/** What a field of this storage type is on the stack. */
const unpacked = (type: ValType): ValType => (isRef(type) || type <= V128 ? type : I32);

const structGet =
  (signed: number): Rule =>
  ({ in: input, out }) => {
    const index = input.u32();
    const field = input.u32();
    const a = out.popSlot();
    const { type } = out.link.fields(index)[field] as { type: ValType };
    out.slow("struct.get", out.link.typeId(index), field, out.push(unpacked(type)), a, signed);
  };
on("struct.get struct.get_u", structGet(0));
on("struct.get_s", structGet(1));
on("struct.set", ({ in: input, out }) => {
  const type = out.link.typeId(input.u32());
  const field = input.u32();
  const [b, a] = [out.popSlot(), out.popSlot()];
  out.slow("struct.set", type, field, a, b);
});

on("array.new", ({ in: input, out }) => {
  const type = out.link.typeId(input.u32());
  const [b, a] = [out.popSlot(), out.popSlot()];
  out.slow("array.new", type, out.push(ANYREF), a, b);
});
on("array.new_default", ({ in: input, out }) => {
  const type = out.link.typeId(input.u32());
  const a = out.popSlot();
  out.slow("array.new_default", type, out.push(ANYREF), a);
});
on("array.new_fixed", ({ in: input, out }) => {
  const type = out.link.typeId(input.u32());
  const count = input.u32();
  const base = takeArguments(out, count);
  out.slow("array.new_fixed", type, out.push(ANYREF), base, count);
});
const arrayNewFrom =
  (slow: "array.new_data" | "array.new_elem"): Rule =>
  ({ in: input, out }) => {
    const type = out.link.typeId(input.u32());
    const segment = slow === "array.new_data" ? out.link.dataId(input.u32()) : out.link.elementId(input.u32());
    const [b, a] = [out.popSlot(), out.popSlot()];
    out.slow(slow, type, segment, out.push(ANYREF), a, b);
  };
on("array.new_data", arrayNewFrom("array.new_data"));
on("array.new_elem", arrayNewFrom("array.new_elem"));
const arrayGet =
  (signed: number): Rule =>
  ({ in: input, out }) => {
    const index = input.u32();
    const [b, a] = [out.popSlot(), out.popSlot()];
    const { type } = out.link.fields(index)[0] as { type: ValType };
    out.slow("array.get", out.link.typeId(index), out.push(unpacked(type)), a, b, signed);
  };
on("array.get array.get_u", arrayGet(0));
on("array.get_s", arrayGet(1));
on("array.set", ({ in: input, out }) => {
  const type = out.link.typeId(input.u32());
  const [c, b, a] = [out.popSlot(), out.popSlot(), out.popSlot()];
  out.slow("array.set", type, a, b, c);
});
on("array.fill", ({ in: input, out }) => {
  const type = out.link.typeId(input.u32());
  const [e, c, b, a] = [out.popSlot(), out.popSlot(), out.popSlot(), out.popSlot()];
  out.slow("array.fill", type, a, b, c, e);
});
on("array.copy", ({ in: input, out }) => {
  const type = out.link.typeId(input.u32());
  const from = out.link.typeId(input.u32());
  const [g, e, c, b, a] = [out.popSlot(), out.popSlot(), out.popSlot(), out.popSlot(), out.popSlot()];
  out.slow("array.copy", type, from, a, b, c, e, g);
});
const arrayInit =
  (slow: "array.init_data" | "array.init_elem"): Rule =>
  ({ in: input, out }) => {
    const type = out.link.typeId(input.u32());
    const segment = slow === "array.init_data" ? out.link.dataId(input.u32()) : out.link.elementId(input.u32());
    const [e, c, b, a] = [out.popSlot(), out.popSlot(), out.popSlot(), out.popSlot()];
    out.slow(slow, type, segment, a, b, c, e);
  };
on("array.init_data", arrayInit("array.init_data"));
on("array.init_elem", arrayInit("array.init_elem"));

// --- calls and exceptions

/** Brings the top entries into their canonical slots, pops them, and returns the first one's slot. */
function takeArguments(out: Emitter, count: number): number {
  out.flush(count);
  for (let n = 0; n < count; n += 1) out.pop();
  return out.words;
}

function callWith(out: Emitter, { params, results }: Signature, emit: (base: number) => void): void {
  const base = takeArguments(out, params.length);
  emit(base);
  for (const type of results) out.push(type);
}

on("call", ({ in: input, out }) => {
  const index = input.u32();
  const f = out.link.functionId(index);
  callWith(out, out.link.functionSignature(index), (base) => {
    out.emit(out.link.isOwn(index) ? CALL : CALL_OTHER, f, base);
  });
});
const CALL = loweredOp("call");
const CALL_OTHER = loweredOp("call.other");
const CALL_INDIRECT = loweredOp("call_indirect");

/** The slot of the index as an i32: tables have fewer than 2^32 elements. */
function tableIndex(out: Emitter, table: number): number {
  const slot = out.popSlot();
  if (out.link.tableAddress(table) === "i32") return slot;
  const narrow = out.words;
  out.slow("index.narrow", narrow, slot);
  return narrow;
}

on("call_indirect", ({ in: input, out }) => {
  const type = input.u32();
  const table = input.u32();
  const index = tableIndex(out, table);
  callWith(out, out.link.signature(type), (base) => {
    out.emit(CALL_INDIRECT, out.link.tableId(table), out.link.typeId(type), index, base);
  });
});
on("call_ref", ({ in: input, out }) => {
  const type = input.u32();
  const reference = out.popSlot();
  callWith(out, out.link.signature(type), (base) => {
    out.slow("call_ref", reference, base);
  });
});

const words = (types: readonly ValType[]): number => types.reduce((sum, type) => sum + wordsOf(type), 0);

on("return_call", ({ in: input, out }) => {
  const index = input.u32();
  const { params } = out.link.functionSignature(index);
  out.slow("return_call", out.link.functionId(index), takeArguments(out, params.length), words(params));
});
on("return_call_indirect", ({ in: input, out }) => {
  const type = input.u32();
  const table = input.u32();
  const index = tableIndex(out, table);
  const { params } = out.link.signature(type);
  const base = takeArguments(out, params.length);
  out.slow("return_call_indirect", out.link.tableId(table), out.link.typeId(type), index, base, words(params));
});
on("return_call_ref", ({ in: input, out }) => {
  const type = input.u32();
  const reference = out.popSlot();
  const { params } = out.link.signature(type);
  const base = takeArguments(out, params.length);
  out.slow("return_call_ref", reference, base, words(params));
});

on("throw", ({ in: input, out }) => {
  const tag = input.u32();
  const base = takeArguments(out, out.link.tagSignature(tag).params.length);
  out.slow("throw", out.link.tagId(tag), base);
});
on("throw_ref", ({ out }) => {
  out.slow("throw_ref", out.popSlot());
});

// --- vectors

on("v128.const", ({ in: input, out }) => {
  const four = [input.word(), input.word(), input.word(), input.word()] as const;
  out.slow("const.128", out.push(V128), ...four);
});

for (const one of opcodes) {
  if (one === undefined || (one.feature !== "simd" && one.feature !== "relaxed-simd")) continue;
  const { name, code, immediates, signature } = one;
  if (name === "v128.const") continue;
  const params = signature?.params ?? "";
  const results = signature?.results ?? "";
  if (immediates === "memarg" || immediates === "memarg-lane") {
    rules[code] = ({ in: input, out, op }) => {
      const at = memArg(input);
      const lane = immediates === "memarg-lane" ? input.byte() : 0;
      const memory = out.link.memoryId(at.memory);
      const b = params === "av" ? out.popSlot() : 0;
      const a = out.popSlot();
      if (results === "") out.slow("vector.store", op, memory, a, b, at.low, at.high, lane);
      else out.slow("vector.load", op, memory, out.push(V128), a, b, at.low, at.high, lane);
    };
    continue;
  }
  rules[code] = ({ in: input, out, op }) => {
    if (immediates === "lanes") {
      const four = [input.word(), input.word(), input.word(), input.word()] as const;
      const [second, first] = [out.popSlot(), out.popSlot()];
      out.slow("vector.shuffle", out.push(V128), first, second, ...four);
      return;
    }
    const lane = immediates === "lane" ? input.byte() : 0;
    const operands = [0, 0, 0];
    for (let n = params.length - 1; n >= 0; n -= 1) operands[n] = out.popSlot();
    const [a = 0, b = 0, c = 0] = operands;
    out.slow("vector", op, out.push(typeOf(results)), a, b, c, lane);
  };
}

// --- atomics

for (const one of opcodes) {
  if (one === undefined || one.feature !== "threads") continue;
  const { code, immediates, signature } = one;
  const params = signature?.params ?? "";
  const results = signature?.results ?? "";
  rules[code] = ({ in: input, out, op }) => {
    if (immediates === "fence") {
      input.byte();
      return;
    }
    const at = memArg(input);
    const operands = [0, 0, 0];
    for (let n = params.length - 1; n >= 0; n -= 1) operands[n] = out.popSlot();
    const [a = 0, b = 0, c = 0] = operands;
    const d = results === "" ? 0 : out.push(typeOf(results));
    out.slow("atomic", op, out.link.memoryId(at.memory), d, a, b, c, at.low, at.high);
  };
}
