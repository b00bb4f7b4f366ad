/**
 * What the worker asks of a tier: code made from bytes, a memory, calls by name. The two tiers meet here; everything that
 * keeps a guest on its leash lies outside and is the same for both.
 */

/** Why a guest's call ended. `code` is one of a closed list of stable names, the same for every tier. */
export interface Trap {
  readonly code: string;
  readonly message: string;
}

/** A host function as a guest calls it: i32 as numbers, i64 as bigints. Must not throw. */
export type GuestImport = (...args: (number | bigint)[]) => number | bigint;

export interface GuestCode {
  /** The exported memory as it is now. */
  memory(): Uint8Array;
  /** Calls an exported function; 0 when there is none of that name or its result is no i32. Throws what `trapOf` reads. */
  call(name: string, ...args: readonly (number | bigint)[]): number;
}

export interface GuestTier {
  /** Compiles, links against functions of one module, and runs the start function. Throws what `trapOf` reads. */
  make(wasm: Uint8Array, module: string, functions: Readonly<Record<string, GuestImport>>): GuestCode;
  trapOf(thrown: unknown): Trap;
}
