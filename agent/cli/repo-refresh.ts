/**
 * `sallyport repo refresh`: fresh timestamps and snapshots, so that boards do not take silence for a freeze attack. Once
 * from a timer, or watching by itself; it signs with online keys only and says how long offline roles have left.
 */
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { type Result, unwrap } from "../../runtime/kernel/result.ts";
import type { Clock } from "../../runtime/kernel/world.ts";
import type { Refreshed } from "../../updater/repository/index.ts";
import { createProgress } from "./progress.ts";
import { DIR_OPTION, openRepo } from "./repo-open.ts";
import { type Args, type Io, usageFault, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo refresh",
  summary: "Re-sign timestamps and snapshots of both repositories with the online keys. Offline keys are not touched.",
  options: {
    dir: DIR_OPTION,
    before: {
      value: "SPAN",
      help: "only what ends within SPAN, e.g. 48h or 3d (default: everything; with --watch 48h)",
    },
    watch: { help: "go on until interrupted" },
    every: { value: "SPAN", default: "1h", help: "with --watch: how often to look" },
    warn: { value: "SPAN", default: "30d", help: "warn about offline roles that end within SPAN" },
    json: { help: "print each result as one line of JSON" },
  },
  examples: [
    "sallyport repo refresh --dir /srv/repo    (daily, from a timer)",
    "sallyport repo refresh --watch --before 48h",
  ],
  async run(args, io) {
    const repo = openRepo(args);
    const before = args.maybe("before") ?? (args.flag("watch") ? "48h" : undefined);
    const beforeMs = before === undefined ? Number.POSITIVE_INFINITY : span(before, "before");
    const look = async () => {
      const progress = createProgress("devices");
      const refreshed = await repo.refresh(beforeMs, progress.update);
      progress.end();
      return refreshed;
    };
    const tell = teller(args, io);
    if (args.flag("watch"))
      return watchOver(look, tell, { everyMs: span(args.text("every"), "every"), clock: nodeClock, io });
    tell(unwrap(await look()));
    return 0;
  },
};

/** Looks again and again until the signal; a failure is told and the next look tries again. */
export async function watchOver(
  look: () => Promise<Result<Refreshed>>,
  tell: (refreshed: Refreshed) => void,
  { everyMs, clock, io }: { everyMs: number; clock: Pick<Clock, "after">; io: Pick<Io, "err" | "signal"> },
): Promise<number> {
  while (!io.signal.aborted) {
    const refreshed = await look();
    if (refreshed.ok) tell(refreshed.value);
    else io.err(`sallyport: ${refreshed.error.line()}`);
    await pause(everyMs, clock, io.signal);
  }
  return 0;
}

/** Ends after `ms`, or at once when the signal comes. */
function pause(ms: number, clock: Pick<Clock, "after">, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener("abort", done, { once: true });
  });
}

function teller(args: Args, io: Io): (refreshed: Refreshed) => void {
  const warnDays = span(args.text("warn"), "warn") / 86_400_000;
  return (refreshed) => {
    if (args.flag("json")) io.out(JSON.stringify(refreshed));
    else io.out(sayRefreshed(refreshed));
    for (const { repository, role, daysLeft } of refreshed.offline) {
      if (daysLeft > warnDays) continue;
      const ends = daysLeft < 0 ? "has ended" : `ends in ${daysLeft} days`;
      io.err(
        `warning: ${repository} ${role} ${ends}; its owners renew it: sallyport repo renew ${role.replace(/^team-/, "")}`,
      );
    }
  };
}

function sayRefreshed({ image, devices }: Refreshed): string {
  if (image === "kept" && devices === 0) return "nothing ends soon";
  const told = { kept: "image kept", timestamp: "timestamp is fresh", snapshot: "timestamp and snapshot are fresh" };
  return `${told[image]}; devices renewed: ${devices}`;
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90m`, `48h`, `3d` in milliseconds. */
function span(text: string, option: string): number {
  const [, count = "", unit = ""] = /^(\d{1,4})([mhd])$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS[unit] ?? 0);
  if (ms <= 0) throw usageFault(`repo refresh: --${option} is a span like 90m, 48h or 3d`);
  return ms;
}
