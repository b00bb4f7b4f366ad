/**
 * The module begins in the interpreter and goes on in the metered tier between two calls, with all its state. Where that
 * cannot be carried it is tried again before each later call.
 */
import { putState } from "../../../runtime/auto/put.ts";
import { stateOf } from "../../../runtime/auto/state.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { instrument, type MeterOptions } from "../../../runtime/metered/index.ts";
import type { ValidModule } from "../../../runtime/validate/module.ts";
import type { Driven } from "./drive.ts";
import type { Ending, Running, Subject } from "./subject.ts";
import { hostOf, inV8 } from "./subject-compiled.ts";
import { Interpreting, interpreted } from "./subject-interpreter.ts";

const OPTIONS: MeterOptions = { epoch: true, fuel: "exact", reentry: true, turns: 2, piece: 5, carry: true };

export function carried(name: string, valid: ValidModule, driven: Driven): Subject {
  const first = interpreted(name, driven, {});
  let module: WebAssembly.Module | undefined;
  let starts = 0;
  return {
    name,
    fuel: "exact",
    start() {
      const begun = first.start();
      if (!(begun instanceof Interpreting)) return begun;
      module ??= new WebAssembly.Module(unwrap(instrument(valid, OPTIONS)).bytes);
      // Another call for each start, and for each module.
      const after = (driven.bytes.length + 5 * starts) % driven.calls.length;
      starts += 1;
      return new Carried(begun, module, driven, after);
    },
  };
}

class Carried implements Running {
  #now: Running;
  #left: number;
  readonly #begun: Interpreting;
  readonly #module: WebAssembly.Module;
  readonly #driven: Driven;
  /** `carried`, or why it is not. */
  carried = "never tried";

  constructor(begun: Interpreting, module: WebAssembly.Module, driven: Driven, after: number) {
    this.#now = begun;
    this.#begun = begun;
    this.#module = module;
    this.#driven = driven;
    this.#left = after;
  }

  call(name: string): Ending {
    if (this.#left > 0) this.#left -= 1;
    else if (this.#now === this.#begun) this.#carry();
    return this.#now.call(name);
  }

  #carry(): void {
    const state = stateOf(this.#begun.room);
    if (typeof state === "string") {
      this.carried = state;
      return;
    }
    const { notes, fuel } = this.#begun;
    const { exports } = new WebAssembly.Instance(this.#module, hostOf(notes));
    const next = inV8(exports, this.#driven, notes);
    putState(state, exports);
    if (next.fuel !== fuel) throw new Error(`${fuel} units were left, ${next.fuel} were carried`);
    this.#now = next;
    this.carried = "carried";
  }

  get notes(): readonly string[] {
    return this.#now.notes;
  }

  memory(name: string): Uint8Array {
    return this.#now.memory(name);
  }

  table(index: number): readonly (number | null)[] {
    return this.#now.table(index);
  }

  get fuel(): number {
    return this.#now.fuel;
  }

  set fuel(units: number) {
    this.#now.fuel = units;
  }
}
