/** What a tier is to the comparison: it starts the module, calls its exports, and shows what they left. */
import type { MeterOptions } from "../../../runtime/metered/index.ts";

/** How a call ended. */
export type Ending =
  | { readonly kind: "returned" }
  /** In the suite's words; V8's are fewer, so each of its own stands for several. */
  | { readonly kind: "trap"; readonly wordings: readonly string[] }
  | { readonly kind: "exception"; readonly tag: number }
  | { readonly kind: "fuel" }
  /** The stack or a heap of the engine's is full: says nothing about the others. */
  | { readonly kind: "exhausted"; readonly what: string };

export interface Running {
  /** What the host was called with. */
  readonly notes: readonly string[];
  call(name: string): Ending;
  memory(name: string): Uint8Array;
  /** Indices of the functions in a table, null for an empty element. */
  table(index: number): readonly (number | null)[];
  /** Units in the tank; only where they are counted. */
  fuel: number;
  /** Of what begins in one tier and goes on in another: `carried`, or why it did not. */
  readonly carried?: string;
}

export interface Subject {
  readonly name: string;
  /** Fuel is the interpreter's to the unit, or at least as much but for bulk instructions, or not counted. */
  readonly fuel: MeterOptions["fuel"];
  /** Takes what the module wants of the host, if anything; an ending other than `returned` when segments do not fit. */
  start(): Running | Ending;
}

export const PLENTY = 2 ** 40;
export const TABLE_SHOWN = 64;
