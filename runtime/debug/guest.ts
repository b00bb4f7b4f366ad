/**
 * A program made ready to be looked at: its module in a store with a probe, linked with host functions that touch the
 * guest through `GuestMemory` only. The same program can be made ready again and again, to start over or to continue.
 */
import { decodeModule } from "../binary/decode.ts";
import {
  type Activation,
  type Instance,
  type Probe,
  Store,
  type StoreLimits,
  snapshot,
  type Value,
} from "../interpret/index.ts";
import type { Fault } from "../kernel/fault.ts";
import { attemptSync, ok, type Result, unwrap } from "../kernel/result.ts";
import { importsOf } from "../module/module.ts";
import { type ValidModule, validateModule } from "../validate/module.ts";
import type { GuestMemory, HostFunction } from "./host-log.ts";

export type Hosts = (module: string, name: string) => HostFunction | undefined;

export interface Program {
  readonly valid: ValidModule;
  readonly hosts: Hosts;
  readonly limits?: Partial<StoreLimits>;
  /** Units of fuel; without it there is no bound. */
  readonly fuel?: number;
}

/** LOAD_* and VALIDATE_* when the bytes are no valid module. */
export function programOf(bytes: Uint8Array, hosts: Hosts, fuel?: number): Result<Program, Fault> {
  return attemptSync(() => ({
    valid: unwrap(validateModule(unwrap(decodeModule(bytes)))),
    hosts,
    ...(fuel === undefined ? {} : { fuel }),
  }));
}

/** Snapshots hold the whole memory: programs with more are not for walking through. */
const LIMITS: Partial<StoreLimits> = { memoryBytes: 1024 * 1024 * 1024 };
/** Nobody can interrupt a start function; this much takes some seconds. */
const START_FUEL = 200_000_000;

export interface Guest {
  readonly store: Store;
  readonly instance: Instance;
  readonly memory: GuestMemory;
}

export interface GuestOptions {
  readonly probe?: Probe;
  /** Stands between the guest and each host function. */
  readonly around?: (host: HostFunction, args: readonly Value[], memory: GuestMemory) => readonly Value[];
  /** Only linked, not initialised: for a snapshot to be put into it. */
  readonly adopt?: boolean;
}

/** LINK_* when an import is missing or does not match; TRAP_* when a segment, the start function or `_initialize` traps. */
export function openGuest(program: Program, options: GuestOptions = {}): Result<Guest, Fault> {
  const { valid, hosts, limits, fuel = Number.POSITIVE_INFINITY } = program;
  const { probe, around, adopt = false } = options;
  const startFuel = Math.min(fuel, START_FUEL);
  const store = new Store({
    registry: valid.registry,
    limits: { ...LIMITS, ...limits },
    fuel: startFuel,
    ...(probe === undefined ? {} : { probe }),
  });
  let instance: Instance | undefined;
  const memory = memoryOf(() => instance ?? store.instances[0]);
  const imported = new Map(importsOf(valid.module, "function").map((one) => [`${one.module}\0${one.name}`, one.desc]));
  const resolve = (module: string, name: string) => {
    const host = hosts(module, name);
    const type = valid.module.types[imported.get(`${module}\0${name}`)?.type ?? -1]?.composite;
    if (host === undefined || type?.kind !== "func") return undefined;
    return store.hostFunction(type.params, type.results, (args) =>
      around === undefined ? host(args, memory) : around(host, args, memory),
    );
  };
  const made = adopt ? store.adopt(valid, resolve) : store.instantiate(valid, resolve);
  if (!made.ok) return made;
  instance = made.value;
  // A reactor of WASI is set up before anything else of it is called.
  const initialize = adopt ? undefined : instance.exports.get("_initialize");
  if (initialize?.kind === "function" && initialize.params.length === 0) {
    const done = store.invoke(initialize, []);
    if (!done.ok) return done;
  }
  store.fuel = fuel - (startFuel - store.fuel);
  return ok({ store, instance: made.value, memory });
}

/** Undefined when the program holds something of the host's, or more memory than can be written down. */
export function snapshotOf({ store }: Guest, call: Activation): Uint8Array | undefined {
  try {
    const taken = snapshot(store, call);
    return taken.ok ? taken.value : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The guest's first memory. */
function memoryOf(instance: () => Instance | undefined): GuestMemory {
  const bytes = () => instance()?.memories[0]?.bytes ?? new Uint8Array(0);
  const within = (address: number, length: number) => address >= 0 && length >= 0 && address + length <= bytes().length;
  return {
    get size() {
      return bytes().length;
    },
    read: (address, length) => (within(address, length) ? bytes().slice(address, address + length) : undefined),
    write: (address, from) => {
      if (!within(address, from.length)) return false;
      bytes().set(from, address);
      return true;
    },
  };
}
