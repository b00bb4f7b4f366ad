/**
 * A program on V8: the Loader's clamped bytes, linked with WASI and called once. Runs in the thread that calls it, which ought
 * to be one that can be terminated: nothing else ends a loop without calls.
 */
import { decodeModule } from "../binary/decode.ts";
import type { LoadedModule } from "../engine.ts";
import { Fault } from "../kernel/fault.ts";
import { unwrap } from "../kernel/result.ts";
import {
  instrument,
  METER_EXPORTS,
  type MeterOptions,
  originalPlaces,
  type Sizes,
  sizesOf,
  WHY,
  whyOf,
} from "../metered/index.ts";
import { moved, type Place, placesOf } from "../v8/backtrace.ts";
import { withFrames } from "../v8/frames.ts";
import { fuelFaultOf, trapFaultOf } from "../v8/trap-faults.ts";
import { validateModule } from "../validate/module.ts";
import { type Wasi, WasiExit } from "./options.ts";
import { WASI_MODULE } from "./preview1.ts";

const EMPTY = new Uint8Array(0);
/** Of which no program sees the end, and which a number holds to the unit. */
const MOST_FUEL = Number.MAX_SAFE_INTEGER;

/** That V8 shall note: more than are told, because those of added functions and of the host are among them. */
const FRAMES = 64;

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
  const meter = metered ? meterOf(options) : undefined;
  const bytes = meter === undefined ? loaded.bytes : unwrap(instrument(validate(loaded.bytes), meter)).bytes;
  let exported: Readonly<Record<string, unknown>> = {};
  let memory: unknown;
  let tank: { value: bigint } | undefined;
  let why = () => 0;
  wasi.bind(() => (memory instanceof WebAssembly.Memory ? new Uint8Array(memory.buffer) : EMPTY));
  const run = (): unknown => {
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
    return call(...args);
  };
  try {
    const result = withFrames(FRAMES, run);
    return result === undefined ? [] : Array.isArray(result) ? result : [result];
  } catch (thrown) {
    if (thrown instanceof WasiExit || thrown instanceof Fault || thrown instanceof TypeError) throw thrown;
    const places = placesIn(loaded, thrown, meter);
    throw why() === WHY.fuel ? fuelFaultOf(loaded.module, places) : trapFaultOf(thrown, loaded.module, places);
  } finally {
    if (tank !== undefined) onEnd?.({ fuel: fuel - Number(tank.value), sizes: sizesOf(exported) });
  }
}

/** The Validator judges the clamped bytes again: they are not those that were published. */
const validate = (bytes: Uint8Array) => unwrap(validateModule(unwrap(decodeModule(bytes))));

function meterOf({ fuel, deterministic = false, onEnd }: OnV8): MeterOptions {
  const told = onEnd !== undefined;
  const counted = fuel === undefined && !told ? "none" : "exact";
  return { epoch: true, fuel: counted, reentry: true, deterministic, sizes: told };
}

/** Where it stood, in the module as it was published. */
function placesIn({ bytes, module }: LoadedModule, thrown: unknown, meter: MeterOptions | undefined): readonly Place[] {
  const valid = validate(bytes);
  const places = placesOf(thrown, meter && originalPlaces(valid, meter));
  return moved(places, valid.module, module);
}
