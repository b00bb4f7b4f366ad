/** Why a program stands still, and where, as debugger, steps and display tell each other. */
import type { Value } from "../interpret/index.ts";
import type { Fault } from "../kernel/fault.ts";
import type { Breakpoint, Written } from "./stop-points.ts";

export type Stop =
  /** The first instruction, or the beginning of what is kept of the past. */
  | { readonly kind: "start" }
  | { readonly kind: "breakpoint"; readonly hits: readonly Breakpoint[] }
  | { readonly kind: "watch"; readonly written: readonly Written[] }
  | { readonly kind: "step" }
  /** As many instructions as were allowed have run. */
  | { readonly kind: "budget" }
  | { readonly kind: "returned"; readonly values: readonly Value[] }
  /** A host function ended the program by throwing this. */
  | { readonly kind: "ended"; readonly thrown: unknown }
  /** The last instruction trapped; the program stands before it. */
  | { readonly kind: "trapped"; readonly fault: Fault };

/** Where the program stands, as the predicates of steps see it. One object, changed at every instruction. */
export interface Here {
  position: number;
  offset: number;
  /** Nested guest calls. */
  depth: number;
  /** Number of the source line, 0 for none. */
  line: number;
  /** This instruction begins a line, or comes back to one from a call: a stepping person should see it. */
  entered: boolean;
}

export type Goal = (here: Here) => boolean;
