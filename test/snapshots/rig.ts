/** Runs a program under the interpreter with a recorded output, alone or continued from a snapshot. */
import { readFileSync } from "node:fs";
import { decodeModule } from "../../runtime/binary/decode.ts";
import { type Activation, type Instance, restore, Store, type StoreOptions } from "../../runtime/interpret/index.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { importsOf, type Module } from "../../runtime/module/module.ts";
import { type ValidModule, validateModule } from "../../runtime/validate/module.ts";
import { Exit, miniWasi } from "../bench/wasi-mini.ts";

export interface Program {
  readonly store: Store;
  readonly instance: Instance;
  readonly output: readonly string[];
  /** Runs the call to its end and says what there is to compare. */
  finish(call: Activation): Outcome;
}

export interface Outcome {
  readonly output: string;
  readonly memory: string;
  readonly fuelLeft: number;
}

/** The program in a new store: initialised, or adopted for a snapshot to be put into it. */
export function program(path: string, args: readonly string[], options: StoreOptions, adopt = false): Program {
  const module = unwrap(decodeModule(readFileSync(path)));
  const store = new Store(options);
  const valid = unwrap(validateModule(module, { registry: store.registry }));
  let memory = (): Uint8Array => new Uint8Array(0);
  const wasi = miniWasi(args, () => memory());
  const instance = make(store, valid, module, adopt, wasi.call);
  memory = () => {
    const exported = instance.exports.get("memory");
    if (exported?.kind !== "memory") throw new Error("the program exports no memory");
    return exported.bytes;
  };
  return {
    store,
    instance,
    output: wasi.output,
    finish(call) {
      try {
        for (;;) {
          const progress = call.run();
          if (progress.state === "failed") throw progress.fault;
          if (progress.state === "fuel") throw new Error("out of fuel");
          if (progress.state === "done") break;
        }
      } catch (error) {
        if (!(error instanceof Exit)) throw error;
      }
      return { output: wasi.output.join(""), memory: sha256(memory()), fuelLeft: store.fuel };
    },
  };
}

function make(
  store: Store,
  valid: ValidModule,
  module: Module,
  adopt: boolean,
  call: (name: string, args: readonly (number | bigint)[]) => number,
): Instance {
  const resolve = (_module: string, name: string) => {
    const found = importsOf(module, "function").find((one) => one.name === name);
    const type = module.types[found?.desc.type ?? -1]?.composite;
    if (type?.kind !== "func") return undefined;
    return store.hostFunction(type.params, type.results, (args) => {
      const result = call(
        name,
        args.map((one) => (one.type === "i32" || one.type === "i64" ? one.value : 0)),
      );
      return type.results.length === 0 ? [] : [{ type: "i32", value: result }];
    });
  };
  return unwrap(adopt ? store.adopt(valid, resolve) : store.instantiate(valid, resolve));
}

export function start({ store, instance }: Program): Activation {
  const f = instance.exports.get("_start");
  if (f?.kind !== "function") throw new Error("the program has no _start");
  return unwrap(store.begin(f, []));
}

/** Continues a snapshot in a store of its own. */
export function resume(path: string, args: readonly string[], options: StoreOptions, file: Uint8Array): Outcome {
  const fresh = program(path, args, options, true);
  return fresh.finish(unwrap(restore(fresh.store, file)));
}
