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
import { BlockWriter, type Decoded } from "./block-writer.ts";
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
const TABLE_MAX = 256;

const BR_TABLE = loweredOp("br_table");
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

/** Addresses where a block begins: targets of jumps and handlers, and what follows anything that leaves the block. */
function leadersOf(m: Machine, range: CodeRange, instructions: readonly Decoded[]): ReadonlySet<number> {
  const leaders = new Set<number>([range.start]);
  for (const { target } of range.handlers) leaders.add(range.start + target);
  for (const { at, op, length } of instructions) {
    if (op === undefined) leaders.add(at).add(at + length);
    else if (op.family === "branch" || op.family === "control") {
      leaders.add(at + length);
      let word = at + 1;
      for (const { kind } of op.operands) {
        if (kind === "rel") leaders.add(at + (m.code[word] as number));
        word += kind === "#l" ? 2 : 1;
      }
      if (op.number === BR_TABLE) {
        for (let n = at + 3; n < at + length; n += 2) leaders.add(at + (m.code[n] as number));
        if (length > TABLE_MAX * 2) leaders.add(at);
      }
    }
  }
  return leaders;
}
