/** Expressions of a generated program: every instruction that leaves a number, vector or reference. */
import { writeHeapType, writeValType } from "../../../runtime/binary/encode-types.ts";
import { opcodes } from "../../../runtime/module/opcodes.ts";
import {
  ANYREF,
  concrete,
  EQREF,
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  HEAP,
  heapOf,
  I31REF,
  I32,
  I64,
  isConcrete,
  isRef,
  refType,
  typeIndexOf,
  V128,
  type ValType,
} from "../../../runtime/module/val-type.ts";
import type { Random } from "../random.ts";
import { constant, word, writeNull } from "./observe.ts";
import { ARRAY_LENGTH, anyType, ELEMENTS, NUMBERS, TABLE_LENGTH, TYPE, type World } from "./program-world.ts";
import type { Writer } from "./write.ts";

/** A label that a branch may name: what it takes; undefined when nothing should branch there. */
export type Label = readonly ValType[] | undefined;

/** One body under construction. */
export interface Maker {
  readonly out: Writer;
  readonly random: Random;
  readonly world: World;
  readonly locals: ValType[];
  /** Locals that only loops may set. */
  readonly counters: Set<number>;
  readonly index: number;
  readonly results: readonly ValType[];
  /** Outermost first. */
  readonly labels: Label[];
  loops: number;
  /** Expressions that may still be begun. */
  fuel: number;
  statements(maker: Maker, most: number): void;
}

const LETTER: Readonly<Record<string, ValType>> = { i: I32, l: I64, f: F32, d: F64, v: V128 };

interface Numeric {
  readonly name: string;
  readonly immediates: string;
  readonly params: string;
}

/** Instructions by the letter of their result; relaxed ones are written with operands that leave no choice. */
const BY_RESULT = new Map<ValType, readonly Numeric[]>();
/** Loads, and atomic instructions that leave what was there. */
const LOADS = new Map<ValType, readonly Numeric[]>();
for (const [letter, type] of Object.entries(LETTER)) {
  const all = opcodes.flatMap((one): readonly Numeric[] => {
    const skipped = one === undefined || /relaxed|atomic\.wait|const$|add128|sub128|mul_wide/.test(one.name);
    if (skipped || one.signature?.results !== letter) return [];
    return [{ name: one.name, immediates: one.immediates, params: one.signature.params }];
  });
  LOADS.set(
    type,
    all.filter(({ params }) => params.startsWith("a")),
  );
  BY_RESULT.set(
    type,
    all.filter(({ params, immediates }) => !params.startsWith("a") && !immediates.startsWith("mem")),
  );
}

export const nonNull = (index: number): ValType => refType(concrete(index), false);

/** Pushes a value of the type, or of one below it. */
export function value(m: Maker, type: ValType): void {
  m.fuel -= 1;
  const { random } = m;
  if (m.fuel <= 0 || random.chance(0.25)) return leaf(m, type);
  if (random.chance(0.18)) return structured(m, type);
  if (random.chance(0.06) && call(m, type)) return;
  if (isRef(type)) reference(m, type);
  else number(m, type);
}

function leaf(m: Maker, type: ValType): void {
  const { random, out, world } = m;
  const fits = (one: ValType) => world.matches(one, type);
  const locals = m.locals.flatMap((one, n) => (fits(one) ? [n] : []));
  if (locals.length > 0 && random.chance(0.6)) return void out.op("local.get", random.pick(locals));
  const globals = world.globals.flatMap((one, n) => (fits(one.type) ? [n] : []));
  if (globals.length > 0 && random.chance(0.4)) return void out.op("global.get", random.pick(globals));
  if (isRef(type)) simplest(m, type);
  else constant(out, type, random);
}

// --- numbers and vectors

