/**
 * V8's traps as the interpreter's Faults: the same code and reason for the same trap. Two pairs V8 does not tell apart: a NaN
 * and a number too large in a conversion, an empty element and one of another type in an indirect call.
 */
import { trapFault } from "../faults.ts";
import { isOutOfMemory } from "../guest-code.ts";
import type { Fault } from "../kernel/fault.ts";
import { CodeReader } from "../module/code-reader.ts";
import type { Module } from "../module/module.ts";
import { opcodes } from "../module/opcodes.ts";
import { type Place, placeText } from "./backtrace.ts";

type TrapCode = Exclude<Parameters<typeof trapFault>[0], "TRAP_EXCEPTION">;
type Row = readonly [message: RegExp, code: TrapCode, reason: string, instruction?: RegExp];

/** The first whose message and instruction both fit. */
const ROWS: readonly Row[] = [
  [/^unreachable$/, "TRAP_UNREACHABLE", "unreachable"],
  [/memory access out of bounds|data segment/, "TRAP_MEMORY_BOUNDS", "out of bounds memory access"],
  [/unaligned accesses/, "TRAP_UNALIGNED_ATOMIC", "unaligned atomic"],
  [/(?:divide|remainder) by zero/, "TRAP_DIVIDE_BY_ZERO", "integer divide by zero"],
  [/divide result unrepresentable/, "TRAP_INTEGER_OVERFLOW", "integer overflow"],
  [/float unrepresentable/, "TRAP_INVALID_CONVERSION", "invalid conversion to integer"],
  [/table index is out of bounds/, "TRAP_TABLE_BOUNDS", "undefined element", /call_indirect/],
  [/table index is out of bounds|table access/, "TRAP_TABLE_BOUNDS", "out of bounds table access"],
  [/element segment/, "TRAP_ARRAY_BOUNDS", "out of bounds array access", /^array\./],
  [/element segment/, "TRAP_TABLE_BOUNDS", "out of bounds table access"],
  [/signature mismatch/, "TRAP_INDIRECT_TYPE", "indirect call type mismatch"],
  [/null/, "TRAP_NULL_REFERENCE", "null function reference", /call_ref$/],
  [/null/, "TRAP_NULL_REFERENCE", "null structure reference", /^struct\./],
  [/null/, "TRAP_NULL_REFERENCE", "null array reference", /^array\./],
  [/null/, "TRAP_NULL_REFERENCE", "null i31 reference", /^i31\./],
  [/null/, "TRAP_NULL_REFERENCE", "null exception reference", /^throw_ref$/],
  [/null/, "TRAP_NULL_REFERENCE", "null reference"],
  [/illegal cast/, "TRAP_CAST", "cast failure"],
  [/array element access/, "TRAP_ARRAY_BOUNDS", "out of bounds array access"],
  [/array is too large/, "TRAP_GC_HEAP", "the heap of garbage-collected objects is full"],
  [/call stack size/, "TRAP_STACK", "call stack exhausted"],
];

/** `places` are in `module`, the innermost first. What is neither a trap nor an exhausted stack is an exception. */
export function trapFaultOf(thrown: unknown, module: Module, places: readonly Place[]): Fault {
  const where = whereOf(module, places);
  const message = thrown instanceof Error ? thrown.message : "";
  const isTrap = thrown instanceof WebAssembly.RuntimeError || thrown instanceof RangeError;
  if (!isTrap) return trapFault("TRAP_EXCEPTION", { tag: "?", where });
  if (isOutOfMemory(thrown)) return trapFault("TRAP_UNREACHABLE", { reason: message, where });
  const instruction = instructionAt(module, places[0]?.offset);
  const row = ROWS.find(([pattern, , , name]) => pattern.test(message) && (name?.test(instruction) ?? true));
  return trapFault(row?.[1] ?? "TRAP_UNREACHABLE", { reason: row?.[2] ?? message, where });
}

/** What ran out stands where its block begins. */
export function fuelFaultOf(module: Module, places: readonly Place[]): Fault {
  return trapFault("TRAP_FUEL", { where: whereOf(module, places) });
}

function whereOf(module: Module, places: readonly Place[]): string | readonly string[] {
  return places.length === 0 ? "a function of the module" : places.map((one) => placeText(module, one));
}

function instructionAt({ bytes }: Module, offset: number | undefined): string {
  return offset === undefined ? "" : (opcodes[new CodeReader(bytes, offset).opcode()]?.name ?? "");
}
