/**
 * A module that is a WASI command: each `boot` and `interval` runs it from its beginning to its end, one run at a time, in
 * a fresh instance and thread. A run is one call under the manifest's bounds. Status 0 is a good end, after which the next
 * trigger is waited for; any other end is the module's failure, and the supervisor's business.
 */
import type { Guest } from "../../runtime/index.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import { ok, type Result } from "../../runtime/kernel/result.ts";
import type { Cancel, Clock } from "../../runtime/kernel/world.ts";
import { moduleFault } from "../faults.ts";
import { faultOfEnd } from "./ending.ts";
import { every, LOG_LINES_PER_MIN, noticeOnce, startGuest, startTask, type Task, type TaskOptions } from "./task.ts";

/** Starts a module as its ABI says. */
export const startModule = (options: TaskOptions): Promise<Result<Task>> =>
  options.release.manifest.abi === "wasi-p1" ? startCommand(options) : startTask(options);

/** With the trigger `boot`, refuses what the engine refuses to start; the run itself goes on behind the answer. */
async function startCommand(given: TaskOptions): Promise<Result<Task>> {
  const options = noticeOnce(given);
  const { release, holder, clock } = options;
  const { triggers, limits, command = {} } = release.manifest;
  const perMin = limits.logLinesPerMin ?? LOG_LINES_PER_MIN;
  const once = { ...options, onLog: limited(perMin, clock, options.onLog) };
  const timers: Cancel[] = [];
  let over = false;
  let guest: Guest | undefined;
  let run: Promise<void> | undefined;

  const launch = async (): Promise<Result<Guest>> => {
    // What ended before this run is not given to it; what ends from now on is told to it.
    holder.unbindLocal();
    const started = await startGuest(once, { args: command.args ?? [], env: command.env ?? [] });
    if (!started.ok) return started;
    guest = started.value;
    if (over) await guest.terminate();
    return started;
  };
  const follow = async (one: Guest): Promise<Fault | undefined> => {
    const status = await one.run();
    await one.terminate();
    if (!status.ok) return faultOfEnd(release, await one.ended) ?? status.error;
    const facts = { module: release.name, version: release.version, status: status.value };
    return status.value === 0 ? undefined : moduleFault("MODULE_EXIT", facts);
  };
  const settle = (failed: Fault | undefined) => {
    run = undefined;
    guest = undefined;
    if (failed === undefined || over) return;
    over = true;
    for (const cancel of timers) cancel();
    options.onEnd(failed);
  };
  const again = async () => {
    const started = await launch();
    settle(started.ok ? await follow(started.value) : started.error);
  };

  if (triggers.some((one) => one.on === "boot")) {
    const first = await launch();
    if (!first.ok) return first;
    run = follow(first.value).then(settle);
  }
  for (const trigger of triggers) {
    if (trigger.on !== "interval") continue;
    every(trigger.everyMs, { clock, timers }, () => {
      // A program that is still at it is not started a second time.
      run ??= again();
    });
  }

  return ok({
    release,
    holder,
    // Nothing of it waits for events.
    post: () => undefined,
    async stop() {
      over = true;
      for (const cancel of timers) cancel();
      await guest?.terminate();
      await run;
    },
  });
}

/** Each run counts its lines anew: over all runs together, no more than a minute's share. */
function limited(perMin: number, clock: Clock, onLog: TaskOptions["onLog"]): TaskOptions["onLog"] {
  let tokens = perMin;
  let filledAt = clock.monotonic();
  return (lines, dropped) => {
    const now = clock.monotonic();
    tokens = Math.min(perMin, tokens + ((now - filledAt) * perMin) / 60_000);
    filledAt = now;
    const kept = lines.slice(0, Math.floor(tokens));
    tokens -= kept.length;
    onLog(kept, dropped + lines.length - kept.length);
  };
}
