/** The V8 tier's code: what `WebAssembly` of the host makes of the bytes, without a leash inside. */
import type { GuestCode, GuestImport, GuestTier } from "../guest-code.ts";
import { trapOf } from "./traps.ts";

const EMPTY = new Uint8Array(0);

export const v8Tier: GuestTier = {
  make(wasm, module, functions, prepared) {
    const compiled = prepared?.compiled ?? new WebAssembly.Module(prepared?.bytes ?? wasm);
    return codeOf(compiled, module, functions).code;
  },
  trapOf,
};

/** An instance, its exported memory and functions by name. */
export function codeOf(
  compiled: WebAssembly.Module,
  module: string,
  functions: Readonly<Record<string, GuestImport>>,
): { readonly exports: Readonly<Record<string, unknown>>; readonly code: GuestCode } {
  const { exports } = new WebAssembly.Instance(compiled, { [module]: { ...functions } });
  const memory = exports["memory"];
  const code: GuestCode = {
    memory: () => (memory instanceof WebAssembly.Memory ? new Uint8Array(memory.buffer) : EMPTY),
    call(name, ...args) {
      const fn = exports[name];
      if (typeof fn !== "function") return 0;
      const value: unknown = fn(...args);
      return typeof value === "number" ? value : 0;
    },
  };
  return { exports, code };
}
