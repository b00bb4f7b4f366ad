/** The interpreter tier under the script runner: Loader, Validator and store as any embedder uses them. */
import { decodeModule } from "../../../runtime/binary/decode.ts";
import { type Extern, type Instance, Store, type Value } from "../../../runtime/interpret/index.ts";
import type { Fault } from "../../../runtime/kernel/fault.ts";
import { F32, F64, FUNCREF, I32, I64, type ValType } from "../../../runtime/module/val-type.ts";
import { type ValidModule, validateModule } from "../../../runtime/validate/module.ts";
import type { MakeEngine, Outcome, Refusal, ScriptEngine } from "./engine.ts";

/** The suite declares memories up to the specification's largest; here they may take a gigabyte. */
const LIMITS = { memoryBytes: 1 << 30, callDepth: 1 << 16, stackSlots: 1 << 19 };

/** The dispatch loop alone. */
export const interpreter: MakeEngine = (options) => engineOf(options, new Store({ limits: LIMITS }));

/** Every function's blocks as generated code. */
export const interpreterBlocks: MakeEngine = (options) =>
  engineOf(options, new Store({ limits: LIMITS, blocks: "eager" }));

function engineOf({ features }: Parameters<MakeEngine>[0], store: Store): ScriptEngine {
  const modules = new Map<string, ReadonlyMap<string, Extern>>([["spectest", spectest(store)]]);
  const resolve = (module: string, name: string) => modules.get(module)?.get(name);
  const engine: ScriptEngine = {
    compile(bytes) {
      const decoded = decodeModule(bytes);
      if (!decoded.ok) return refuse(decoded.error);
      const valid = validateModule(decoded.value, {
        registry: store.registry,
        features,
      });
      return valid.ok ? { ok: true, value: { opaque: valid.value } } : refuse(valid.error);
    },
    instantiate({ opaque }) {
      const made = store.instantiate(opaque as ValidModule, resolve);
      return made.ok ? { ok: true, value: { opaque: made.value } } : refuse(made.error);
    },
    register(name, { opaque }) {
      modules.set(name, (opaque as Instance).exports);
    },
    invoke({ opaque }, name, args) {
      const f = (opaque as Instance).exports.get(name);
      if (f?.kind !== "function") return missing(name);
      const done = store.invoke(f, args);
      return done.ok ? { ok: true, value: done.value } : refuse(done.error);
    },
    get({ opaque }, name) {
      const global = (opaque as Instance).exports.get(name);
      return global?.kind === "global" ? { ok: true, value: global.get() } : missing(name);
    },
  };
  return engine;
}

const missing = (name: string): { ok: false; refusal: Refusal } => ({
  ok: false,
  refusal: { stage: "other", message: `no export ${name}` },
});

export function refuse(fault: Fault): Outcome<never> {
  const { code } = fault;
  const stage =
    code === "LOAD_MALFORMED"
      ? "malformed"
      : code === "VALIDATE_INVALID" || code === "VALIDATE_FEATURE"
        ? "invalid"
        : code.startsWith("LINK_")
          ? "link"
          : code === "TRAP_STACK"
            ? "exhaustion"
            : code === "TRAP_EXCEPTION"
              ? "exception"
              : code.startsWith("TRAP_")
                ? "trap"
                : "other";
  const { reason } = fault.facts;
  const text = typeof reason === "string" ? reason : fault.message;
  return { ok: false, refusal: { stage, message: stage === "other" ? fault.line() : text } };
}

function spectest(store: Store): ReadonlyMap<string, Extern> {
  const print = (...params: readonly ValType[]) => store.hostFunction(params, [], () => []);
  const limits = (min: bigint, max: bigint, address: "i32" | "i64" = "i32") => ({ min, max, address });
  const global = (type: ValType, value: Value) => store.newGlobal({ type, mutable: false }, value);
  return new Map<string, Extern>([
    ["print", print()],
    ["print_i32", print(I32)],
    ["print_i64", print(I64)],
    ["print_f32", print(F32)],
    ["print_f64", print(F64)],
    ["print_i32_f32", print(I32, F32)],
    ["print_f64_f64", print(F64, F64)],
    ["global_i32", global(I32, { type: "i32", value: 666 })],
    ["global_i64", global(I64, { type: "i64", value: 666n })],
    ["global_f32", global(F32, { type: "f32", bits: 0x4426a666 })],
    ["global_f64", global(F64, { type: "f64", bits: 0x4084d4cccccccccdn })],
    ["table", store.newTable({ limits: limits(10n, 20n), element: FUNCREF })],
    ["table64", store.newTable({ limits: limits(10n, 20n, "i64"), element: FUNCREF })],
    ["memory", store.newMemory({ limits: limits(1n, 2n), shared: false, pageSizeLog2: 16 })],
    ["shared_memory", store.newMemory({ limits: limits(1n, 2n), shared: true, pageSizeLog2: 16 })],
  ]);
}
