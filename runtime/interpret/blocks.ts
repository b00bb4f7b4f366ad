/**
 * Block compilation: the basic blocks of a hot function become one generated JavaScript function over the same explicit
 * state. Every block begins and ends with all values in the frame, so the dispatch loop and generated code take over from
 * each other at any block's boundary; fuel, traps, snapshots and results are the loop's. Never needed for correctness, and
 * off where the host may not generate code.
 *
 * What is generated: a switch over blocks in a loop. Inside a block, values that were read or written are kept in
 * variables. Instructions of other kinds (calls between instances, everything in slow-ops.ts) go back to the loop.
 */
import { numericHelpers } from "./block-helpers.ts";
import { BlockWriter, type Decoded, type Leaders } from "./block-writer.ts";
import type { CodeRange, Machine } from "./machine.ts";
import { loweredOp, OPS } from "./ops.ts";
import { SLOW_NAMES, slowLength, slowOp } from "./slow-ops.ts";

/** Runs from a block's number; the next pc, or minus a status. Frame, fuel and pc are in the machine. */
export type CompiledFunction = (m: Machine, block: number, fp: number) => number;

export interface Compiled {
  readonly run: CompiledFunction;
  /** Absolute address → block, for the places where the loop may hand over. */
  readonly doors: ReadonlyMap<number, number>;
}

/** Functions with more lowered instructions stay in the loop: the host's optimiser gives up on larger ones. */
const INSTRUCTIONS_MAX = 4000;

const BR_TABLE = loweredOp("br_table");
/** Instructions that the writer does not write, or that go to another function and come back. */
const LEAVING = new Set(["call", "call.other", "call_indirect", "copy.128", "halt", "hot"].map(loweredOp));
const SLOW_LENGTHS = new Map(SLOW_NAMES.map((name) => [slowOp(name), slowLength(name)]));

/** Generates and compiles; undefined when the function is too large or nothing in it can be compiled. */
export function compileBlocks(m: Machine, range: CodeRange): Compiled | undefined {
  const instructions = decode(m, range);
  if (instructions.length > INSTRUCTIONS_MAX) return undefined;
  const leaders = leadersOf(m, range, instructions);
  const writer = new BlockWriter(m.code, leaders);
  const text = writer.write(instructions);
  if (text === undefined) return undefined;
  const make = new Function("I32", "F32", "F64", "R", "frames", "framesEnd", "stackEnd", "helpers", text) as (
    ...args: readonly unknown[]
  ) => CompiledFunction;
  const { i32, f32, f64, refs, frames, framesEnd, stackEnd } = m;
  return { run: make(i32, f32, f64, refs, frames, framesEnd, stackEnd, numericHelpers), doors: writer.doors };
}

function decode(m: Machine, { start, end }: CodeRange): readonly Decoded[] {
  const out: Decoded[] = [];
  for (let at = start; at < end; ) {
    const number = m.code[at] as number;
    const op = OPS[number];
    let length = op?.length ?? SLOW_LENGTHS.get(number) ?? 0;
    if (number === BR_TABLE) length = 3 + 2 * ((m.code[at + 2] as number) + 1);
    if (length === 0) throw new Error(`no lowered instruction ${number}`);
    out.push({ at, op, length });
    at += length;
  }
  return out;
}

/**
 * A block begins at the target of a jump or handler. The loop may hand over at the function's entry, at heads of loops, at
 * handlers, and behind instructions that are its own business or calls.
 */
function leadersOf(m: Machine, range: CodeRange, instructions: readonly Decoded[]): Leaders {
  const entries = new Set<number>([range.start]);
  const targets = new Set<number>();
  for (const { target } of range.handlers) entries.add(range.start + target);
  const jump = (at: number, distance: number) => {
    targets.add(at + distance);
    if (distance <= 0) entries.add(at + distance);
  };
  for (const { at, op, length } of instructions) {
    if (op === undefined || LEAVING.has(op.number)) entries.add(at + length);
    else {
      let word = at + 1;
      for (const { kind } of op.operands) {
        if (kind === "rel") jump(at, m.code[word] as number);
        word += kind === "#l" ? 2 : 1;
      }
      if (op.number === BR_TABLE) {
        for (let n = at + 3; n < at + length; n += 2) jump(at, m.code[n] as number);
      }
    }
  }
  for (const at of entries) targets.add(at);
  return { targets, entries };
}
