/**
 * What the worker asks of a tier: code made from bytes, a memory, calls by name. The tiers meet here; everything that
 * keeps a guest on its leash lies outside and is the same for both.
 */

import type { Stay } from "./engine.ts";

/** Why a guest's call ended. `code` is one of a closed list of stable names, the same for every tier. */
export interface Trap {
  readonly code: string;
  readonly message: string;
}

/** The host had no memory for what the guest was to have: nothing that the guest did. */
export const OUT_OF_MEMORY = "out-of-memory";
export function isOutOfMemory(thrown: unknown): thrown is RangeError {
  return thrown instanceof RangeError && /out of memory|allocat|array buffer length/i.test(thrown.message);
}

/** A host function as a guest calls it: i32 as numbers, i64 as bigints. Must not throw. */
export type GuestImport = (...args: (number | bigint)[]) => number | bigint;

/** What a tier made of a module's bytes and need not make again: bytes that may be kept, and what the host compiled. */
export interface PreparedCode {
  readonly bytes?: Uint8Array;
  readonly compiled?: WebAssembly.Module;
}

export interface GuestCode {
  /** The word by which the host pauses and stops the guest from another thread: see metered/options.ts. */
  readonly leash?: SharedArrayBuffer | undefined;
  /** So many units of fuel for what is called next, where the code counts any; infinity for no bound. */
  refuel?(units: number): void;
  /** Runs the start function, where instantiation has not. Throws what `trapOf` reads. */
  begin?(): void;
  /** Why it will never move; see `move`. */
  readonly stays?: Stay | undefined;
  /**
   * Goes on in what was prepared, with all its state, from the next call on; `leash` is then another. Why not, where it does
   * not: it goes on as it was, and is never asked again.
   */
  move?(prepared: PreparedCode): Stay | undefined;
  /** The exported memory as it is now. */
  memory(): Uint8Array;
  /** Calls an exported function; 0 when there is none of that name or its result is no i32. Throws what `trapOf` reads. */
  call(name: string, ...args: readonly (number | bigint)[]): number;
}

export interface GuestTier<C extends GuestCode = GuestCode> {
  /** Compiles, links against functions of one module and instantiates. Throws what `trapOf` reads. */
  make(
    wasm: Uint8Array,
    module: string,
    functions: Readonly<Record<string, GuestImport>>,
    prepared?: PreparedCode,
    /** Units of fuel for what runs while it is made; no bound unless given. */
    fuel?: number,
  ): C;
  /** `code` is absent when making it failed. */
  trapOf(thrown: unknown, code: GuestCode | undefined): Trap;
}
