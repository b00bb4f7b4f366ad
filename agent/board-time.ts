/**
 * The time a board without a clock of its own believes in (DESIGN section 3.5), as pure functions. The floor is the
 * latest of the agent's build time and times that were signed by parties the policy trusts; the system clock never
 * raises it. Whatever expires is judged against the later of system clock and floor.
 */

const DAY_MS = 86_400_000;
/** A stolen time key can make a board refuse updates; a step bounds how many at once. One admitted release is a step. */
export const FLOOR_STEP_MAX_MS = 30 * DAY_MS;
/** A wall clock that lost less than this against the time that passed was only adjusted. */
const BACK_TOLERANCE_MS = 60_000;

export function trustedTime(clockMs: number, floorMs: number): number {
  return Math.max(clockMs, floorMs);
}

/** The floor after signed times of accepted evidence: up to the latest of them, a bounded step at most. */
export function raisedFloor(floorMs: number, signedMs: readonly number[]): number {
  const latest = Math.max(floorMs, ...signedMs.filter(Number.isFinite));
  return Math.min(latest, floorMs + FLOOR_STEP_MAX_MS);
}

/**
 * A clock that is further ahead of the last signed time than the policy allows is not believed: only what narrows or
 * looks again is taken on its word. Without such a rule every clock is right.
 */
export function isSuspect(clockMs: number, floorMs: number, aheadDaysMax: number | undefined): boolean {
  return aheadDaysMax !== undefined && clockMs - floorMs > aheadDaysMax * DAY_MS;
}

/** One look at both clocks of the machine. */
export interface ClockLook {
  readonly wall: number;
  /** Since the start of this process; undefined for a look that an earlier process took. */
  readonly monotonic?: number;
}

/** By how many ms the wall clock was set back since an earlier look; 0 if it was not. */
export function setBackBy(before: ClockLook, now: Required<ClockLook>): number {
  const passed = before.monotonic === undefined ? 0 : now.monotonic - before.monotonic;
  const lost = before.wall + passed - now.wall;
  return lost > BACK_TOLERANCE_MS ? Math.round(lost) : 0;
}
