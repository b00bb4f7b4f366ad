/**
 * How often refusals that anybody can provoke are reported one by one. Beyond that they are counted, and the count goes
 * with the next report: a flood of forged commands must not crowd out what the board has to say.
 */
import type { Clock } from "../../runtime/kernel/world.ts";

export interface RefusalLimit {
  /** Undefined: only counted. Otherwise how many were counted since the last report. */
  next(): number | undefined;
}

/** At most `burst` at once, and one more every `everyMs`. */
export function createRefusalLimit(clock: Clock, burst = 10, everyMs = 60_000): RefusalLimit {
  let tokens = burst;
  let since = clock.monotonic();
  let counted = 0;
  return {
    next() {
      const now = clock.monotonic();
      tokens = Math.min(burst, tokens + (now - since) / everyMs);
      since = now;
      if (tokens < 1) {
        counted += 1;
        return undefined;
      }
      tokens -= 1;
      const unreported = counted;
      counted = 0;
      return unreported;
    },
  };
}
