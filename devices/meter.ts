/** A token bucket, pure: time comes in. `perSecond` tokens flow in, at most `burst` wait; a use takes one. */
export interface Meter {
  /** Takes a token if there is one. `now`: monotonic milliseconds. */
  take(now: number): boolean;
}

export function createMeter(perSecond: number, burst: number): Meter {
  let tokens = burst;
  let filledAt: number | undefined;
  return {
    take(now) {
      tokens = Math.min(burst, tokens + ((now - (filledAt ?? now)) * perSecond) / 1000);
      filledAt = now;
      // A hair of tolerance: a caller at exactly the granted rate must not lose to rounding.
      if (tokens < 1 - 1e-9) return false;
      tokens -= 1;
      return true;
    },
  };
}
