/**
 * A program on V8: the Loader's clamped bytes, linked with WASI and called once. Runs in the thread that calls it, which ought
 * to be one that can be terminated: nothing else ends a loop without calls.
 */
import type { LoadedModule } from "../engine.ts";
import { trapFault } from "../faults.ts";
import { Fault } from "../kernel/fault.ts";
import { trapOf } from "../v8/traps.ts";
import { type Wasi, WasiExit } from "./options.ts";
import { WASI_MODULE } from "./preview1.ts";

const EMPTY = new Uint8Array(0);

/** What the call returned. Throws WasiExit, TRAP_*, or what the embedder's own functions threw. */
export function runOnV8(
  loaded: LoadedModule,
  wasi: Wasi,
  entry: string,
  args: readonly (number | bigint)[],
): readonly unknown[] {
  let memory: unknown;
  wasi.bind(() => (memory instanceof WebAssembly.Memory ? new Uint8Array(memory.buffer) : EMPTY));
  try {
    const module = new WebAssembly.Module(loaded.bytes);
    const { exports } = new WebAssembly.Instance(module, { [WASI_MODULE]: wasi.functions });
    memory = exports["memory"];
    // A reactor is set up before anything else of it is called.
    const initialize = exports["_initialize"];
    if (typeof initialize === "function") initialize();
    const call = exports[entry];
    if (typeof call !== "function") throw new TypeError(`the program exports no function ${entry}`);
    const result: unknown = call(...args);
    return result === undefined ? [] : Array.isArray(result) ? result : [result];
  } catch (thrown) {
    if (thrown instanceof WasiExit || thrown instanceof Fault || thrown instanceof TypeError) throw thrown;
    const { code, message } = trapOf(thrown);
    throw trapFault(TRAPS[code as keyof typeof TRAPS] ?? "TRAP_UNREACHABLE", {
      reason: message,
      where: "a function of the module",
      tag: "?",
    });
  }
}

/** The codes of the interpreter, for the same reasons. */
const TRAPS = {
  unreachable: "TRAP_UNREACHABLE",
  "out-of-bounds-memory-access": "TRAP_MEMORY_BOUNDS",
  "integer-divide-by-zero": "TRAP_DIVIDE_BY_ZERO",
  "integer-overflow": "TRAP_INTEGER_OVERFLOW",
  "invalid-conversion-to-integer": "TRAP_INVALID_CONVERSION",
  "out-of-bounds-table-access": "TRAP_TABLE_BOUNDS",
  "indirect-call-type-mismatch": "TRAP_INDIRECT_TYPE",
  "null-reference": "TRAP_NULL_REFERENCE",
  "unaligned-atomic": "TRAP_UNALIGNED_ATOMIC",
  "call-stack-exhausted": "TRAP_STACK",
  "uncaught-exception": "TRAP_EXCEPTION",
} as const satisfies Readonly<Record<string, string>>;
