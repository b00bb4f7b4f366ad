/**
 * One running module: a guest on its leash, the events it has not seen yet and the timers of its triggers. Events are
 * delivered one at a time. Whether to start again after an end is the supervisor's decision, not the task's.
 */
import type { Holder } from "../../devices/index.ts";
import {
  type CommandStart,
  type Engine,
  EVENT,
  type Guest,
  type GuestEvent,
  type HostModule,
  type LoadedModule,
  type Tier,
} from "../../runtime/index.ts";
import { onDevice } from "../../runtime/kernel/authority/engine.ts";
import type { Trigger } from "../../runtime/kernel/authority/manifest.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import type { Cancel, Clock } from "../../runtime/kernel/world.ts";
import { moduleFault } from "../faults.ts";
import { type Release, termsOf } from "../flow/inventory.ts";
import { faultOfEnd } from "./ending.ts";
import { createEventQueue } from "./event-queue.ts";

/** The engines of this board, and the tier it runs modules in that nobody ties further. */
export interface Engines {
  readonly tier: Tier;
  of(tier: Tier): Engine;
}

export interface TaskOptions {
  readonly release: Release;
  readonly loaded: LoadedModule;
  readonly holder: Holder;
  readonly host: HostModule;
  readonly engines: Engines;
  readonly clock: Clock;
  readonly deviceId: string;
  onLog(lines: readonly { readonly level: number; readonly text: string }[], dropped: number): void;
  /** Something worth a report that does not end the module, at most once per code and run. */
  onNotice(notice: Fault): void;
  /** The module ended by itself or was ended by its leash; not called after `stop`. */
  onEnd(reason: Fault): void;
}

export interface Task {
  readonly release: Release;
  readonly holder: Holder;
  post(event: GuestEvent): void;
  /** Offers the STOP event and a second to take it, then ends the worker. Idempotent. */
  stop(): Promise<void>;
}

export const LOG_LINES_PER_MIN = 600;
const TABLE_ELEMENTS = 10_000;
const STOP_PATIENCE_MS = 1_000;

/** Starts the guest within the release's terms, its rights bound to its life: nothing of it but its start function has run. */
export async function startGuest(options: TaskOptions, command?: CommandStart): Promise<Result<Guest>> {
  const { release, holder, clock } = options;
  const { limits } = release.manifest;
  const { tier, fuel, fuelPerCall, deterministic, memoryPages, callMs } = onDevice(
    termsOf(release),
    options.engines.tier,
  );
  const perMin = limits.logLinesPerMin ?? LOG_LINES_PER_MIN;
  const started = await options.engines.of(tier).start({
    module: options.loaded,
    host: options.host,
    port: holder.port,
    limits: {
      memoryPages,
      tableElements: limits.tableElements ?? TABLE_ELEMENTS,
      callMs,
      logLinesPerMin: perMin,
    },
    grade: { fuel, deterministic, ...(fuelPerCall === undefined ? {} : { fuelPerCall }) },
    identity: { deviceId: options.deviceId, moduleName: release.name, moduleVersion: release.version },
    local: holder.local,
    clock,
    onLog(lines, dropped) {
      options.onLog(lines, dropped);
      const facts = { module: release.name, version: release.version };
      if (dropped > 0) options.onNotice(moduleFault("MODULE_LOG_FLOOD", { ...facts, perMin, dropped }));
    },
    ...(command === undefined ? {} : { command }),
  });
  if (!started.ok) return started;
  const guest = started.value;
  holder.bindLocal((right) => guest.revokeLocal(right));
  return started;
}

/** At most one notice per code. */
export function noticeOnce(options: TaskOptions): TaskOptions {
  const noticed = new Set<string>();
  return {
    ...options,
    onNotice(fault) {
      if (noticed.has(fault.code)) return;
      noticed.add(fault.code);
      options.onNotice(fault);
    },
  };
}

