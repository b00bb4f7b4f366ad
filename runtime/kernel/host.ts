/** What the JavaScript host offers beside the language. */

/** False under `--jitless`: the host may generate no code, and `WebAssembly` is not there. */
export const hostHasWebAssembly = (): boolean => "WebAssembly" in globalThis;
