/** From a module's bytes to those the host compiles: Loader, Validator, instrumenter. A start from the cache loads none of it. */
import { decodeModule } from "../binary/decode.ts";
import { unwrap } from "../kernel/result.ts";
import { validateModule } from "../validate/module.ts";
import { instrument } from "./instrument.ts";
import type { MeterOptions } from "./options.ts";

/** What the agent's guests get: a deadline in time needs no fuel. */
const LEASH: MeterOptions = { epoch: true, fuel: "none", reentry: true };

/** Throws the Fault of whoever refuses the module. */
export function prepare(wasm: Uint8Array): Uint8Array {
  return unwrap(instrument(unwrap(validateModule(unwrap(decodeModule(wasm)))), LEASH)).bytes;
}
