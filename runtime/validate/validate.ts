/**
 * The Validator's door for the agent: our own judgement of the module as published, then V8's of the clamped bytes. The
 * two are written by different people from the same specification; where they differ, nothing runs.
 */
import type { LoadedModule } from "../engine.ts";
import { validateFault } from "../faults.ts";
import { reasonOf } from "../kernel/fault.ts";
import { hostHasWebAssembly } from "../kernel/host.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { type FeatureSet, WASM_3 } from "../module/features.ts";
import { validateModule } from "./module.ts";

/**
 * VALIDATE_INVALID, VALIDATE_FEATURE, VALIDATE_LIMIT; VALIDATE_SECOND_OPINION when only V8 refuses. `features`: those that are
 * admitted, WebAssembly 3.0 unless given.
 */
export function validate(loaded: LoadedModule, features: FeatureSet = WASM_3): Result<void> {
  const own = validateModule(loaded.module, { features });
  if (!own.ok) return own;
  // Under --jitless there is nobody to ask.
  if (!hostHasWebAssembly()) return ok(undefined);
  try {
    new WebAssembly.Module(loaded.bytes);
    return ok(undefined);
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    return err(validateFault("VALIDATE_SECOND_OPINION", { reason: reasonOf(error) }, error));
  }
}
