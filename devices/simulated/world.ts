/**
 * The physical world of the simulated drivers, as an interface: what sensors would measure and what is on the wires.
 * `memory.ts` keeps it in this process for tests, `directory.ts` in files so that another process can be the world.
 */
import type { Cancel } from "../../runtime/kernel/world.ts";
import type { Level } from "../gpio/port.ts";

/** One assertion of a level by the board: what a relay at the line would have seen. */
export interface Assertion {
  /** Wall clock, milliseconds. */
  readonly t: number;
  readonly line: string;
  readonly level: Level;
  readonly why: string;
}

/** What the world says of a sensor; `stale` repeats the last value while the world is in the middle of writing. */
export interface Measured {
  readonly value: number;
  readonly stale: boolean;
}

export interface SimulatedWorld {
  // The world's side.
  /** Fixes a sensor's value; `undefined` gives it back to the wave of the board description. */
  setSensor(name: string, value: number | undefined): void;
  /** Puts a level on an input, as if somebody pressed a button. */
  drive(line: string, level: Level): void;
  /** What is on the line now. */
  level(line: string): Level;
  /** What the board asserted, oldest first; bounded, old entries go first. */
  history(line?: string): readonly Assertion[];

  // The board's side.
  /** The world's own value, or undefined when it has none. Throws on a value that is not a number. */
  sensor(name: string): Measured | undefined;
  /** The board drives an output. */
  assert(line: string, level: Level, why: string): void;
  onEdge(line: string, listener: (level: Level) => void): Cancel;
  close(): void;
}

export const HISTORY_MAX = 1000;

/** Repeating a level is no event; driving a safe level always is one, also when the line was there already. */
export function isEvent(before: Level | undefined, level: Level, why: string): boolean {
  return before !== level || !why.startsWith("set");
}
