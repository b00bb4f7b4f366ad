/** From a module's bytes to those the host compiles: Loader, Validator, instrumenter. A start from the cache loads none of it. */
import { decodeModule } from "../binary/decode.ts";
import { type GuestGrade, PLAIN_GRADE } from "../engine.ts";
import { unwrap } from "../kernel/result.ts";
import { validateModule } from "../validate/module.ts";
import { instrument } from "./instrument.ts";

/** Throws the Fault of whoever refuses the module. `carry`: with room for the state of an instance that ran elsewhere. */
export function prepare(
  wasm: Uint8Array,
  { fuel, deterministic }: GuestGrade = PLAIN_GRADE,
  carry = false,
): Uint8Array {
  const options = { epoch: true, fuel, reentry: true, deterministic, carry };
  return unwrap(instrument(unwrap(validateModule(unwrap(decodeModule(wasm)))), options)).bytes;
}
