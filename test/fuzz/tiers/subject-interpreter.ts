/**
 * The module in the interpreter: in the dispatch loop or in generated blocks, in one go or in slices of fuel, and as a
 * call that is written down where it stands and goes on in another store.
 */
import { trapFault } from "../../../runtime/faults.ts";
import {
  type Activation,
  type Extern,
  type FunctionInstance,
  type Instance,
  restore,
  Store,
  type StoreOptions,
  snapshot,
} from "../../../runtime/interpret/index.ts";
import type { Fault } from "../../../runtime/kernel/fault.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { ALL_FEATURES } from "../../../runtime/module/features.ts";
import { type ValidModule, validateModule } from "../../../runtime/validate/module.ts";
import type { Driven } from "./drive.ts";
import { NOTE, type Notes, note } from "./host.ts";
import { type Ending, PLENTY, type Running, type Subject, TABLE_SHOWN } from "./subject.ts";

const LIMITS = { stackSlots: 1 << 16, callDepth: 1 << 12, codeWords: 1 << 24, memoryBytes: 1 << 26 };
/** How often one call moves: writing it down takes as long as thousands of its instructions. */
const MOVES = 2;

interface Ways extends StoreOptions {
  /** Calls stand still whenever so many units are used up, and then go on. */
  readonly slice?: number;
  /** They go on in another store, the first times. */
  readonly moved?: boolean;
}

export function interpreted(name: string, driven: Driven, ways: Ways): Subject {
  return {
    name,
    fuel: "exact",
    start() {
      const notes: Notes = [];
      const made = room(driven, ways, notes, false);
      if ("exports" in made) return new Interpreting(driven, ways, notes, made);
      return made.kind === "exception" ? { kind: "exception", tag: -1 } : made;
    },
  };
}

interface Room {
  readonly valid: ValidModule;
  readonly store: Store;
  readonly instance: Instance;
  readonly exports: ReadonlyMap<string, Extern>;
}

/** A store with the module in it, initialised, or adopted for a snapshot to be put into it. */
function room({ module }: Driven, ways: Ways, notes: Notes, adopt: boolean): Room | Ending {
  const store = new Store({ ...ways, limits: LIMITS, fuel: PLENTY });
  // A store has its own registry: the module is validated into it.
  const valid = unwrap(validateModule(module, { registry: store.registry, features: ALL_FEATURES }));
  const host = store.hostFunction(NOTE.params, NOTE.results, ([a, b]) => {
    if (a?.type !== "i32" || b?.type !== "i64") throw new Error("the host was called with other types");
    return [{ type: "i32", value: note(notes, a.value, b.value) }];
  });
  const made = adopt ? store.adopt(valid, () => host) : store.instantiate(valid, () => host);
  if (!made.ok) return endingOf(made.error);
  return { valid, store, instance: made.value, exports: made.value.exports };
}

export class Interpreting implements Running {
  readonly notes: Notes;
  readonly #driven: Driven;
  readonly #ways: Ways;
  #room: Room;
  #indices: ReadonlyMap<unknown, number>;
  /** What is not in the store's tank yet. */
  #reserve = 0;

  constructor(driven: Driven, ways: Ways, notes: Notes, first: Room) {
    this.#driven = driven;
    this.#ways = ways;
    this.notes = notes;
    this.#room = first;
    this.#indices = indicesOf(first);
  }

  /** Where it runs now. */
  get room(): Room {
    return this.#room;
  }

  call(name: string): Ending {
    const fault = this.#invoke(this.#export(name, "function"));
    if (fault === undefined) return { kind: "returned" };
    const ending = endingOf(fault);
    const firstTag = this.#room.exports.get("e0");
    return ending.kind === "exception" && firstTag?.kind === "tag"
      ? { kind: "exception", tag: ending.tag - firstTag.id }
      : ending;
  }

  memory(name: string): Uint8Array {
    return this.#export(name, "memory").bytes;
  }

  table(index: number): readonly (number | null)[] {
    const { elements } = this.#export(`t${index}`, "table");
    return elements.slice(0, TABLE_SHOWN).map((one) => this.#indices.get(one) ?? null);
  }

  get fuel(): number {
    return this.#room.store.fuel + this.#reserve;
  }

  set fuel(units: number) {
    this.#reserve = units;
    this.#room.store.fuel = 0;
    this.#give();
  }

  #export<K extends Extern["kind"]>(name: string, kind: K): Extract<Extern, { readonly kind: K }> {
    const found = this.#room.exports.get(name);
    if (found?.kind !== kind) throw new Error(`no ${kind} ${name}`);
    return found as Extract<Extern, { readonly kind: K }>;
  }

  #give(): void {
    const units = Math.min(this.#ways.slice ?? PLENTY, this.#reserve);
    this.#reserve -= units;
    this.#room.store.fuel += units;
  }

  /** Undefined when the call returned. */
  #invoke(f: FunctionInstance): Fault | undefined {
    if (this.#ways.slice === undefined) {
      const done = this.#room.store.invoke(f, []);
      return done.ok ? undefined : done.error;
    }
    const begun = this.#room.store.begin(f, []);
    if (!begun.ok) return begun.error;
    let call = begun.value;
    for (let stops = 0; ; stops += 1) {
      const progress = call.run();
      if (progress.state === "done") return undefined;
      if (progress.state === "failed") return progress.fault;
      if (progress.state !== "fuel") throw new Error(`the call is ${progress.state}`);
      if (this.#ways.moved === true && stops < MOVES) call = this.#move(call);
      while (this.#room.store.fuel < 0 && this.#reserve > 0) this.#give();
      if (this.#room.store.fuel >= 0) continue;
      call.discard();
      return trapFault("TRAP_FUEL", { where: [] });
    }
  }

  #move(call: Activation): Activation {
    const written = unwrap(snapshot(this.#room.store, call));
    const { fuel } = this.#room.store;
    const next = room(this.#driven, this.#ways, this.notes, true);
    if (!("exports" in next)) throw new Error("the module was adopted no second time");
    const continued = unwrap(restore(next.store, written));
    if (next.store.fuel !== fuel) throw new Error(`${fuel} units were written down, ${next.store.fuel} came back`);
    this.#room = next;
    this.#indices = indicesOf(next);
    return continued;
  }
}

function indicesOf({ exports }: Room): ReadonlyMap<unknown, number> {
  const out = new Map<unknown, number>();
  for (let n = 0; exports.has(`f${n}`); n += 1) out.set(exports.get(`f${n}`), n);
  return out;
}

function endingOf({ code, facts: { reason, tag } }: Fault): Ending {
  if (code === "TRAP_FUEL") return { kind: "fuel" };
  if (code === "TRAP_EXCEPTION") return { kind: "exception", tag: Number(tag) };
  if (code === "TRAP_STACK" || code === "TRAP_GC_HEAP") return { kind: "exhausted", what: code };
  if (!code.startsWith("TRAP_")) throw new Error(`unexpected: ${code} ${reason}`);
  return { kind: "trap", wordings: [String(reason)] };
}
