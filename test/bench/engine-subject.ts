/**
 * One program in one subject, as a process of its own: `node engine-subject.ts <v8|interpreter|interpreter-blocks> <wasm> <rounds>`. Prints
 * what the program wrote and CPU seconds (user and system, all threads): from bytes to an instance, and of `_start`.
 * Only what type stripping or `tsc` emits runs here, so that the same file serves under `--jitless`.
 */
import { readFileSync } from "node:fs";
import { decodeModule } from "../../runtime/binary/decode.ts";
import { type Extern, MemoryInstance, Store, type Value } from "../../runtime/interpret/index.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { instrument, type MeterOptions } from "../../runtime/metered/index.ts";
import type { Module } from "../../runtime/module/module.ts";
import { createRegistry } from "../../runtime/module/registry.ts";
import { validateModule } from "../../runtime/validate/module.ts";
import { Exit, type MiniWasi, miniWasi } from "./wasi-mini.ts";

/** What a subject makes of the bytes: the program ready to start, and what it will have written. */
interface Prepared {
  readonly wasi: MiniWasi;
  start(): void;
}

const WASI = "wasi_snapshot_preview1";
const METERS: Readonly<Record<string, MeterOptions>> = {
  "metered-epoch": { epoch: true, fuel: "none", reentry: true },
  "metered-block": { epoch: false, fuel: "block", reentry: true, tank: 1n << 62n },
  "metered-exact": { epoch: false, fuel: "exact", reentry: true, tank: 1n << 62n },
};

function metered(bytes: Uint8Array, meter: MeterOptions): Uint8Array {
  return unwrap(instrument(unwrap(validateModule(unwrap(decodeModule(bytes)))), meter)).bytes;
}

function prepareV8(given: Uint8Array, args: readonly string[], meter?: MeterOptions): Prepared {
  const bytes = meter === undefined ? given : metered(given, meter);
  let memory = new Uint8Array();
  let exported: { readonly buffer: ArrayBuffer } | undefined;
  const wasi = miniWasi(args, () => {
    if (exported !== undefined && memory.buffer !== exported.buffer) memory = new Uint8Array(exported.buffer);
    return memory;
  });
  const imports = new Proxy<Record<string, unknown>>(
    {},
    {
      get:
        (_all, name) =>
        (...given: (number | bigint)[]) =>
          wasi.call(String(name), given),
    },
  );
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { [WASI]: imports });
  exported = instance.exports["memory"] as { readonly buffer: ArrayBuffer };
  return { wasi, start: () => void (instance.exports["_start"] as () => void)() };
}

function prepareInterpreter(bytes: Uint8Array, args: readonly string[], blocks: boolean): Prepared {
  let memory: Extern | undefined;
  const wasi = miniWasi(args, () => (memory instanceof MemoryInstance ? memory.bytes : new Uint8Array()));
  const registry = createRegistry();
  const store = new Store({ registry, blocks });
  const valid = unwrap(validateModule(unwrap(decodeModule(bytes)), { registry }));
  const instance = unwrap(store.instantiate(valid, (_module, name) => hostFunction(store, valid.module, wasi, name)));
  memory = instance.exports.get("memory");
  const entry = instance.exports.get("_start");
  if (entry === undefined || !("params" in entry) || !("host" in entry)) throw new Error("no function _start");
  return { wasi, start: () => void unwrap(store.invoke(entry, [])) };
}

function hostFunction(store: Store, module: Module, wasi: MiniWasi, name: string): Extern | undefined {
  const found = module.imports.find((one) => one.module === WASI && one.name === name);
  if (found?.desc.kind !== "function") return undefined;
  const type = module.types[found.desc.type]?.composite;
  if (type?.kind !== "func") return undefined;
  return store.hostFunction(type.params, type.results, (values: readonly Value[]) => {
    const status = wasi.call(
      name,
      values.map((one) => (one.type === "i32" || one.type === "i64" ? one.value : 0)),
    );
    return type.results.length === 0 ? [] : [{ type: "i32", value: status }];
  });
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const [, , subject = "", file = "", rounds = "1"] = process.argv;
const bytes = new Uint8Array(readFileSync(file));
const before = cpuSeconds();
const args = ["bench", rounds];
const { wasi, start } =
  subject === "v8" || METERS[subject] !== undefined
    ? prepareV8(bytes, args, METERS[subject])
    : prepareInterpreter(bytes, args, subject === "interpreter-blocks");
const ready = cpuSeconds();
try {
  start();
} catch (error) {
  if (!(error instanceof Exit) || error.code !== 0) throw error;
}
const done = cpuSeconds();
process.stdout.write(`${JSON.stringify({ output: wasi.output.join(""), load: ready - before, run: done - ready })}\n`);
