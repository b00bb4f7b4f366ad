/**
 * Who runs, and what happens when one ends. One slot per module name. A release in probation that ends is handed back
 * to the flow (which rolls back); a committed one is restarted by the pure rule in restart.ts. The supervisor never
 * decides what *should* run: it is told.
 */
import type { Broker, Holder, ModuleServices } from "../../devices/index.ts";
import type { GuestEvent, HostModule, LoadedModule } from "../../runtime/index.ts";
import type { CapabilityId } from "../../runtime/kernel/authority/capability.ts";
import type { ModuleName } from "../../runtime/kernel/brand.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import { ok, type Result } from "../../runtime/kernel/result.ts";
import type { Cancel, Clock } from "../../runtime/kernel/world.ts";
import { moduleFault } from "../faults.ts";
import type { Release } from "../flow/inventory.ts";
import type { Serial } from "../serial.ts";
import { startModule } from "./command.ts";
import { DEFAULT_RESTART, decideRestart, pauseAfterNoStart, type RestartRule } from "./restart.ts";
import type { Engines, Task } from "./task.ts";

export type Phase = "probation" | "running";
export type SlotState = "starting" | "probation" | "running" | "crashed" | "stopped";
export type GrantsReport = ReturnType<Holder["report"]>;

/** One name and what holds it. */
export interface Standing {
  readonly release: Release;
  readonly state: SlotState;
  readonly restarts: number;
  /** What it may do now, in detail; nothing where it does not run. */
  readonly grants: readonly Readonly<Record<string, unknown>>[];
}

export interface SupervisorOptions {
  readonly engines: Engines;
  readonly broker: Broker;
  readonly host: HostModule;
  readonly clock: Clock;
  readonly serial: Serial;
  readonly deviceId: string;
  services(module: ModuleName): ModuleServices;
  /** The code of a committed release: read from the store, hash verified, through Loader and Validator. */
  load(release: Release): Promise<Result<LoadedModule>>;
  revoked(module: ModuleName): ReadonlyMap<CapabilityId, string>;
  onState(release: Release, state: SlotState, restarts: number, reason?: Fault): void;
  onGrants(module: ModuleName, report: GrantsReport): void;
  onLog(module: ModuleName, lines: readonly { readonly level: number; readonly text: string }[], dropped: number): void;
  onNotice(release: Release, notice: Fault): void;
  /** A release in probation ended; called inside the serial queue. */
  onCandidateEnded(release: Release, reason: Fault): Promise<void>;
}

interface Slot {
  release: Release;
  phase: Phase;
  state: SlotState;
  task: Task | undefined;
  ends: readonly number[];
  restarts: number;
  /** Starts in a row that the board could not make. */
  noStarts: number;
  pending: Cancel | undefined;
}

