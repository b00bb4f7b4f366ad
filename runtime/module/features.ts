/**
 * The features a device policy can turn off one by one, by the names of the proposals that brought them. What is off is
 * refused by name, before anything is compiled.
 */
export const FEATURES = [
  "mvp",
  "mutable-globals",
  "sign-extension",
  "saturating-float-to-int",
  "multi-value",
  "bulk-memory",
  "reference-types",
  "extended-const",
  "tail-call",
  "typed-function-references",
  "gc",
  "exceptions",
  "multi-memory",
  "memory64",
  "simd",
  "relaxed-simd",
  "threads",
  "legacy-exceptions",
  "custom-page-sizes",
  "wide-arithmetic",
] as const;

export type Feature = (typeof FEATURES)[number];
export type FeatureSet = ReadonlySet<Feature>;

/** WebAssembly 3.0: everything the core suite's root checks. */
export const WASM_3: FeatureSet = new Set(FEATURES.slice(0, FEATURES.indexOf("threads")));
export const ALL_FEATURES: FeatureSet = new Set(FEATURES);