/** Starts the guest, runs `sp_init`, arms the triggers and delivers BOOT. On refusal nothing is left running. */
export async function startTask(given: TaskOptions): Promise<Result<Task>> {
  const options = noticeOnce(given);
  const { release, holder, clock } = options;
  const { memoryPages } = onDevice(termsOf(release), options.engines.tier);
  const facts = { module: release.name, version: release.version };
  const started = await startGuest(options);
  if (!started.ok) return started;
  const guest = started.value;

  const ready = await guest.init();
  if (!ready.ok || ready.value < 0) {
    await guest.terminate();
    const end = ready.ok ? undefined : faultOfEnd(release, await guest.ended);
    return err(
      end ?? (ready.ok ? moduleFault("MODULE_REFUSED_START", { ...facts, result: ready.value }) : ready.error),
    );
  }

  const queue = createEventQueue();
  const timers: Cancel[] = [];
  const pagesAtStart = guest.stats().memoryPages;
  let stopping = false;
  let draining = false;

  const drain = async () => {
    draining = true;
    for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
      const answer = await guest.handle(event);
      if (!answer.ok) break;
      const pages = guest.stats().memoryPages;
      if (pages >= memoryPages && pages > pagesAtStart)
        options.onNotice(moduleFault("MODULE_MEMORY_LIMIT", { ...facts, pages }));
    }
    draining = false;
  };
  const post = (event: GuestEvent) => {
    queue.push(event);
    if (!draining) void drain();
  };

  armTriggers(release.manifest.triggers, { holder, clock, timers, post });
  void guest.ended.then((end) => {
    for (const cancel of timers) cancel();
    queue.clear();
    const reason = faultOfEnd(release, end);
    if (!stopping && reason !== undefined) options.onEnd(reason);
  });

  return ok({
    release,
    holder,
    post: (event) => {
      if (!stopping) post(event);
    },
    async stop() {
      if (stopping) return void (await guest.ended);
      stopping = true;
      for (const cancel of timers) cancel();
      queue.clear();
      await sayStop(guest, clock);
      await guest.terminate();
    },
  });
}

/** STOP is a courtesy: a module that is busy, or takes its time over it, does not hold up its end. */
async function sayStop(guest: Guest, clock: Clock): Promise<void> {
  const answered = guest.handle({ kind: EVENT.STOP, handle: 0, timeNs: nowNs(clock), arg: 0 });
  const { promise: patience, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(STOP_PATIENCE_MS, resolve);
  await Promise.race([answered, patience]);
  cancel();
}

interface Arming {
  readonly holder: Holder;
  readonly clock: Clock;
  readonly timers: Cancel[];
  post(event: GuestEvent): void;
}

/**
 * Triggers imply no authority: a channel trigger subscribes and a gpio trigger opens its line through the module's own
 * holder, like a call of its own, and simply stays silent when that is not granted.
 */
function armTriggers(triggers: readonly Trigger[], arming: Arming): void {
  const { holder, clock } = arming;
  for (const trigger of triggers) {
    switch (trigger.on) {
      case "boot":
        arming.post({ kind: EVENT.BOOT, handle: 0, timeNs: nowNs(clock), arg: 0 });
        break;
      case "interval":
        every(trigger.everyMs, arming, () =>
          arming.post({ kind: EVENT.TICK, handle: 0, timeNs: nowNs(clock), arg: trigger.id ?? 0 }),
        );
        break;
      case "channel":
        void holder.port.call({ name: "mqtt_subscribe", ints: [1n], bytes: [utf8(trigger.channel)], capacity: 0 });
        break;
      case "gpio":
        void watchLine(trigger, holder);
        break;
    }
  }
}

async function watchLine(trigger: Extract<Trigger, { on: "gpio" }>, holder: Holder): Promise<void> {
  const edges = { rising: 1n, falling: 2n, both: 3n }[trigger.edge];
  const opened = await holder.port.call({ name: "gpio_open", ints: [0n], bytes: [utf8(trigger.line)], capacity: 0 });
  if (opened.value < 0) return;
  const ints = [BigInt(opened.value), edges, BigInt(trigger.debounceUs ?? 0)];
  await holder.port.call({ name: "gpio_watch", ints, bytes: [], capacity: 0 });
}

/** A timer that re-arms itself against drift: the n-th tick is due at start + n × period, missed ones are skipped. */
export function every(ms: number, arming: Pick<Arming, "clock" | "timers">, then: () => void): void {
  const { clock, timers } = arming;
  const slot = timers.length;
  timers.push(() => undefined);
  let due = clock.monotonic() + ms;
  const arm = () => {
    timers[slot] = clock.after(Math.max(0, due - clock.monotonic()), () => {
      then();
      while (due <= clock.monotonic()) due += ms;
      arm();
    });
  };
  arm();
}

function nowNs(clock: Clock): bigint {
  return BigInt(Math.round(clock.now() * 1e6));
}
