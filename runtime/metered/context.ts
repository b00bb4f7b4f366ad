/** What the parts of the instrumenter that write bodies tell each other about the module and about what was added to it. */
import type { Module } from "../module/module.ts";
import type { MeterOptions } from "./options.ts";
import type { Pieces } from "./pieces.ts";

/** Indices of what was added to the module, as far as the options ask for it. */
export interface Added {
  readonly why: number;
  readonly fuel: number;
  readonly epoch: number;
  /** Function () -> (): looks at the epoch again, waits or traps. */
  readonly interrupted: number;
}

/** What bodies need to know of their module. */
export interface BodyContext {
  readonly module: Module;
  readonly options: MeterOptions;
  readonly added: Added;
  /** Bulk operations on memory `n` or table `n` count in i64. */
  readonly memory64: readonly boolean[];
  readonly table64: readonly boolean[];
  /** log2 of the bytes of an element, by the index of an array type. */
  elementLog2(type: number): number;
  /** Helpers that do bulk operations in pieces, where a guest can be interrupted. */
  readonly pieces: Pieces | undefined;
  readonly counted: Inserted;
  /** Bodies note where their instructions came from. */
  readonly recording: boolean;
}

/** How often what was put in. */
export interface Inserted {
  looks: number;
  payments: number;
}

/** Locals that the added code uses, by their indices. */
export interface Scratch {
  readonly fuel: number;
  readonly count32: number;
  readonly count64: number;
  /** Turns of loops until the next look around. */
  readonly turns: number;
  readonly grown: number;
  readonly goal: number;
}
