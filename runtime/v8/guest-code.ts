/** The V8 tier's code: what `WebAssembly` of the host makes of the bytes. */
import type { GuestTier } from "../guest-code.ts";
import { trapOf } from "./traps.ts";

const EMPTY = new Uint8Array(0);

export const v8Tier: GuestTier = {
  make(wasm, module, functions) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm), { [module]: { ...functions } });
    const memory = exports["memory"];
    return {
      memory: () => (memory instanceof WebAssembly.Memory ? new Uint8Array(memory.buffer) : EMPTY),
      call(name, ...args) {
        const fn = exports[name];
        if (typeof fn !== "function") return 0;
        const value: unknown = fn(...args);
        return typeof value === "number" ? value : 0;
      },
    };
  },
  trapOf,
};
