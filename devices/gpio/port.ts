/**
 * The port behind which every line driver stands. Inputs and outputs are different types: nothing can drive an input by
 * mistake. A driver knows no module and no grant; `why` is for its history only.
 */
import type { SafeLevel } from "../../runtime/kernel/authority/capability.ts";
import type { ResourceName } from "../../runtime/kernel/brand.ts";
import type { Cancel } from "../../runtime/kernel/world.ts";

export type Level = 0 | 1;

interface Line {
  readonly name: ResourceName;
  readonly driver: "simulated";
  readonly real: boolean;
  /** Throws when the line cannot be read. */
  get(): Level;
}

export interface InputLine extends Line {
  readonly dir: "in";
  /** Calls back on every change of level until cancelled. */
  onEdge(listener: (level: Level, timeNs: bigint) => void): Cancel;
}

export interface OutputLine extends Line {
  readonly dir: "out";
  /** Throws when the line cannot be driven. */
  set(level: Level, why: string): void;
}

export type LinePort = InputLine | OutputLine;

/** Drives an output to its safe level; `keep` leaves it as it is. */
export function driveSafe(line: OutputLine, safe: SafeLevel, why: string): void {
  if (safe !== "keep") line.set(safe === "high" ? 1 : 0, why);
}
