/**
 * The deterministic profile for code that the host compiles (core specification 3.0, profile DET): where an instruction may
 * give one of several results, it is followed or replaced by code that gives one, the interpreter's. NaNs become the canonical
 * NaN; relaxed instructions become what they are relaxed from, multiply-add rounding twice. Works on a module that was
 * instrumented already, so that what is added here costs no fuel.
 */
import type { EncodableModule } from "../binary/encode.ts";
import { CodeReader } from "../module/code-reader.ts";
import type { LocalRun, Module } from "../module/module.ts";
import { opcode, opcodes, PREFIXES } from "../module/opcodes.ts";
import { F32, F64, V128, type ValType } from "../module/val-type.ts";
import { Code } from "./code.ts";

/** A valid module whose functions give one result; valid again. */
export function withOneResult(module: Module): EncodableModule {
  const imported = module.imports.reduce((sum, { desc }) => sum + (desc.kind === "function" ? 1 : 0), 0);
  const code = module.code.map(({ locals, localCount, body }, n) => {
    const type = module.types[module.functions[n] as number]?.composite;
    if (type?.kind !== "func") throw new Error(`function ${imported + n} has no function type`);
    const scratch = new Scratch(type.params.length + localCount);
    const rewritten = rewrite(module.bytes, body.start, body.end, scratch);
    return rewritten === undefined ? { locals, body } : { locals: [...locals, ...scratch.runs], body: rewritten };
  });
  return { ...module, code };
}

/** Locals behind a function's own, made when they are asked for. */
class Scratch {
  readonly #first: number;
  readonly #known = new Map<string, number>();
  readonly runs: LocalRun[] = [];

  constructor(first: number) {
    this.#first = first;
  }

