/**
 * The bandwidth cap: a token bucket that all downloads of a board share. What arrived is charged after it arrived, so
 * the bucket may go below zero; the answer is how long to read nothing. Over any span the bytes are at most
 * `bytesPerS` times its length, plus the burst and one piece per open download.
 */
import { assert } from "../../runtime/kernel/assert.ts";
import type { Clock } from "../../runtime/kernel/world.ts";

export interface Rate {
  /** Charges bytes that arrived; answers for how many milliseconds their reader has to wait. */
  charge(bytes: number): number;
}

/** A burst is what one second brings. Without a cap nobody waits. */
export function createRate(bytesPerS: number | undefined, clock: Clock): Rate {
  if (bytesPerS === undefined) return { charge: () => 0 };
  assert(bytesPerS > 0, "a cap lets something through");
  let tokens = bytesPerS;
  let at = clock.monotonic();
  return {
    charge(bytes) {
      const now = clock.monotonic();
      tokens = Math.min(bytesPerS, tokens + ((now - at) / 1000) * bytesPerS) - bytes;
      at = now;
      return tokens >= 0 ? 0 : Math.ceil((-tokens / bytesPerS) * 1000);
    },
  };
}
