/** The engine's door: load, validate, check the links, start a guest. */
export { load } from "./binary/load.ts";
export * from "./engine.ts";
export { catalogues } from "./faults.ts";
export * from "./host-module.ts";
export { checkCommand, checkImports, signatureOf } from "./link.ts";
export { engineOf } from "./tiers.ts";
export { v8Engine } from "./v8/engine.ts";
export { validate } from "./validate/validate.ts";
