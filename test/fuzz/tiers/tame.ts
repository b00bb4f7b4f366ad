/**
 * Bodies made so that every engine must come to the same result, and soon: a float operation that may leave any NaN is
 * followed by a choice of one NaN, lengths of new arrays are cut, loops and calls count a budget down and trap at its
 * end. What a body does otherwise stays as it was.
 */
import { CodeReader } from "../../../runtime/module/code-reader.ts";
import type { LocalRun, Module } from "../../../runtime/module/module.ts";
import { importsOf } from "../../../runtime/module/module.ts";
import { opcode, opcodes } from "../../../runtime/module/opcodes.ts";
import { F32, F64, V128 } from "../../../runtime/module/val-type.ts";
import { Writer } from "./write.ts";

/** A loop's turn takes 1, a call so much: no stack ends before the budget does. */
const CALL_COST = 40;

const LOOP = opcode("loop");

type Shape = "f32" | "f64" | "f32x4" | "f64x2";

/** What leaves a NaN of the engine's choice (core specification, section 4.3.3), by what it leaves. */
const FLOATS = new Map<number, Shape>();
for (const shape of ["f32", "f64", "f32x4", "f64x2"] as const) {
  for (const name of "ceil floor trunc nearest sqrt add sub mul div min max".split(" ")) {
    FLOATS.set(opcode(`${shape}.${name}`), shape);
  }
}
for (const name of "relaxed_madd relaxed_nmadd relaxed_min relaxed_max".split(" ")) {
  FLOATS.set(opcode(`f32x4.${name}`), "f32x4");
  FLOATS.set(opcode(`f64x2.${name}`), "f64x2");
}
FLOATS.set(opcode("f32.demote_f64"), "f32");
FLOATS.set(opcode("f64.promote_f32"), "f64");
FLOATS.set(opcode("f32x4.demote_f64x2_zero"), "f32x4");
FLOATS.set(opcode("f64x2.promote_low_f32x4"), "f64x2");

const LENGTHS = new Set(["array.new", "array.new_default", "array.new_data", "array.new_elem"].map(opcode));
const LENGTH_MASK = 0x3ff;

const NAN: Readonly<Record<Shape, Uint8Array>> = {
  f32: Uint8Array.of(0, 0, 0xc0, 0x7f),
  f64: Uint8Array.of(0, 0, 0, 0, 0, 0, 0xf8, 0x7f),
  f32x4: Uint8Array.of(0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f),
  f64x2: Uint8Array.of(0, 0, 0, 0, 0, 0, 0xf8, 0x7f, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f),
};

/** Instructions whose result the specification leaves open, or that wait: others that take and leave the same types. */
const INSTEAD = new Map<number, (out: Writer) => void>(
  opcodes.flatMap((one, op) => {
    if (one === undefined) return [];
    if (/atomic.wait/.test(one.name)) return [[op, (out) => out.op("drop").op("drop").op("drop").i32(1)]];
    if (!/relaxed/.test(one.name)) return [];
    const operands = one.signature?.params.length ?? 0;
    return [[op, (out) => out.op(operands === 1 ? "v128.not" : operands === 2 ? "v128.xor" : "v128.bitselect")]];
  }),
);

export interface TamedBody {
  readonly locals: readonly LocalRun[];
  readonly body: Uint8Array;
}

/** All bodies of the module. `budget`: the global that counts. `open`: instructions with several results may stay. */
export function tameBodies(module: Module, budget: number, open: boolean): readonly TamedBody[] {
  const imported = importsOf(module, "function").length;
  return module.code.map(({ locals, localCount, body }, n) => {
    const composite = module.types[module.functions[n] as number]?.composite;
    if (composite?.kind !== "func") throw new Error(`function ${imported + n} has no function type`);
    const first = composite.params.length + localCount;
    return {
      locals: [...locals, { count: 1, type: F32 }, { count: 1, type: F64 }, { count: 1, type: V128 }],
      body: tame(module.bytes, body.start, body.end, { budget, first, open }),
    };
  });
}

interface Taming {
  readonly budget: number;
  readonly first: number;
  readonly open: boolean;
}

function tame(bytes: Uint8Array, start: number, end: number, of: Taming): Uint8Array {
  const out = new Writer((end - start) * 2 + 64);
  const reader = new CodeReader(bytes, start);
  pay(out, of.budget, CALL_COST);
  while (reader.at < end) {
    const at = reader.at;
    const op = reader.opcode();
    reader.skip(op);
    if (LENGTHS.has(op)) out.i32(LENGTH_MASK).op("i32.and");
    const instead = of.open ? undefined : INSTEAD.get(op);
    if (instead === undefined) out.raw(bytes.subarray(at, reader.at));
    else instead(out);
    if (op === LOOP) pay(out, of.budget, 1);
    const shape = FLOATS.get(op);
    if (shape !== undefined) chooseNan(out, shape, of.first);
  }
  return out.bytes.slice();
}

function pay(out: Writer, budget: number, cost: number): void {
  out.op("global.get", budget).i32(cost).op("i32.sub").op("global.set", budget);
  out.op("global.get", budget).i32(0).op("i32.lt_s").begin("if").op("unreachable").op("end");
}

function chooseNan(out: Writer, shape: Shape, first: number): void {
  const local = first + (shape === "f32" ? 0 : shape === "f64" ? 1 : 2);
  const scalar = shape === "f32" || shape === "f64";
  out.op("local.tee", local).op(scalar ? `${shape}.const` : "v128.const");
  out.raw(NAN[shape]);
  out.op("local.get", local).op("local.get", local).op(`${shape}.eq`);
  out.op(scalar ? "select" : "v128.bitselect");
}
