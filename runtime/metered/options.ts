/** What the instrumenter puts into a module, and the names under which the host finds it. */

export interface MeterOptions {
  /** A word in shared memory is looked at where functions begin and loops turn: the host can pause and stop the guest. */
  readonly epoch: boolean;
  /**
   * `block`: a bound, charged where functions begin and loops turn. `exact`: every basic block, one unit per instruction
   * and more for bulk operations, equal to the interpreter's count.
   */
  readonly fuel: "none" | "block" | "exact";
  /** Hot loops of calls that do not end go on in optimised code: a twin of each function with loops. */
  readonly reentry: boolean;
  /** Results that the specification leaves open are those of the interpreter: NaN bits, relaxed instructions. */
  readonly deterministic?: boolean;
  /** All memories and tables can be looked at by the host: see sizes.ts. Not beside `carry`, which does that itself. */
  readonly sizes?: boolean;
  /** Turns of a function's loops between two looks, and before it goes on in its twin; at least 2. 4096 unless given. */
  readonly turns?: number;
  /** Bytes, or elements, of one piece of a bulk operation; at least 1. 65 536 and 8192 unless given. */
  readonly piece?: number;
  /** Units in the tank before the host sets them; 0 unless given. */
  readonly tank?: bigint;
  /** The state of an instance that ran elsewhere can be put in: see carry.ts. Needs the epoch. */
  readonly carry?: boolean;
}

/** What names of the host's begin with. */
export const RESERVED = "sallyport:";

/** Exports that are added. No module of a publisher may use names that begin so. */
export const METER_EXPORTS = {
  /** `i64`, mutable: units that are left; below zero means that it ran out. */
  fuel: "sallyport:fuel",
  /** `i32`, mutable: the host stopped it, see `WHY`. The host asks `whyOf`, which knows of fuel as well. */
  why: "sallyport:why",
  /** A shared memory of one page; its first word is one of `EPOCH`. */
  epoch: "sallyport:epoch",
  /** The start function, which runs when the host calls it and not at instantiation. */
  start: "sallyport:start",
} as const;

/** Exports that `carry` adds, by index where there are several. */
export const CARRY_EXPORTS = {
  /** Sets numeric globals and drops segments as the page of the epoch says. */
  put: "sallyport:put",
  /** A table of all functions that references can be of. */
  functions: "sallyport:functions",
  memory: (index: number) => `sallyport:memory-${index}`,
  table: (index: number) => `sallyport:table-${index}`,
  global: (index: number) => `sallyport:global-${index}`,
} as const;

export const WHY = { nothing: 0, fuel: 1, stopped: 2 } as const;

/** Why the added code made the guest trap, one of `WHY`; what the guest's own code did is `nothing`. */
export function whyOf(exports: Readonly<Record<string, unknown>>): number {
  const why = exports[METER_EXPORTS.why] as { readonly value: number };
  const fuel = exports[METER_EXPORTS.fuel] as { readonly value: bigint } | undefined;
  if (why.value !== WHY.nothing) return why.value;
  return fuel !== undefined && fuel.value < 0n ? WHY.fuel : WHY.nothing;
}

/** What the guest does when it next looks: go on, wait for another word, trap. */
export const EPOCH = { run: 0, pause: 1, stop: 2 } as const;
