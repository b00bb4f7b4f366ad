/** WASI's door: the functions, what they are given, and programs on the host's compilers. */
export { createWasi } from "./create.ts";
export { checkWasiImports, isWasiName } from "./link.ts";
export type { MemoryPort } from "./memory.ts";
export { nodeClocks, nodeRandom, nodeSink, nodeStdin, nodeWait, nodeWorld } from "./node-options.ts";
export * from "./options.ts";
export { errnoName, SIGNATURES, WASI_MODULE, type WasiName } from "./preview1.ts";
export { type OnV8, runOnV8 } from "./v8-program.ts";
