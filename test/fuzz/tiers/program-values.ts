/** Expressions of a generated program: every instruction that leaves a number or a vector. */
import { writeHeapType } from "../../../runtime/binary/encode-types.ts";
import { opcodes } from "../../../runtime/module/opcodes.ts";
import { ANYREF, EQREF, FUNCREF, I31REF, I32, isRef, V128, type ValType } from "../../../runtime/module/val-type.ts";
import { call, structured } from "./program-blocks.ts";
import { access, below, HEAPS, LETTER, type Maker, wideMemory, wideTable } from "./program-maker.ts";
import { field, leaf, object, reference } from "./program-references.ts";
import { anyType, ELEMENTS, TYPE } from "./program-world.ts";

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

function anyRef(m: Maker): ValType {
  for (;;) {
    const type = anyType(m.random);
    if (isRef(type)) return type;
  }
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
