/**
 * The Validator's place. For now V8's own validation stands here, over the Loader's clamped bytes; next our own
 * one-pass algorithm takes it, emits the interpreter's side table, and V8 becomes the second opinion.
 */
import type { LoadedModule } from "../engine.ts";
import { validateFault } from "../faults.ts";
import { reasonOf } from "../kernel/fault.ts";
import { err, ok, type Result } from "../kernel/result.ts";

export function validate(module: LoadedModule): Result<void> {
  try {
    new WebAssembly.Module(module.bytes);
    return ok(undefined);
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    return err(validateFault("VALIDATE_INVALID", { reason: reasonOf(error) }, error));
  }
}
