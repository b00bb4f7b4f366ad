/** From a module's bytes to those the host compiles: Loader, Validator, instrumenter. A start from the cache loads none of it. */
import { decodeModule } from "../binary/decode.ts";
import { type GuestGrade, PLAIN_GRADE } from "../engine.ts";
import { unwrap } from "../kernel/result.ts";
import { validateModule } from "../validate/module.ts";
import { instrument } from "./instrument.ts";

/** Throws the Fault of whoever refuses the module. */
export function prepare(wasm: Uint8Array, { fuel, deterministic }: GuestGrade = PLAIN_GRADE): Uint8Array {
  const options = { epoch: true, fuel, reentry: true, deterministic };
  return unwrap(instrument(unwrap(validateModule(unwrap(decodeModule(wasm)))), options)).bytes;
}