function number(m: Maker, type: ValType): void {
  const { random } = m;
  if (random.chance(0.14)) return load(m, type);
  if (type === I32 && random.chance(0.15)) return question(m);
  if (random.chance(0.12)) return field(m, type);
  if (type === V128 && random.chance(0.06)) return relaxed(m);
  const { name, immediates, params } = random.pick(BY_RESULT.get(type) ?? []);
  if (params.length === 0) return leaf(m, type);
  for (const [n, letter] of [...params].entries()) {
    value(m, LETTER[letter] as ValType);
    const divides = n === 1 && /^i(?:32|64)\.(?:div|rem)/.test(name);
    if (divides && random.chance(0.9)) odd(m, letter);
  }
  if (/trunc_f/.test(name) && random.chance(0.9)) return saturated(m, name);
  m.out.op(name);
  if (immediates === "lane") m.out.byte(random.below(lanesOf(name)));
  if (immediates === "lanes") for (let n = 0; n < 16; n += 1) m.out.byte(random.below(32));
}

/** A divisor that is not zero; -1 with the least number is left to chance. */
function odd(m: Maker, letter: string): void {
  if (letter === "i") m.out.i32(1).op("i32.or");
  else m.out.i64(1n).op("i64.or");
}

function saturated(m: Maker, name: string): void {
  m.out.op(name.replace("trunc_f", "trunc_sat_f"));
}

const lanesOf = (name: string): number => Number(/x(\d+)/.exec(name)?.[1] ?? 2);

/** An address in bounds, nearly always, of a memory or below a length; of the width it needs. */
export function below(m: Maker, length: number, wide: boolean): void {
  const { random, out } = m;
  const cut = random.chance(0.985);
  if (random.chance(0.3)) {
    const at = cut ? random.below(length) & -8 : word(random);
    if (wide) out.i64(BigInt(at));
    else out.i32(at);
    return;
  }
  value(m, wide ? I64 : I32);
  const mask = (length - 1) & (length > 64 ? -8 : -1);
  if (!cut) return;
  if (wide) out.i64(BigInt(mask)).op("i64.and");
  else out.i32(mask).op("i32.and");
}

export const wideMemory = (m: Maker, n: number) => m.world.memories[n]?.limits.address === "i64";
export const wideTable = (m: Maker, n: number) => m.world.tables[n]?.limits.address === "i64";

/** The name of an access, with alignment and offset. */
export function access(m: Maker, name: string, memory: number): void {
  const { random, out } = m;
  const width = /atomic\.(?:load|store|rmw)(8|16|32)/.exec(name)?.[1] ?? (/^i64/.test(name) ? "64" : "32");
  const align = /atomic/.test(name) ? Math.log2(Number(width) / 8) : 0;
  const offset = random.chance(0.7) ? 0 : random.chance(0.96) ? 8 * random.below(40) : random.below(70_000);
  out.op(name).byte(align | (memory === 0 ? 0 : 0x40));
  if (memory !== 0) out.u32(memory);
  out.u64(BigInt(/atomic/.test(name) ? offset & -8 : offset));
}

function load(m: Maker, type: ValType): void {
  const { random } = m;
  const memory = random.below(m.world.memories.length);
  const { name, params, immediates } = random.pick(LOADS.get(type) ?? []);
  below(m, 0x8000, wideMemory(m, memory));
  for (const letter of params.slice(1)) value(m, LETTER[letter] as ValType);
  access(m, name, memory);
  if (immediates === "memarg-lane") m.out.byte(random.below(128 / Number(/load(\d+)/.exec(name)?.[1] ?? 64)));
}