  local(type: ValType, n = 0): number {
    const key = `${type} ${n}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const index = this.#first + this.runs.length;
    this.#known.set(key, index);
    this.runs.push({ count: 1, type });
    return index;
  }
}

/** Undefined where nothing is to be done, which is most functions of most modules. */
function rewrite(bytes: Uint8Array, start: number, end: number, scratch: Scratch): Uint8Array | undefined {
  const seen = seenResults(bytes, start, end);
  const reader = new CodeReader(bytes, start);
  let out: Code | undefined;
  let done = start;
  while (reader.at < end) {
    const at = reader.at;
    const op = reader.opcode();
    reader.skip(op);
    const replacement = REPLACEMENTS.get(op);
    const lanes = seen.has(at) ? LANES.get(op) : undefined;
    if (replacement === undefined && lanes === undefined) continue;
    out ??= new Code(Math.ceil((end - start) * 1.5) + 64);
    out.raw(bytes.subarray(done, replacement === undefined ? reader.at : at));
    replacement?.(out, scratch);
    if (lanes !== undefined) oneNaN(out, lanes, scratch);
    done = reader.at;
  }
  out?.raw(bytes.subarray(done, end));
  return out?.bytes.slice();
}

/**
 * Where the instructions are whose results somebody may tell apart by their bits: all that may leave one of several NaNs, but
 * for operands of instructions that read values alone. Follows the operands of straight runs; at their ends all are seen.
 */
function seenResults(bytes: Uint8Array, start: number, end: number): ReadonlySet<number> {
  const seen = new Set<number>();
  /** By operand: where it was made if that matters. */
  const stack: ({ readonly at: number; readonly lanes: Lanes } | undefined)[] = [];
  const reader = new CodeReader(bytes, start);
  const pop = (blindTo: string | undefined) => {
    const made = stack.pop();
    if (made !== undefined && made.lanes !== blindTo) seen.add(made.at);
  };
  while (reader.at < end) {
    const at = reader.at;
    const op = reader.opcode();
    reader.skip(op);
    const { name = "", signature } = opcodes[op] ?? {};
    if (signature !== undefined) {
      for (let left = signature.params.length; left > 0; left -= 1) pop(BLIND.get(op));
      const lanes = LANES.get(op);
      for (let left = signature.results.length; left > 0; left -= 1) stack.push(lanes && { at, lanes });
    } else if (name === "local.get" || name === "global.get") stack.push(undefined);
    else if (name === "local.set" || name === "global.set") pop(undefined);
    else if (name === "drop") stack.pop();
    else while (stack.length > 0) pop(undefined);
  }
  while (stack.length > 0) pop(undefined);
  return seen;
}

type Lanes = "f32" | "f64" | "f32x4" | "f64x2";
const SELECT = 0x1b;
const CANONICAL: Readonly<Record<Lanes, readonly number[]>> = {
  f32: [0x43, 0, 0, 0xc0, 0x7f],
  f64: [0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f],
  f32x4: [0xfd, 0x0c, ...[0, 1, 2, 3].flatMap(() => [0, 0, 0xc0, 0x7f])],
  f64x2: [0xfd, 0x0c, ...[0, 1].flatMap(() => [0, 0, 0, 0, 0, 0, 0xf8, 0x7f])],
};
const TYPES: Readonly<Record<Lanes, ValType>> = { f32: F32, f64: F64, f32x4: V128, f64x2: V128 };

/** What is on the stack if it equals itself, else the canonical NaN, lane by lane. */
function oneNaN(out: Code, lanes: Lanes, scratch: Scratch): void {
  const local = scratch.local(TYPES[lanes]);
  out.tee(local).raw(Uint8Array.from(CANONICAL[lanes]));
  instruction(out.get(local).get(local), `${lanes}.eq`);
  if (TYPES[lanes] === V128) instruction(out, "v128.bitselect");
  else out.op(SELECT);
}

/** An instruction without immediates. */
function instruction(out: Code, name: string): Code {
  const code = opcode(name);
  for (const [prefix, { base, size }] of Object.entries(PREFIXES)) {
    if (code < base || code >= base + size) continue;
    out.byte(Number(prefix));
    out.u32(code - base);
    return out;
  }
  return out.op(code);
}

const ARITHMETIC = ["ceil", "floor", "trunc", "nearest", "sqrt", "add", "sub", "mul", "div", "min", "max"];
const FUSED = ["relaxed_madd", "relaxed_nmadd"];
const RELAXED = ["relaxed_min", "relaxed_max", ...FUSED];
/** Instructions whose result may be one of several NaNs (sections 4.3.3 and 4.3.4), with the result's form. */
const LANES: ReadonlyMap<number, Lanes> = new Map([
  ...(["f32", "f64", "f32x4", "f64x2"] as const).flatMap((lanes) =>
    [...ARITHMETIC, ...(TYPES[lanes] === V128 ? RELAXED : [])].map(
      (name) => [opcode(`${lanes}.${name}`), lanes] as const,
    ),
  ),
  [opcode("f32.demote_f64"), "f32"],
  [opcode("f64.promote_f32"), "f64"],
  [opcode("f32x4.demote_f64x2_zero"), "f32x4"],
  [opcode("f64x2.promote_low_f32x4"), "f64x2"],
]);

/**
 * Arithmetic, comparisons and conversions to integers: they read values and not bits, of floats of one form. Vectors have no
 * form of their own: what is one NaN to an instruction on two lanes is two numbers to an instruction on four.
 */
const BLIND: ReadonlyMap<number, string> = new Map(
  opcodes.flatMap((one) => {
    if (one === undefined || !(LANES.has(one.code) || isBlind(one.name))) return [];
    const [, from = one.name.split(".")[0] ?? ""] = /_(f32x4|f64x2|f32|f64)(?:_|$)/.exec(one.name) ?? [];
    return [[one.code, from] as const];
  }),
);

function isBlind(name: string): boolean {
  return /^(?:f32|f64|f32x4|f64x2)\.(?:eq|ne|lt|gt|le|ge)$|^i(?:32|64|32x4)\.(?:relaxed_)?trunc_/.test(name);
}

type Replacement = (out: Code, scratch: Scratch) => void;
const as =
  (name: string): Replacement =>
  (out) =>
    void instruction(out, name);

const shuffle = (pairs: readonly number[]) => [0xfd, 0x0d, ...pairs.flatMap((lane) => [2 * lane, 2 * lane + 1])];
const EVEN = Uint8Array.from(shuffle([0, 2, 4, 6, 8, 10, 12, 14]));
const ODD = Uint8Array.from(shuffle([1, 3, 5, 7, 9, 11, 13, 15]));

/** Sums of two products of bytes, both signed, saturated. */
function dot(out: Code, scratch: Scratch): void {
  const a = scratch.local(V128, 0);
  const b = scratch.local(V128, 1);
  out.set(b).set(a);
  instruction(out.get(a).get(b), "i16x8.extmul_low_i8x16_s");
  instruction(out.get(a).get(b), "i16x8.extmul_high_i8x16_s");
  out.set(b).set(a);
  out.get(a).get(b).raw(EVEN);
  out.get(a).get(b).raw(ODD);
  instruction(out, "i16x8.add_sat_s");
}

const fused =
  (shape: "f32x4" | "f64x2", negated: boolean): Replacement =>
  (out, scratch) => {
    const addend = scratch.local(V128, 2);
    instruction(out.set(addend), `${shape}.mul`);
    if (negated) instruction(out, `${shape}.neg`);
    instruction(out.get(addend), `${shape}.add`);
  };

/** Every relaxed instruction (section 4.3.5), by the first of its results. */
const REPLACEMENTS: ReadonlyMap<number, Replacement> = new Map<number, Replacement>([
  [opcode("i8x16.relaxed_swizzle"), as("i8x16.swizzle")],
  ...["f32x4_s", "f32x4_u", "f64x2_s_zero", "f64x2_u_zero"].map(
    (form) => [opcode(`i32x4.relaxed_trunc_${form}`), as(`i32x4.trunc_sat_${form}`)] as const,
  ),
  ...(["f32x4", "f64x2"] as const).flatMap((shape) => [
    [opcode(`${shape}.relaxed_min`), as(`${shape}.min`)] as const,
    [opcode(`${shape}.relaxed_max`), as(`${shape}.max`)] as const,
    [opcode(`${shape}.relaxed_madd`), fused(shape, false)] as const,
    [opcode(`${shape}.relaxed_nmadd`), fused(shape, true)] as const,
  ]),
  ...["i8x16", "i16x8", "i32x4", "i64x2"].map(
    (shape) => [opcode(`${shape}.relaxed_laneselect`), as("v128.bitselect")] as const,
  ),
  [opcode("i16x8.relaxed_q15mulr_s"), as("i16x8.q15mulr_sat_s")],
  [opcode("i16x8.relaxed_dot_i8x16_i7x16_s"), dot],
  [
    opcode("i32x4.relaxed_dot_i8x16_i7x16_add_s"),
    (out, scratch) => {
      const addend = scratch.local(V128, 2);
      dot(out.set(addend), scratch);
      instruction(out, "i32x4.extadd_pairwise_i16x8_s");
      instruction(out.get(addend), "i32x4.add");
    },
  ],
]);
