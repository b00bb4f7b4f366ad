/** V8's own WebAssembly under the script runner. It refuses without saying whether a module is malformed or invalid. */
import { decodeModule } from "../../../runtime/binary/decode.ts";
import {
  ArrayRef,
  FunctionInstance,
  HostRef,
  type Ref,
  StructRef,
  type Value,
} from "../../../runtime/interpret/index.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { importsOf, type Module } from "../../../runtime/module/module.ts";
import { F32, F64, I32, I64, isRef, V128, type ValType } from "../../../runtime/module/val-type.ts";
import type { MakeEngine, Outcome, ScriptEngine } from "./engine.ts";
import { bridge, HEADER, hierarchyOf, KIND, nameBytes, SLOT, type Subject, section, typeBytes } from "./v8-bridge.ts";

/** What the ambient declaration of the runtime does not need and this adapter does. */
interface More {
  readonly Table: new (descriptor: object) => object;
  readonly Global: new (descriptor: object, value: unknown) => object;
  readonly Memory: new (descriptor: object) => object;
  readonly Exception: abstract new () => object;
}
const more = WebAssembly as unknown as More;

interface CompiledModule {
  readonly v8: WebAssembly.Module;
  readonly bytes: Uint8Array;
}
interface Running {
  readonly instance: WebAssembly.Instance;
  readonly bytes: Uint8Array;
  decoded?: Module;
  readonly calls: Map<string, (args: readonly Value[]) => readonly Value[]>;
}

export const v8: MakeEngine = () =>
  engineOf({ prepare: (bytes) => ({ ok: true, value: bytes }), settle: () => undefined });

/** What happens to bytes before V8 sees them, and to an instance before anybody uses it. */
export interface Treatment {
  prepare(bytes: Uint8Array): Outcome<Uint8Array>;
  settle(exports: Record<string, unknown>): void;
}

export function engineOf({ prepare, settle }: Treatment): ScriptEngine {
  const modules: Record<string, Record<string, unknown>> = Object.create(null);
  modules["spectest"] = spectest();
  const engine: ScriptEngine = {
    compile(bytes) {
      const prepared = prepare(bytes);
      if (!prepared.ok) return prepared;
      const { value } = prepared;
      return attempt(() => ({ opaque: { v8: new WebAssembly.Module(value), bytes: value } satisfies CompiledModule }));
    },
    instantiate({ opaque }) {
      const { v8, bytes } = opaque as CompiledModule;
      return attempt(() => {
        const running: Running = { instance: new WebAssembly.Instance(v8, modules), bytes, calls: new Map() };
        settle(running.instance.exports);
        return { opaque: running };
      }, true);
    },
    register(name, { opaque }) {
      modules[name] = (opaque as Running).instance.exports;
    },
    invoke({ opaque }, name, args) {
      return attempt(() => crossing(opaque as Running, name, "function")(args));
    },
    get({ opaque }, name) {
      return attempt(() => crossing(opaque as Running, name, "global")([])[0] as Value);
    },
  };
  return engine;
}

/** V8 has fewer messages than the suite: each with the wordings that it may stand for. */
export const WORDINGS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/memory access out of bounds|data segment/, ["out of bounds memory access"]],
  [/table index is out of bounds/, ["out of bounds table access", "undefined element"]],
  [/table access/, ["out of bounds table access"]],
  // array.init_elem says this of the array as well as of the segment.
  [/element segment/, ["out of bounds table access", "out of bounds array access"]],
  [/array element access out of bounds/, ["out of bounds array access"]],
  [/function signature mismatch/, ["uninitialized element", "indirect call type mismatch"]],
  [/dereferencing a null pointer/, ["null "]],
  [/(?:divide|remainder) by zero/, ["integer divide by zero"]],
  [/divide result unrepresentable/, ["integer overflow"]],
  [/float unrepresentable/, ["invalid conversion to integer", "integer overflow"]],
  [/illegal cast/, ["cast failure"]],
  [/unaligned accesses/, ["unaligned atomic"]],
  [/call stack size/, ["call stack exhausted"]],
];

function attempt<T>(work: () => T, linking = false): Outcome<T> {
  try {
    return { ok: true, value: work() };
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    const stage =
      thrown instanceof WebAssembly.CompileError
        ? "refused"
        : thrown instanceof WebAssembly.LinkError || (linking && thrown instanceof TypeError)
          ? "link"
          : thrown instanceof WebAssembly.RuntimeError
            ? "trap"
            : thrown instanceof RangeError && /call stack/.test(message)
              ? "exhaustion"
              : thrown instanceof more.Exception
                ? "exception"
                : "other";
    const wordings = WORDINGS.find(([pattern]) => pattern.test(message))?.[1] ?? [];
    return { ok: false, refusal: { stage, message, wordings } };
  }
}

