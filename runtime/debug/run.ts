/** One call of a program to its end, slice by slice, with or without a probe, so that whoever runs it can look up between. */
import { trapFault } from "../faults.ts";
import type { Activation, Probe, Value } from "../interpret/index.ts";
import { Fault } from "../kernel/fault.ts";
import { attemptSync, type Result, unwrap } from "../kernel/result.ts";
import { type Guest, openGuest, type Program } from "./guest.ts";

export type Outcome =
  | { readonly kind: "returned"; readonly values: readonly Value[] }
  /** A host function ended the program by throwing this. */
  | { readonly kind: "ended"; readonly thrown: unknown }
  | { readonly kind: "trapped"; readonly fault: Fault };

export class GuestRun {
  readonly guest: Guest;
  readonly #call: Activation;
  /** Fuel that was not given out yet. */
  #left: number;

  /** Of an exported function. */
  static open(program: Program, entry: string, args: readonly Value[], probe?: Probe): Result<GuestRun, Fault> {
    return attemptSync(() => {
      const guest = unwrap(openGuest(program, probe === undefined ? {} : { probe }));
      const f = guest.instance.exports.get(entry);
      if (f?.kind !== "function") throw new TypeError(`the program exports no function ${entry}`);
      return new GuestRun(guest, unwrap(guest.store.begin(f, args)));
    });
  }

  private constructor(guest: Guest, call: Activation) {
    this.guest = guest;
    this.#call = call;
    this.#left = guest.store.fuel;
    guest.store.fuel = 0;
  }

  /** Units that were not used; below zero by what the last instructions overdrew. */
  get fuelLeft(): number {
    return this.#left + this.guest.store.fuel;
  }

  /** Runs for so much fuel; undefined when the call is not over. */
  advance(units: number): Outcome | undefined {
    const { store } = this.guest;
    const granted = Math.min(units, this.#left);
    this.#left -= granted;
    store.fuel += granted;
    try {
      const progress = this.#call.run();
      if (progress.state === "done") return { kind: "returned", values: progress.values };
      if (progress.state === "failed") return { kind: "trapped", fault: progress.fault };
      if (progress.state === "fuel" && this.#left > 0) return undefined;
      const code = progress.state === "waiting" ? "TRAP_WAITING" : "TRAP_FUEL";
      return { kind: "trapped", fault: trapFault(code, { where: store.backtrace() }) };
    } catch (thrown) {
      return thrown instanceof Fault ? { kind: "trapped", fault: thrown } : { kind: "ended", thrown };
    }
  }
}
