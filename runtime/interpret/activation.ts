/**
 * A call in progress that can stand still: out of fuel, at a probe, or while a host function's answer is awaited. All of
 * its state is in the machine, so that it can be looked at, saved in a snapshot, and continued, here or elsewhere.
 */
import type { Fault } from "../kernel/fault.ts";
import { HALT_PC, type Machine } from "./machine.ts";
import { readValues, writeValues } from "./marshal.ts";
import { STATUS } from "./status.ts";
import type { FunctionInstance, Value } from "./value.ts";

export type Progress =
  | { readonly state: "done"; readonly values: readonly Value[] }
  /** The tank is empty; give the store more fuel and run on. */
  | { readonly state: "fuel" }
  /** A probe asked to stop before the instruction it stands at. */
  | { readonly state: "probe" }
  /** `f` will answer later: see `answer`. */
  | { readonly state: "waiting"; readonly f: FunctionInstance; readonly args: readonly Value[] }
  | { readonly state: "failed"; readonly fault: Fault };

/** What an activation needs of its store. */
export interface Runner {
  readonly machine: Machine;
  /** Runs the dispatch loop from the machine's pc; a status. */
  drive(): number;
  /** Calls a host function at `base`; a status. */
  host(f: FunctionInstance, base: number): number;
  faultOf(status: number): Fault;
  /** The activation is over: its nesting is given back. */
  settled(): void;
}

interface Saved {
  readonly pc: number;
  readonly fp: number;
  readonly frame: number;
  readonly instance: number;
  readonly top: number;
}

export class Activation {
  readonly f: FunctionInstance;
  /** First stack word of arguments and results. */
  readonly base: number;
  readonly #runner: Runner;
  readonly #saved: Saved;
  #begun = false;
  #over = false;

  /** `begun`: the machine already holds the call, having been restored. */
  constructor(runner: Runner, f: FunctionInstance, base: number, begun: boolean) {
    const { pc, fp, frame, instance, top } = runner.machine;
    this.f = f;
    this.base = base;
    this.#runner = runner;
    this.#saved = begun
      ? { pc: HALT_PC, fp: base, frame: 0, instance: -1, top: base }
      : { pc, fp, frame, instance, top };
    this.#begun = begun;
  }

  /** Runs until the call is over or stands still. */
  run(): Progress {
    if (this.#over) throw new Error("the call is over");
    const m = this.#runner.machine;
    let status: number;
    try {
      status = this.#begun ? this.#runner.drive() : this.#begin();
    } catch (error) {
      this.discard();
      throw error;
    }
    switch (status) {
      case STATUS.done: {
        const values = readValues(m, this.f.results, this.base);
        this.discard();
        return { state: "done", values };
      }
      case STATUS.fuel:
        return { state: "fuel" };
      case STATUS.probe:
        return { state: "probe" };
      case STATUS.waiting: {
        const pending = m.pending as NonNullable<Machine["pending"]>;
        const f = m.functions[pending.f] as FunctionInstance;
        return { state: "waiting", f, args: readValues(m, f.params, pending.base) };
      }
      default: {
        const fault = this.#runner.faultOf(status);
        this.discard();
        return { state: "failed", fault };
      }
    }
  }

  /** Gives the awaited host function's results; `run` then goes on after its call. */
  answer(values: readonly Value[]): void {
    const m = this.#runner.machine;
    if (m.pending === undefined) throw new Error("nothing is awaited");
    const f = m.functions[m.pending.f] as FunctionInstance;
    writeValues(m, f.results, m.pending.base, values);
    m.pending = undefined;
  }

  /** Ends the call where it stands and gives its stack back. Idempotent. */
  discard(): void {
    if (this.#over) return;
    this.#over = true;
    const m = this.#runner.machine;
    m.pc = this.#saved.pc;
    m.fp = this.#saved.fp;
    m.frame = this.#saved.frame;
    m.instance = this.#saved.instance;
    m.top = this.#saved.top;
    m.view = m.viewOf(m.instance);
    m.pending = undefined;
    this.#runner.settled();
  }

  #begin(): number {
    const m = this.#runner.machine;
    const { f, base } = this;
    this.#begun = true;
    if (f.host !== undefined) return this.#runner.host(f, base);
    const entry = m.entries[f.id] === 0 ? m.prepare(f.id) : (m.entries[f.id] as number);
    if (entry < 0) return -entry;
    m.frames[m.frame] = HALT_PC;
    m.frames[m.frame + 1] = m.fp;
    m.frames[m.frame + 2] = m.instance;
    m.frame += 3;
    m.fp = base;
    m.pc = entry;
    m.instance = f.instance;
    m.view = m.viewOf(f.instance);
    return this.#runner.drive();
  }
}
