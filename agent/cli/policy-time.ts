/** The moment that a verb judges by: what `--at` says, or now. */
import type { Clock } from "../../runtime/kernel/world.ts";
import { type Args, usageFault } from "./verb.ts";

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** Milliseconds since the epoch. */
export function timeOption(args: Args, clock: Clock): number {
  const text = args.maybe("at");
  if (text === undefined) return clock.now();
  const ms = RFC3339.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw usageFault(`--at ${text} is no time such as 2026-11-21T00:00:00Z`);
  return ms;
}
