/** The features that can be turned off one by one. What is off is refused by name, before anything is compiled. */
import { FEATURES, type Feature, GUEST_FEATURES } from "../kernel/authority/features.ts";

export { FEATURES, type Feature } from "../kernel/authority/features.ts";
export type FeatureSet = ReadonlySet<Feature>;

/** WebAssembly 3.0: everything the core suite's root checks. */
export const WASM_3: FeatureSet = new Set(GUEST_FEATURES);
export const ALL_FEATURES: FeatureSet = new Set(FEATURES);
