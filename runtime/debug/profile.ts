/**
 * A profile by instructions, not by time: the call stack is looked at every so many instructions, on the average. The
 * distances vary by a fixed sequence, so that a loop of the same length does not hide, and the same run gives the same
 * profile. Stacks are folded: names from the outermost inwards with semicolons, and how often they were seen.
 */
import { framesOf } from "../interpret/backtrace.ts";
import type { Probe } from "../interpret/index.ts";

export interface ProfileOptions {
  /** Instructions between two looks, on the average. */
  readonly every: number;
  readonly nameOf: (f: number) => string;
}

export interface FunctionShare {
  readonly name: string;
  /** Samples in the function itself, and in it or what it called. */
  readonly self: number;
  readonly total: number;
}

/** Frames of one stack; what is further out is left away. */
export const STACK_FRAMES_MAX = 128;
/** Different stacks; further ones count as one. */
const STACKS_MAX = 100_000;
const OTHERS = "(other stacks)";

export class Profile {
  readonly #every: number;
  readonly #nameOf: (f: number) => string;
  readonly #stacks = new Map<string, number>();
  #names = new Map<number, string>();
  #samples = 0;
  #instructions = 0;
  #next: number;
  #random = 1;

  constructor({ every, nameOf }: ProfileOptions) {
    this.#every = Math.max(1, Math.floor(every));
    this.#nameOf = nameOf;
    this.#next = this.#distance();
  }

  get samples(): number {
    return this.#samples;
  }

  get instructions(): number {
    return this.#instructions;
  }

  get stacks(): ReadonlyMap<string, number> {
    return this.#stacks;
  }

  readonly probe: Probe = ({ machine }) => {
    this.#instructions += 1;
    if (this.#instructions < this.#next) return undefined;
    this.#next = this.#instructions + this.#distance();
    this.#samples += 1;
    const names = framesOf(machine, STACK_FRAMES_MAX).map(({ f }) => this.#name(f.index));
    const stack = names.reverse().join(";");
    const known = this.#stacks.has(stack) || this.#stacks.size < STACKS_MAX ? stack : OTHERS;
    this.#stacks.set(known, (this.#stacks.get(known) ?? 0) + 1);
    return undefined;
  };

  /** Lines of `stack count`, as flame-graph tools read them. */
  folded(): readonly string[] {
    return [...this.#stacks].map(([stack, count]) => `${stack} ${count}`).sort();
  }

  /** The functions that took most, by themselves. */
  functions(): readonly FunctionShare[] {
    const shares = new Map<string, { self: number; total: number }>();
    const share = (name: string) => {
      const known = shares.get(name) ?? { self: 0, total: 0 };
      shares.set(name, known);
      return known;
    };
    for (const [stack, count] of this.#stacks) {
      const names = stack.split(";");
      share(names.at(-1) ?? "").self += count;
      for (const name of new Set(names)) share(name).total += count;
    }
    return [...shares]
      .map(([name, { self, total }]) => ({ name, self, total }))
      .sort((one, other) => other.self - one.self || other.total - one.total);
  }

  #name(f: number): string {
    const known = this.#names.get(f);
    if (known !== undefined) return known;
    const name = this.#nameOf(f).replaceAll(/[;\r\n]+/g, "_");
    this.#names.set(f, name);
    return name;
  }

  /** From half to one and a half of the average. */
  #distance(): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.max(1, Math.floor(this.#every * (0.5 + this.#random / 2 ** 32)));
  }
}
