/**
 * Pure: may a module that just ended be started again, and when? Restarts back off exponentially and are counted in a
 * sliding window; who uses them up stays stopped until an operator or a new release says otherwise.
 */
export interface RestartRule {
  readonly max: number;
  readonly windowMs: number;
}

export const DEFAULT_RESTART: RestartRule = { max: 5, windowMs: 600_000 };
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 60_000;

export type RestartDecision =
  | { readonly kind: "again"; readonly delayMs: number; readonly ends: readonly number[] }
  | { readonly kind: "give-up"; readonly ends: readonly number[] };

/** The pause before another start when the board had no memory or time for the last `times` ones. Nobody's fault counts. */
export function pauseAfterNoStart(times: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** (times - 1), LONGEST_DELAY_MS);
}

/** `ends`: earlier ends, milliseconds monotonic. Returns the ends still within the window, the new one included. */
export function decideRestart(rule: RestartRule, ends: readonly number[], now: number): RestartDecision {
  const recent = [...ends.filter((at) => now - at < rule.windowMs), now];
  if (recent.length > rule.max) return { kind: "give-up", ends: recent };
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (recent.length - 1), LONGEST_DELAY_MS);
  return { kind: "again", delayMs, ends: recent };
}