export interface Supervisor {
  /** Stops what runs under this name (as a replacement) and starts the release. On refusal nothing runs under the name. */
  start(release: Release, phase: Phase, loaded?: LoadedModule): Promise<Result<void>>;
  /** The release in probation is committed: from now on an end means a restart. */
  settle(module: ModuleName): void;
  stop(module: ModuleName, why: "stop" | "replace", reason?: Fault): Promise<void>;
  /** Same code, new grants: no restart. */
  renew(release: Release): void;
  /** Effective with the next host call. Returns the capabilities that were held. */
  revoke(module: ModuleName, capability: CapabilityId | "*", revocation: string): readonly CapabilityId[];
  deliver(module: ModuleName, channel: string, payload: Uint8Array): void;
  /** Grants with their counters, for the periodic report. */
  reportGrants(): void;
  releases(): readonly Release[];
  /** Every slot as it is now, by name. */
  standing(): readonly Standing[];
  isRunning(module: ModuleName): boolean;
  /** Whether the name has a slot at all: running, waiting for a restart, or given up. */
  holds(module: ModuleName): boolean;
  close(): Promise<void>;
}

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { broker, clock, serial } = options;
  const slots = new Map<ModuleName, Slot>();

  function move(slot: Slot, state: SlotState, reason?: Fault): void {
    slot.state = state;
    options.onState(slot.release, state, slot.restarts, reason);
  }

  async function run(slot: Slot, given?: LoadedModule): Promise<Result<void>> {
    const { release } = slot;
    move(slot, "starting");
    const loaded = given === undefined ? await options.load(release) : ok(given);
    if (!loaded.ok) return loaded;
    let task: Task | undefined;
    const early: GuestEvent[] = [];
    const admitted = broker.admit({
      module: release.name,
      capabilities: release.capabilities,
      revoked: options.revoked(release.name),
      services: options.services(release.name),
      post: (event) => void (task === undefined ? early.push(event) : task.post(event)),
    });
    if (!admitted.ok) return admitted;
    const holder = admitted.value;
    const started = await startModule({
      ...options,
      release,
      loaded: loaded.value,
      holder,
      onLog: (lines, dropped) => options.onLog(release.name, lines, dropped),
      onNotice: (notice) => options.onNotice(release, notice),
      onEnd: (reason) => void serial.run(() => ended(slot, holder, reason)),
    });
    if (!started.ok) {
      holder.release("crash");
      return started;
    }
    task = started.value;
    for (const event of early.splice(0)) task.post(event);
    slot.task = task;
    slot.noStarts = 0;
    move(slot, slot.phase);
    options.onGrants(release.name, holder.report());
    return ok(undefined);
  }

  async function ended(slot: Slot, holder: Holder, reason: Fault): Promise<void> {
    if (slot.task?.holder !== holder) return;
    slot.task = undefined;
    holder.release("crash");
    if (slots.get(slot.release.name) !== slot) return;
    if (slot.phase === "probation") {
      slots.delete(slot.release.name);
      return options.onCandidateEnded(slot.release, reason);
    }
    restartLater(slot, reason);
  }

  function restartLater(slot: Slot, reason: Fault): void {
    const { release } = slot;
    if (isNoStart(reason)) {
      slot.noStarts += 1;
      move(slot, "crashed", reason);
      return startIn(slot, pauseAfterNoStart(slot.noStarts));
    }
    const rule = ruleOf(release);
    const decision = decideRestart(rule, slot.ends, clock.monotonic());
    slot.ends = decision.ends;
    if (decision.kind === "give-up") {
      const facts = { module: release.name, version: release.version, count: decision.ends.length };
      const gaveUp = moduleFault(
        "MODULE_GAVE_UP",
        { ...facts, windowS: rule.windowMs / 1000, reason: reason.line() },
        reason,
      );
      move(slot, "stopped", gaveUp);
      return;
    }
    slot.restarts += 1;
    move(slot, "crashed", reason);
    startIn(slot, decision.delayMs);
  }

  function startIn(slot: Slot, delayMs: number): void {
    const { release } = slot;
    slot.pending = clock.after(delayMs, () => {
      slot.pending = undefined;
      void serial.run(async () => {
        if (slots.get(release.name) !== slot || slot.task !== undefined) return;
        const again = await run(slot);
        if (!again.ok) restartLater(slot, again.error);
      });
    });
  }

  async function stopSlot(slot: Slot, why: "stop" | "replace"): Promise<void> {
    slot.pending?.();
    slot.pending = undefined;
    const { task } = slot;
    slot.task = undefined;
    await task?.stop();
    task?.holder.release(why);
  }

  return {
    async start(release, phase, loaded) {
      const old = slots.get(release.name);
      if (old !== undefined) await stopSlot(old, "replace");
      const slot: Slot = {
        ...{ release, phase, state: "starting", task: undefined },
        ...{ ends: [], restarts: 0, noStarts: 0, pending: undefined },
      };
      slots.set(release.name, slot);
      const started = await run(slot, loaded);
      if (started.ok) return started;
      if (phase === "running") restartLater(slot, started.error);
      else slots.delete(release.name);
      return started;
    },
    settle(module) {
      const slot = slots.get(module);
      if (slot === undefined) return;
      slot.phase = "running";
      move(slot, "running");
    },
    async stop(module, why, reason) {
      const slot = slots.get(module);
      if (slot === undefined) return;
      slots.delete(module);
      await stopSlot(slot, why);
      if (why === "stop") move(slot, "stopped", reason);
    },
    renew(release) {
      const slot = slots.get(release.name);
      if (slot === undefined) return;
      slot.release = release;
      if (slot.task === undefined) return;
      slot.task.holder.renew(release.capabilities, options.revoked(release.name));
      options.onGrants(release.name, slot.task.holder.report());
    },
    revoke(module, capability, revocation) {
      const holder = slots.get(module)?.task?.holder;
      if (holder === undefined) return [];
      const gone = holder.revoke(capability, revocation);
      options.onGrants(module, holder.report());
      return gone;
    },
    deliver(module, channel, payload) {
      slots.get(module)?.task?.holder.deliver(channel, payload);
    },
    reportGrants() {
      for (const { release, task } of slots.values()) {
        if (task !== undefined) options.onGrants(release.name, task.holder.report());
      }
    },
    releases: () => [...slots.values()].map((slot) => slot.release),
    standing: () =>
      [...slots.values()]
        .sort((a, b) => (a.release.name < b.release.name ? -1 : 1))
        .map(({ release, state, restarts, task }) => {
          return { release, state, restarts, grants: task?.holder.report().grants.map(({ detail }) => detail) ?? [] };
        }),
    holds: (module) => slots.has(module),
    isRunning: (module) => slots.get(module)?.task !== undefined,
    async close() {
      const all = [...slots.values()];
      slots.clear();
      await Promise.all(all.map((slot) => stopSlot(slot, "stop")));
    },
  };
}

/** The board had not the means to begin; the release's own code was not touched. */
export const isNoStart = (reason: Fault): boolean => reason.code === "ENGINE_START";

function ruleOf(release: Release): RestartRule {
  const rule = release.manifest.limits.restarts;
  return rule === undefined ? DEFAULT_RESTART : { max: rule.max, windowMs: rule.windowS * 1000 };
}
