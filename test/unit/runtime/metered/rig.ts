/** A bench program in the metered tier, and the same in the interpreter: what they print, leave in memory, and cost. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decodeModule } from "../../../../runtime/binary/decode.ts";
import { sha256 } from "../../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { instrument, METER_EXPORTS, type MeterOptions, whyOf } from "../../../../runtime/metered/index.ts";
import { validateModule } from "../../../../runtime/validate/module.ts";
import { Exit, miniWasi } from "../../../bench/wasi-mini.ts";
import { program, start } from "../../../snapshots/rig.ts";

const path = (name: string) => fileURLToPath(new URL(`../../../bench/programs/${name}.wasm`, import.meta.url));

export interface Run {
  readonly output: string;
  readonly memory: string;
  readonly left: bigint;
  /** Why the added code trapped, 0 when it did not. */
  readonly why: number;
}

export function interpreted(name: string, rounds: string, fuel: bigint): Run {
  const one = program(path(name), [name, rounds], { fuel: Number(fuel) });
  const call = start(one);
  let why = 0;
  try {
    if (call.run().state === "fuel") why = 1;
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
  }
  const memory = one.instance.exports.get("memory");
  if (memory?.kind !== "memory") throw new Error("no memory");
  return { output: one.output.join(""), memory: sha256(memory.bytes), left: BigInt(one.store.fuel), why };
}

export function metered(name: string, rounds: string, options: MeterOptions, fuel: bigint): Run {
  const made = unwrap(instrument(unwrap(validateModule(unwrap(decodeModule(readFileSync(path(name)))))), options));
  let exported: { readonly buffer: ArrayBuffer } | undefined;
  const wasi = miniWasi([name, rounds], () => new Uint8Array(exported?.buffer ?? new ArrayBuffer(0)));
  const call =
    (field: string | symbol) =>
    (...given: (number | bigint)[]) =>
      wasi.call(String(field), given);
  const imports = new Proxy<Record<string, unknown>>({}, { get: (_all, field) => call(field) });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(made.bytes), { wasi_snapshot_preview1: imports });
  exported = exports["memory"] as { readonly buffer: ArrayBuffer };
  const tank = exports[METER_EXPORTS.fuel] as { value: bigint };
  tank.value = fuel;
  try {
    (exports["_start"] as () => void)();
  } catch (error) {
    if (!(error instanceof Exit) && whyOf(exports) === 0) throw error;
  }
  const memory = sha256(new Uint8Array(exported.buffer));
  return { output: wasi.output.join(""), memory, left: tank.value, why: whyOf(exports) };
}
