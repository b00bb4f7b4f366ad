/**
 * The embedding API: load, validate, instantiate, link, call, look into memory, meter, stop and continue. Its own door,
 * because the agent starts guests in workers and must not load an interpreter to do so. docs/embedding.md shows each part.
 */
import { decodeModule } from "../binary/decode.ts";
import type { Fault } from "../kernel/fault.ts";
import type { Result } from "../kernel/result.ts";
import { type ValidateOptions, type ValidModule, validateModule } from "../validate/module.ts";

export { decodeModule } from "../binary/decode.ts";
export * from "../interpret/index.ts";
export { Fault } from "../kernel/fault.ts";
export { err, ok, type Result, unwrap } from "../kernel/result.ts";
export { EPOCH, instrument, METER_EXPORTS, type Metered, type MeterOptions, WHY, whyOf } from "../metered/index.ts";
export { ALL_FEATURES, FEATURES, type Feature, type FeatureSet, WASM_3 } from "../module/features.ts";
export type { Module } from "../module/module.ts";
export { createRegistry, type TypeRegistry } from "../module/registry.ts";
export { EXTERNREF, F32, F64, FUNCREF, I32, I64, V128, type ValType } from "../module/val-type.ts";
export { type ValidateOptions, type ValidModule, validateModule } from "../validate/module.ts";

/**
 * Loader and Validator in one: bytes of the binary format (core specification 3.0, chapter 5) that pass chapter 3. Modules
 * that are linked with each other share the store's registry. LOAD_*, VALIDATE_*, each with the byte's offset.
 */
export function loadModule(bytes: Uint8Array, options: ValidateOptions = {}): Result<ValidModule, Fault> {
  const decoded = decodeModule(bytes);
  return decoded.ok ? validateModule(decoded.value, options) : decoded;
}
