/**
 * Notices what happens to the board's clock and reports it once per change: set back (also over a restart), so far
 * ahead of the last signed time that the policy no longer believes it, and right again.
 */
import type { Clock } from "../runtime/kernel/world.ts";
import { type ClockLook, setBackBy } from "./board-time.ts";
import type { Memory } from "./memory.ts";
import type { Reporter } from "./report/reporter.ts";

export interface ClockWatchOptions {
  readonly clock: Clock;
  readonly memory: Pick<Memory, "freshAt" | "timeFloor" | "isClockSuspect">;
  readonly reporter: Pick<Reporter, "event">;
}

/** Returns the look to be taken once a round: cheap, and writes nothing unless something changed. */
export function createClockWatch({ clock, memory, reporter }: ClockWatchOptions): () => void {
  // What an earlier process saw last is the moment of its last fresh round.
  let before: ClockLook = { wall: memory.freshAt() };
  let wasSuspect = false;
  const time = (ms: number) => new Date(ms).toISOString();
  return () => {
    const now = { wall: clock.now(), monotonic: clock.monotonic() };
    const facts = { clock: time(now.wall), floor: time(memory.timeFloor()) };
    const backMs = setBackBy(before, now);
    if (backMs > 0) reporter.event("clock.back", { ...facts, backS: Math.round(backMs / 1000) });
    before = now;
    const suspect = memory.isClockSuspect();
    if (suspect !== wasSuspect) reporter.event(suspect ? "clock.suspect" : "clock.right", facts);
    wasSuspect = suspect;
  };
}
