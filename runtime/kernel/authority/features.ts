/**
 * WebAssembly's features by the names of the proposals that brought them: manifests declare them, policies admit them, the
 * Validator refuses by them.
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

/** WebAssembly 3.0: what guests may use. */
export const GUEST_FEATURES = FEATURES.slice(0, FEATURES.indexOf("threads"));
