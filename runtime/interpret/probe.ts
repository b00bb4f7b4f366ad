/**
 * Probes: what a client sees at an instruction of a store that was made with one. Trace, coverage, profile, breakpoints
 * and watchpoints are clients of this; operands are in their canonical slots, so locals and operands can be read.
 */
import type { Machine } from "./machine.ts";
import { slowLength } from "./slow-ops.ts";
import type { FunctionInstance } from "./value.ts";

export interface ProbeSite {
  readonly machine: Machine;
  readonly f: FunctionInstance;
  /** Byte offset of the instruction in its module. */
  readonly offset: number;
  /** Word position of the frame: locals begin there. */
  readonly fp: number;
  /** Position of the address operand of a memory access, else -1. */
  readonly address: number;
}

/** Returning "stop" lets the call stand still before the instruction. */
export type Probe = (site: ProbeSite) => "stop" | undefined;

export const PROBE_WORDS = slowLength("probe");

export function siteOf(machine: Machine, pc: number, fp: number): ProbeSite {
  const range = machine.rangeOf(pc);
  const f = machine.functions[range?.f ?? -1];
  if (f === undefined) throw new Error("a probe outside every function");
  const slot = machine.code[pc + 2] as number;
  return { machine, f, offset: machine.code[pc + 1] as number, fp, address: slot < 0 ? -1 : fp + slot };
}
