/**
 * The code of a guest that begins in the interpreter and goes on in the host's compiler between two calls. Until then it
 * is the interpreter's, afterwards the metered tier's; whoever holds it sees one guest.
 */
import type { Stay } from "../engine.ts";
import type { GuestCode, GuestImport, GuestTier, PreparedCode, Trap } from "../guest-code.ts";
import { type InterpretedCode, interpreterTier, link, readModule } from "../interpret/guest-code.ts";
import { AssertionError, assert } from "../kernel/assert.ts";
import { Fault } from "../kernel/fault.ts";
import { planCarry } from "../metered/carry.ts";
import { type MeteredCode, meteredTier } from "../metered/guest-code.ts";
import type { ValidModule } from "../validate/module.ts";
import { putState } from "./put.ts";
import { stateOf } from "./state.ts";

const metered = meteredTier();
const NO_BYTES = new Uint8Array(0);

/** What it is linked with: the name of the one module, and its functions. */
type Linked = readonly [module: string, functions: Readonly<Record<string, GuestImport>>];

class AutoCode implements GuestCode {
  #now: GuestCode;
  #begun: InterpretedCode | undefined;
  #stays: Stay | undefined;
  readonly #module: string;
  readonly #functions: Readonly<Record<string, GuestImport>>;

  /** `begun` where it is to move. */
  constructor(now: GuestCode, begun: InterpretedCode | undefined, ...[module, functions]: Linked) {
    this.#now = now;
    this.#begun = begun;
    this.#module = module;
    this.#functions = functions;
    // Known before the code is there.
    if (begun !== undefined && planCarry(begun.valid) === undefined) this.#stays = "shape";
  }

  get stays(): Stay | undefined {
    return this.#stays;
  }

  get leash(): SharedArrayBuffer | undefined {
    return this.#now.leash;
  }

  move(prepared: PreparedCode): Stay | undefined {
    if (this.#begun === undefined) return undefined;
    const next = this.#stays ?? this.#moved(this.#begun, prepared);
    if (typeof next === "string") this.#stays = next;
    else {
      this.#now = next;
      this.#begun = undefined;
    }
    return this.#stays;
  }

  /** What begun holds is only read: whatever goes wrong, it can go on. */
  #moved(begun: InterpretedCode, prepared: PreparedCode): MeteredCode | Stay {
    const state = stateOf(begun);
    if (typeof state === "string") return state;
    let next: MeteredCode;
    try {
      next = metered.make(NO_BYTES, this.#module, this.#functions, prepared);
    } catch (error) {
      if (error instanceof AssertionError) throw error;
      return error instanceof RangeError ? "failed" : "refused";
    }
    try {
      putState(state, next.exports);
      return next;
    } catch (error) {
      if (error instanceof AssertionError) throw error;
      return "failed";
    }
  }

  refuel(units: number): void {
    this.#now.refuel?.(units);
  }

  begin(): void {
    this.#now.begin?.();
  }

  memory(): Uint8Array {
    return this.#now.memory();
  }

  call(name: string, ...args: readonly (number | bigint)[]): number {
    return this.#now.call(name, ...args);
  }

  /** Of the tier that it runs in. */
  trapOf(thrown: unknown): Trap {
    return (this.#begun === undefined ? metered : interpreterTier).trapOf(thrown, this.#now);
  }
}

/**
 * For one guest. The module is read at once, so that this is no part of what the guest is given time for. Throws the Fault
 * of whoever refuses it.
 */
export function autoTier(wasm: Uint8Array): GuestTier<AutoCode> {
  let valid: ValidModule | undefined = readModule(wasm);
  return {
    /** `prepared`: it begins where it would end. */
    make(_wasm, module, functions, prepared, fuel) {
      assert(valid !== undefined, "it is made once");
      const begun = prepared === undefined ? link(valid, module, functions, fuel) : undefined;
      // When it has moved, nothing of what it was is to be left.
      valid = undefined;
      const now = begun ?? metered.make(NO_BYTES, module, functions, prepared);
      return new AutoCode(now, begun, module, functions);
    },
    trapOf(thrown, code) {
      if (code instanceof AutoCode) return code.trapOf(thrown);
      return thrown instanceof Fault ? interpreterTier.trapOf(thrown, code) : metered.trapOf(thrown, undefined);
    },
  };
}
