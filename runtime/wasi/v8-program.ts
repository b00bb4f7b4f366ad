/**
 * A program on V8: the Loader's clamped bytes, linked with WASI and called once. Runs in the thread that calls it, which ought
 * to be one that can be terminated: nothing else ends a loop without calls.
 */
import { decodeModule } from "../binary/decode.ts";
import type { LoadedModule } from "../engine.ts";
import { trapFault } from "../faults.ts";
import { Fault } from "../kernel/fault.ts";
import { unwrap } from "../kernel/result.ts";
import { instrument, METER_EXPORTS, type Sizes, sizesOf, WHY, whyOf } from "../metered/index.ts";
import { trapOf } from "../v8/traps.ts";
import { validateModule } from "../validate/module.ts";
import { type Wasi, WasiExit } from "./options.ts";
import { WASI_MODULE } from "./preview1.ts";

const EMPTY = new Uint8Array(0);
/** Of which no program sees the end, and which a number holds to the unit. */
const MOST_FUEL = Number.MAX_SAFE_INTEGER;

export interface OnV8 {
  readonly wasi: Wasi;
  readonly entry: string;
  readonly args: readonly (number | bigint)[];
  /** The module with a leash in it; with `fuel`, exact fuel and so many units of it. */
  readonly metered: boolean;
  readonly fuel?: number;
  /** Results that the specification leaves open are the interpreter's. Metered only. */
  readonly deterministic?: boolean;
  /** Fuel is counted without a bound as well, and told at the end, whatever it was; sizes, too. Metered only. */
  onEnd?(used: { readonly fuel: number; readonly sizes: Sizes }): void;
}

/** What the call returned. Throws WasiExit, TRAP_*, METER_*, or what the embedder's own functions threw. */
export function runOnV8(loaded: LoadedModule, options: OnV8): readonly unknown[] {
  const { wasi, entry, args, metered, fuel = MOST_FUEL, onEnd } = options;
  const bytes = metered ? withLeash(loaded.bytes, options) : loaded.bytes;
  let exported: Readonly<Record<string, unknown>> = {};
  let memory: unknown;
  let tank: { value: bigint } | undefined;
  let why = () => 0;
  wasi.bind(() => (memory instanceof WebAssembly.Memory ? new Uint8Array(memory.buffer) : EMPTY));
  try {
    const module = new WebAssembly.Module(bytes);
    const { exports } = new WebAssembly.Instance(module, { [WASI_MODULE]: wasi.functions });
    exported = exports;
    memory = exports["memory"];
    if (metered) {
      why = () => whyOf(exports);
      tank = exports[METER_EXPORTS.fuel] as typeof tank;
      if (tank !== undefined) tank.value = BigInt(fuel);
      const start = exports[METER_EXPORTS.start];
      if (typeof start === "function") start();
    }
    // A reactor is set up before anything else of it is called.
    const initialize = exports["_initialize"];
    if (typeof initialize === "function") initialize();
    const call = exports[entry];
    if (typeof call !== "function") throw new TypeError(`the program exports no function ${entry}`);
    const result: unknown = call(...args);
    return result === undefined ? [] : Array.isArray(result) ? result : [result];
  } catch (thrown) {
    if (thrown instanceof WasiExit || thrown instanceof Fault || thrown instanceof TypeError) throw thrown;
    if (why() === WHY.fuel) throw trapFault("TRAP_FUEL", { where: "a function of the module" });
    const { code, message } = trapOf(thrown);
    throw trapFault(TRAPS[code as keyof typeof TRAPS] ?? "TRAP_UNREACHABLE", {
      reason: message,
      where: "a function of the module",
      tag: "?",
    });
  } finally {
    if (tank !== undefined) onEnd?.({ fuel: fuel - Number(tank.value), sizes: sizesOf(exported) });
  }
}

/** The Validator judges the clamped bytes again: they are not those that were published. */
function withLeash(bytes: Uint8Array, { fuel, deterministic = false, onEnd }: OnV8): Uint8Array {
  const valid = unwrap(validateModule(unwrap(decodeModule(bytes))));
  const told = onEnd !== undefined;
  const counted = fuel === undefined && !told ? "none" : "exact";
  return unwrap(instrument(valid, { epoch: true, fuel: counted, reentry: true, deterministic, sizes: told })).bytes;
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
