/** The door for reading modules: a door of its own, so that the agent of a board loads none of it. */
export { decodeModule } from "../binary/decode.ts";
export { FEATURES, type Feature, type FeatureSet, WASM_3 } from "../module/features.ts";
export type { Module } from "../module/module.ts";
export { type ValidModule, validateModule } from "../validate/module.ts";
export { type Excerpt, excerpt } from "./excerpt.ts";
export * from "./inspect.ts";
export { functionName, functionNames, type ModuleNames, readNames } from "./names.ts";
export { type PrintOptions, printModule } from "./print.ts";
export { quote } from "./text.ts";
