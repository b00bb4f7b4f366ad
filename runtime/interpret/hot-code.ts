/**
 * Which functions are worth generated code, and where the dispatch loop hands over to it: a door is a word of lowered
 * code that was overwritten by `hot`. A clock of fuel, not of time, samples the running function, so the same run compiles
 * the same functions.
 */
import { type CompiledFunction, compileBlocks } from "./blocks.ts";
import type { CodeRange, GeneratedCode, Machine } from "./machine.ts";
import { loweredOp } from "./ops.ts";

/** Fuel between two samples: the least, and the most when nothing new is found. */
const SLICE_MIN = 20_000;
const SLICE_MAX = 1 << 20;
/** Samples that make a function hot. */
const HOT_SAMPLES = 2;
const FUNCTIONS_MAX = 10_000;

interface Door {
  readonly run: CompiledFunction;
  readonly block: number;
  readonly pc: number;
  /** The two words that were overwritten. */
  readonly words: readonly [number, number];
}

const HOT = loweredOp("hot");

export class HotCode implements GeneratedCode {
  readonly #doors: Door[] = [];
  readonly #samples = new Map<number, number>();
  readonly #seen = new Set<number>();
  readonly #eager: boolean;
  #allowed = true;
  #slice = SLICE_MIN;

  /** `eager` compiles every function as it is lowered. */
  constructor(eager = false) {
    this.#eager = eager;
  }

  get compiled(): number {
    return this.#seen.size;
  }

  get slice(): number {
    return this.#slice;
  }

  lowered(m: Machine, range: CodeRange): void {
    if (this.#eager && this.#allowed) this.#compile(m, range);
  }

  sample(m: Machine): void {
    const range = m.rangeOf(m.pc);
    if (range === undefined || !this.#allowed || this.#seen.has(range.f)) {
      this.#slice = Math.min(SLICE_MAX, this.#slice * 2);
      return;
    }
    this.#slice = SLICE_MIN;
    const count = (this.#samples.get(range.f) ?? 0) + 1;
    this.#samples.set(range.f, count);
    if (count >= HOT_SAMPLES) this.#compile(m, range);
  }

  enter(m: Machine, door: number): number {
    for (let at = door; ; ) {
      const { run, block } = this.#doors[at] as Door;
      const next = run(m, block, m.fp);
      if (next < 0 || m.code[next] !== HOT) return next;
      at = m.code[next + 1] as number;
    }
  }

  restored(code: Int32Array): Int32Array {
    const plain = code.slice();
    for (const { pc, words } of this.#doors) plain.set(words, pc);
    return plain;
  }

  forget(): void {
    this.#doors.length = 0;
    this.#samples.clear();
    this.#seen.clear();
  }

  #compile(m: Machine, range: CodeRange): void {
    if (this.#seen.size === FUNCTIONS_MAX) return;
    this.#seen.add(range.f);
    const compiled = this.#attempt(m, range);
    if (compiled === undefined) return;
    for (const [pc, block] of compiled.doors) {
      const words = [m.code[pc] as number, m.code[pc + 1] as number] as const;
      this.#doors.push({ run: compiled.run, block, pc, words });
      m.code[pc] = HOT;
      m.code[pc + 1] = this.#doors.length - 1;
    }
  }

  #attempt(m: Machine, range: CodeRange): ReturnType<typeof compileBlocks> {
    try {
      return compileBlocks(m, range);
    } catch (error) {
      // The host forbids code from text (a content security policy, or a flag of its engine): the loop runs everything.
      if (!(error instanceof EvalError)) throw error;
      this.#allowed = false;
      return undefined;
    }
  }
}