/** Something that answers with an i32: about references, sizes, growth. */
function question(m: Maker): void {
  const { random, out, world } = m;
  const memory = random.below(world.memories.length);
  const table = random.below(world.tables.length);
  const narrow = (wide: boolean) => void (wide && out.op("i32.wrap_i64"));
  switch (random.below(9)) {
    case 0:
      out.op("memory.size", memory);
      return narrow(wideMemory(m, memory));
    case 1:
      out.op("table.size", table);
      return narrow(wideTable(m, table));
    case 2:
      if (wideMemory(m, memory)) out.i64(BigInt(random.below(3)));
      else out.i32(random.below(3));
      out.op("memory.grow", memory);
      return narrow(wideMemory(m, memory));
    case 3:
      value(m, world.tables[table]?.element ?? FUNCREF);
      if (wideTable(m, table)) out.i64(BigInt(random.below(20)));
      else out.i32(random.below(20));
      out.op("table.grow", table);
      return narrow(wideTable(m, table));
    case 4:
      value(m, anyRef(m));
      out.op("ref.is_null");
      return;
    case 5:
      value(m, EQREF);
      value(m, EQREF);
      out.op("ref.eq");
      return;
    case 6:
      value(m, ANYREF);
      out.op(random.pick(["ref.test", "ref.test_null"]));
      return writeHeapType(out, random.pick(HEAPS));
    case 7:
      object(m, TYPE.arrays + random.below(ELEMENTS.length));
      out.op("array.len");
      return;
    default:
      value(m, I31REF);
      out.op("ref.as_non_null").op(random.pick(["i31.get_s", "i31.get_u"]));
  }
}

export const HEAPS = [
  HEAP.i31,
  HEAP.struct,
  HEAP.array,
  HEAP.eq,
  HEAP.none,
  concrete(1),
  concrete(2),
  concrete(3),
  concrete(6),
];

function anyRef(m: Maker): ValType {
  for (;;) {
    const type = anyType(m.random);
    if (isRef(type)) return type;
  }
}

/** A field or element of the type, where objects hold such. */
function field(m: Maker, type: ValType): void {
  const { random, out, world } = m;
  const found: (() => void)[] = [];
  for (const [index, { composite }] of world.types.entries()) {
    if (composite.kind === "func") continue;
    const fields = composite.kind === "struct" ? composite.fields : [composite.field];
    for (const [n, one] of fields.entries()) {
      const packed = !isRef(one.type) && one.type > V128;
      if (!(packed ? type === I32 : world.matches(one.type, type))) continue;
      const sign = packed ? random.pick(["_s", "_u"]) : "";
      found.push(() => {
        object(m, index);
        if (composite.kind === "struct") return void out.op(`struct.get${sign}`, index, n);
        below(m, ARRAY_LENGTH, false);
        out.op(`array.get${sign}`, index);
      });
    }
  }
  if (found.length === 0) leaf(m, type);
  else random.pick(found)();
}

/** A relaxed instruction whose operands leave it one result: exact products, indices and masks that are none or all. */
function relaxed(m: Maker): void {
  const { random, out } = m;
  const vector = () => value(m, V128);
  const masked = (byte: number) => {
    vector();
    out.i32(byte).op("i8x16.splat").op("v128.and");
  };
  /** Small whole numbers as floats: no NaN, no negative zero, products without rounding. */
  const whole = (shape: string) => {
    vector();
    out.i32(22).op("i32x4.shr_s");
    out.op(shape === "f32x4" ? "f32x4.convert_i32x4_s" : "f64x2.convert_low_i32x4_s");
  };
  const shape = random.pick(["f32x4", "f64x2"]);
  switch (random.below(7)) {
    case 0:
      vector();
      masked(15);
      return void out.op("i8x16.relaxed_swizzle");
    case 1: {
      const lanes = random.pick(["i8x16", "i16x8", "i32x4", "i64x2"]);
      for (let n = 0; n < 4; n += 1) vector();
      return void out.op(`${lanes}.lt_s`).op(`${lanes}.relaxed_laneselect`);
    }
    case 2:
      for (let n = 0; n < 3; n += 1) whole(shape);
      return void out.op(`${shape}.${random.pick(["relaxed_madd", "relaxed_nmadd"])}`);
    case 3:
      for (let n = 0; n < 2; n += 1) whole(shape);
      return void out.op(`${shape}.${random.pick(["relaxed_min", "relaxed_max"])}`);
    case 4:
      whole(shape);
      return void out.op(`i32x4.relaxed_trunc_${shape}_s${shape === "f64x2" ? "_zero" : ""}`);
    case 5:
      masked(127);
      masked(127);
      return void out.op("i16x8.relaxed_q15mulr_s");
    default:
      vector();
      masked(127);
      return void out.op("i16x8.relaxed_dot_i8x16_i7x16_s");
  }
}

