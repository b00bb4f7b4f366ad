/** The interpreter tier's code: a store of its own for each guest, with limits that fit a worker's heap. */
import { decodeModule } from "../binary/decode.ts";
import {
  type GuestCode,
  type GuestImport,
  type GuestTier,
  isOutOfMemory,
  OUT_OF_MEMORY,
  type Trap,
} from "../guest-code.ts";
import { Fault, reasonOf } from "../kernel/fault.ts";
import { unwrap } from "../kernel/result.ts";
import { ENGINE_LIMITS } from "../limits.ts";
import { importsOf } from "../module/module.ts";
import { createRegistry } from "../module/registry.ts";
import { I64, type ValType } from "../module/val-type.ts";
import { type ValidModule, validateModule } from "../validate/module.ts";
import type { Instance } from "./instance.ts";
import { Store } from "./store.ts";
import type { HostCall, Value } from "./value.ts";

const EMPTY = new Uint8Array(0);
/** Objects of the guest live on the worker's heap, beside lowered code and the stack. */
const LIMITS = { gcBytes: (ENGINE_LIMITS.workerHeapMiB / 2) * 1024 * 1024, codeWords: 1 << 22, callDepth: 1 << 13 };

export interface InterpretedCode extends GuestCode {
  readonly valid: ValidModule;
  readonly store: Store;
  readonly instance: Instance;
}

/** A module with a registry of its own, for one instance. Throws the Fault of whoever refuses it. */
export function readModule(wasm: Uint8Array): ValidModule {
  return unwrap(validateModule(unwrap(decodeModule(wasm)), { registry: createRegistry() }));
}

/** `valid` is used up: its registry becomes the store's. Throws what `trapOf` reads. */
export function link(
  valid: ValidModule,
  name: string,
  functions: Readonly<Record<string, GuestImport>>,
  fuel = Number.POSITIVE_INFINITY,
): InterpretedCode {
  const { module, registry } = valid;
  const store = new Store({ registry, limits: LIMITS, fuel });
  const resolve = (from: string, field: string) => {
    const call = from === name ? functions[field] : undefined;
    const found = importsOf(module, "function").find((one) => one.module === from && one.name === field);
    const type = found === undefined ? undefined : module.types[found.desc.type]?.composite;
    if (call === undefined || type?.kind !== "func") return undefined;
    return store.hostFunction(type.params, type.results, hostCall(call, type.results));
  };
  const instance = unwrap(store.instantiate(valid, resolve, "initialized"));
  const memory = instance.exports.get("memory");
  return {
    valid,
    store,
    instance,
    refuel(units) {
      store.fuel = units;
    },
    // When there is a memory that its host calls can find.
    begin: () => void unwrap(instance.start()),
    memory: () => (memory?.kind === "memory" ? memory.bytes : EMPTY),
    call(field, ...args) {
      const f = instance.exports.get(field);
      if (f?.kind !== "function") return 0;
      const [result] = unwrap(store.invoke(f, args.map(numberValue)));
      return result?.type === "i32" ? result.value : 0;
    },
  };
}

export const interpreterTier: GuestTier<InterpretedCode> = {
  make: (wasm, name, functions, _prepared, fuel) => link(readModule(wasm), name, functions, fuel),

  trapOf(thrown): Trap {
    if (isOutOfMemory(thrown)) return { code: OUT_OF_MEMORY, message: thrown.message };
    if (!(thrown instanceof Fault)) return { code: "uncaught-exception", message: reasonOf(thrown) };
    return { code: NAMES[thrown.code] ?? "trap", message: thrown.message };
  },
};

/** The names of the V8 tier, for the same reasons. */
const NAMES: Readonly<Record<string, string>> = {
  TRAP_UNREACHABLE: "unreachable",
  TRAP_MEMORY_BOUNDS: "out-of-bounds-memory-access",
  TRAP_DIVIDE_BY_ZERO: "integer-divide-by-zero",
  TRAP_INTEGER_OVERFLOW: "integer-overflow",
  TRAP_INVALID_CONVERSION: "invalid-conversion-to-integer",
  TRAP_TABLE_BOUNDS: "out-of-bounds-table-access",
  TRAP_NULL_ELEMENT: "indirect-call-type-mismatch",
  TRAP_INDIRECT_TYPE: "indirect-call-type-mismatch",
  TRAP_NULL_REFERENCE: "null-reference",
  TRAP_UNALIGNED_ATOMIC: "unaligned-atomic",
  TRAP_STACK: "call-stack-exhausted",
  TRAP_EXCEPTION: "uncaught-exception",
  TRAP_FUEL: "out-of-fuel",
};

const numberValue = (value: number | bigint): Value =>
  typeof value === "bigint" ? { type: "i64", value } : { type: "i32", value };

function hostCall(call: GuestImport, results: readonly ValType[]): HostCall {
  return (values) => {
    const given = call(...values.map((one) => (one.type === "i32" || one.type === "i64" ? one.value : 0)));
    if (results.length === 0) return [];
    return [results[0] === I64 ? { type: "i64", value: BigInt(given) } : { type: "i32", value: Number(given) | 0 }];
  };
}
