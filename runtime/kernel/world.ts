/**
 * The world as interfaces: what a function needs of time, chance and the outside comes in as an argument, so that a
 * test or a simulator can be that world. `node-world.ts` is the real one.
 */

export interface Clock {
  /** Wall clock, milliseconds since the epoch. May step; may be wrong on a board without an RTC. */
  now(): number;
  /** Milliseconds that never step back; the zero is arbitrary. */
  monotonic(): number;
  /** Calls back once after `ms`; the returned function cancels. */
  after(ms: number, then: () => void): Cancel;
}

export type Cancel = () => void;

export interface Random {
  bytes(count: number): Uint8Array;
  /** A number from 0 (included) to 1 (excluded), for jitter only. */
  fraction(): number;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

/** One line per call; facts are data, not text. */
export type Log = (level: LogLevel, what: string, facts?: Readonly<Record<string, unknown>>) => void;