// --- references

function reference(m: Maker, type: ValType): void {
  const { random, out, world } = m;
  if (random.chance(0.25)) return field(m, type);
  const tables = world.tables.flatMap((one, n) => (world.matches(one.element, type) ? [n] : []));
  if (tables.length > 0 && random.chance(0.4)) {
    const table = random.pick(tables);
    below(m, TABLE_LENGTH, wideTable(m, table));
    return void out.op("table.get", table);
  }
  if (isConcrete(heapOf(type)) && world.matches(type, ANYREF) && random.chance(0.15)) {
    // Down again by a cast that often fails to be needed, and at times fails.
    object(m, typeIndexOf(heapOf(type)), true);
    out.op("ref.cast_null");
    return writeHeapType(out, heapOf(type));
  }
  if (type === EXTERNREF) {
    value(m, ANYREF);
    return void out.op("extern.convert_any");
  }
  if (type === ANYREF && random.chance(0.3)) {
    value(m, EXTERNREF);
    return void out.op("any.convert_extern");
  }
  simplest(m, type);
}

/** A new reference, or null where nothing can be made. */
function simplest(m: Maker, type: ValType): void {
  const { random, out, world } = m;
  const heap = heapOf(type);
  const functions = world.functions.flatMap((one, n) => (world.matches(nonNull(one), type) ? [n] : []));
  if (functions.length > 0) return void out.op("ref.func", random.pick(functions));
  if (heap === HEAP.i31 || (random.chance(0.5) && world.matches(I31REF, type))) {
    if (m.fuel > 0) value(m, I32);
    else constant(out, I32, random);
    return void out.op("ref.i31");
  }
  const objects = world.types.flatMap(({ composite }, n) =>
    composite.kind !== "func" && world.matches(nonNull(n), type) ? [n] : [],
  );
  if (objects.length > 0 && random.chance(0.85)) return object(m, random.pick(objects));
  writeNull(out, type);
}

/** A struct or array of the type, new or out of a local. `boxed`: seen as anyref. */
export function object(m: Maker, index: number, boxed = false): void {
  const { random, out, world } = m;
  const locals = m.locals.flatMap((one, n) =>
    world.matches(one, boxed ? ANYREF : refType(concrete(index), true)) ? [n] : [],
  );
  if (locals.length > 0 && random.chance(0.3)) {
    const local = random.pick(locals);
    // Null or of another type at times: then it is replaced by a new one.
    out.op("local.get", local).op(boxed ? "ref.test_null" : "ref.is_null");
    if (boxed) writeHeapType(out, concrete(index));
    else out.op("i32.eqz");
    out.op("if");
    writeValType(out, boxed ? ANYREF : nonNull(index));
    out.op("local.get", local);
    if (!boxed) out.op("ref.as_non_null");
    out.op("else");
    m.labels.push(undefined);
    create(m, index);
    m.labels.pop();
    return void out.op("end");
  }
  create(m, index);
}

function create(m: Maker, index: number): void {
  const { random, out, world } = m;
  m.fuel -= 1;
  const composite = world.types[index]?.composite;
  if (composite?.kind === "struct") {
    if (m.fuel <= 0 || random.chance(0.4)) return void out.op("struct.new_default", index);
    for (const { type } of composite.fields) value(m, unpacked(type));
    return void out.op("struct.new", index);
  }
  if (composite?.kind !== "array") throw new Error("no object type");
  const type = unpacked(composite.field.type);
  const choice = m.fuel <= 0 ? 0 : random.below(6);
  if (choice <= 1) out.i32(ARRAY_LENGTH + random.below(4)).op("array.new_default", index);
  else if (choice <= 3) {
    for (let n = 0; n < ARRAY_LENGTH; n += 1) leaf(m, type);
    out.op("array.new_fixed", index, ARRAY_LENGTH);
  } else if (choice === 4 && isRef(type)) {
    const segment = world.elements.indexOf(composite.field.type);
    out.i32(0).i32(ARRAY_LENGTH).op("array.new_elem", index, segment);
  } else if (choice === 4) {
    out.i32(random.below(4)).i32(ARRAY_LENGTH).op("array.new_data", index, random.below(world.datas));
  } else {
    value(m, type);
    out.i32(ARRAY_LENGTH).op("array.new", index);
  }
}