/** A function of the export that takes and gives exact values; made once for each export. */
function crossing(running: Running, name: string, kind: "function" | "global") {
  const known = running.calls.get(name);
  if (known !== undefined) return known;
  running.decoded ??= unwrap(decodeModule(running.bytes));
  const module = running.decoded;
  const found = module.exports.find((one) => one.name === name && one.kind === kind);
  if (found === undefined) throw new Error(`no export ${name}`);
  const subject = subjectOf(module, kind, found.index);
  const { params, results } = signature(module, subject);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const view = new DataView(memory.buffer);
  const imports = { "": { f: running.instance.exports[name], m: memory } };
  const bytes = bridge(module, subject, params, results);
  const call = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports["call"] as (
    ...refs: readonly unknown[]
  ) => unknown;
  const made = (args: readonly Value[]): readonly Value[] => {
    if (args.length !== params.length) throw new Error(`${name} takes ${params.length} arguments`);
    const refs: unknown[] = [];
    for (const [n, value] of args.entries()) write(view, n * SLOT, value, refs);
    const out = call(...refs);
    const returned = results.filter((one) => isRef(one) && hierarchyOf(one, module) !== "exn").length;
    const list = returned > 1 ? [...(out as Iterable<unknown>)] : [out];
    return results.map((type, n) => read(view, (params.length + n) * SLOT, type, list, module));
  };
  running.calls.set(name, made);
  return made;
}

function subjectOf(module: Module, kind: "function" | "global", index: number): Subject {
  if (kind === "function") {
    const imported = importsOf(module, "function");
    const type = imported[index]?.desc.type ?? (module.functions[index - imported.length] as number);
    return { kind, type };
  }
  const imported = importsOf(module, "global");
  const type = imported[index]?.desc.type ?? module.globals[index - imported.length]?.type;
  if (type === undefined) throw new Error(`no global ${index}`);
  return { kind, type };
}

function signature(module: Module, subject: Subject): { params: readonly ValType[]; results: readonly ValType[] } {
  if (subject.kind === "global") return { params: [], results: [subject.type.type] };
  const composite = module.types[subject.type]?.composite;
  if (composite?.kind !== "func") throw new Error(`type ${subject.type} is no function type`);
  return composite;
}

function write(view: DataView, at: number, value: Value, refs: unknown[]): void {
  if (value.type === "i32") view.setInt32(at, value.value, true);
  else if (value.type === "f32") view.setInt32(at, value.bits, true);
  else if (value.type === "i64") view.setBigInt64(at, value.value, true);
  else if (value.type === "f64") view.setBigUint64(at, BigInt.asUintN(64, value.bits), true);
  else if (value.type === "v128") for (const [n, byte] of value.bytes.entries()) view.setUint8(at + n, byte);
  else refs.push(value.value);
}

function read(view: DataView, at: number, type: ValType, refs: unknown[], module: Module): Value {
  if (type === I32) return { type: "i32", value: view.getInt32(at, true) };
  if (type === I64) return { type: "i64", value: view.getBigInt64(at, true) };
  if (type === F32) return { type: "f32", bits: view.getInt32(at, true) };
  if (type === F64) return { type: "f64", bits: view.getBigUint64(at, true) };
  if (type === V128) return { type: "v128", bytes: new Uint8Array(view.buffer.slice(at, at + 16)) };
  const value = hierarchyOf(type, module) === "exn" ? undefined : refs.shift();
  return { type: "ref", value: asRef(view.getInt32(at, true), value) };
}

function asRef(kind: number, value: unknown): Ref {
  if (kind === KIND.null) return null;
  if (kind === KIND.i31) return value as number;
  if (kind === KIND.struct) return new StructRef(0, new Int32Array(), []);
  if (kind === KIND.array) return new ArrayRef(0, 0, new Int32Array());
  if (kind === KIND.func)
    return new FunctionInstance({ id: 0, type: 0, params: [], results: [], instance: -1, index: 0 });
  return value instanceof HostRef ? value : new HostRef(value);
}

/** The functions are a guest's, since V8 checks no types on a JavaScript function that is imported. */
function spectest(): Record<string, unknown> {
  const prints: readonly (readonly [string, ...ValType[]])[] = [
    ["print"],
    ["print_i32", I32],
    ["print_i64", I64],
    ["print_f32", F32],
    ["print_f64", F64],
    ["print_i32_f32", I32, F32],
    ["print_f64_f64", F64, F64],
  ];
  const bytes = Uint8Array.from([
    ...HEADER,
    ...section(
      1,
      prints.map(([, ...params]) => [0x60, params.length, ...params.flatMap(typeBytes), 0]),
    ),
    ...section(
      3,
      prints.map((_, n) => [n]),
    ),
    ...section(
      7,
      prints.map(([name], n) => [...nameBytes(name), 0, n]),
    ),
    ...section(
      10,
      prints.map(() => [2, 0, 0x0b]),
    ),
  ]);
  const functions = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  const global = (value: string, content: unknown) => new more.Global({ value, mutable: false }, content);
  return {
    ...functions,
    global_i32: global("i32", 666),
    global_i64: global("i64", 666n),
    global_f32: global("f32", 666.6),
    global_f64: global("f64", 666.6),
    table: new more.Table({ element: "anyfunc", initial: 10, maximum: 20 }),
    table64: new more.Table({ element: "anyfunc", initial: 10n, maximum: 20n, address: "i64" }),
    memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
    shared_memory: new more.Memory({ initial: 1, maximum: 2, shared: true }),
  };
}