export const unpacked = (type: ValType): ValType => (!isRef(type) && type > V128 ? I32 : type);

// --- values out of blocks and calls

function structured(m: Maker, type: ValType): void {
  const { random, out } = m;
  const block = (name: string, label: Label, inside: () => void) => {
    out.op(name);
    writeValType(out, type);
    m.labels.push(label);
    inside();
    m.labels.pop();
  };
  switch (random.below(7)) {
    case 0:
      value(m, I32);
      block("if", [type], () => value(m, type));
      m.labels.push([type]);
      out.op("else");
      value(m, type);
      m.labels.pop();
      return void out.op("end");
    case 1:
      block("block", [type], () => {
        m.statements(m, 2);
        value(m, type);
        if (random.chance(0.6)) {
          value(m, I32);
          out.op("br_if", 0);
        }
      });
      return void out.op("end");
    case 2:
      block("loop", undefined, () => {
        m.statements(m, 2);
        value(m, type);
      });
      return void out.op("end");
    case 3: {
      value(m, type);
      value(m, type);
      value(m, I32);
      if (!isRef(type) && random.chance(0.6)) return void out.op("select");
      out.raw(Uint8Array.of(0x1c, 1));
      return writeValType(out, type);
    }
    case 4: {
      const found = m.locals.flatMap((one, n) => (one === type && !m.counters.has(n) ? [n] : []));
      value(m, type);
      if (found.length > 0) out.op("local.tee", random.pick(found));
      return;
    }
    case 5:
      out.op("try_table");
      writeValType(out, type);
      out.u32(0);
      m.labels.push([type]);
      m.statements(m, 2);
      value(m, type);
      m.labels.pop();
      return void out.op("end");
    default:
      // Something lies on the stack below the block: a loop in it cannot be left by a tail call.
      value(m, random.pick(NUMBERS));
      block("block", undefined, () => {
        m.statements(m, 3);
        value(m, type);
      });
      m.locals.push(type);
      out.op("end").op("local.set", m.locals.length - 1);
      out.op("drop").op("local.get", m.locals.length - 1);
  }
}

/** A call that leaves one value of the type; to functions with a higher index, so that few run in circles. */
function call(m: Maker, type: ValType): boolean {
  const { world, random } = m;
  const found = world.functions.flatMap((one, n) => {
    const { results } = world.func(one);
    const fits = results.length === 1 && world.matches(results[0] as ValType, type);
    return fits && (n > m.index || random.chance(0.05)) ? [n] : [];
  });
  if (found.length === 0) return false;
  callTo(m, random.pick(found));
  return true;
}

/** Arguments and the call, in one of its forms; `tail`: as the last that the function does. */
export function callTo(m: Maker, callee: number, tail = false): void {
  const { world, random, out } = m;
  const type = world.functions[callee] as number;
  for (const one of world.func(type).params) value(m, one);
  const name = (plain: string) => (tail ? `return_${plain}` : plain);
  const table = world.tables.findIndex(({ element }) => element === FUNCREF);
  switch (random.below(4)) {
    case 0:
      out.op("ref.func", callee);
      return void out.op(name("call_ref"), type);
    case 1:
      if (table < 0) break;
      if (random.chance(0.1)) below(m, TABLE_LENGTH, wideTable(m, table));
      else if (wideTable(m, table)) out.i64(BigInt(callee));
      else out.i32(callee);
      return void out.op(name("call_indirect"), type, table);
    default:
  }
  out.op(name("call"), callee);
}
