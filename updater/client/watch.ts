/**
 * Notices a slow retrieval: the whole time, a silence, and too few bytes in a window of time (Uptane 5.4.4: a device
 * shall notice that it is served slowly). Time in which the board itself holds the line back does not count.
 */
import type { Cancel, Clock } from "../../runtime/kernel/world.ts";

export type SlowLimit = "total time" | "silence" | "minimum speed";

export interface WatchOptions {
  readonly clock: Clock;
  /** Longest time for all of it, milliseconds. */
  readonly totalMs: number;
  /** Longest time between two pieces, and until the first, milliseconds. */
  readonly idleMs: number;
  /** Each window of this length, milliseconds, counted from `begin` ... */
  readonly windowMs: number;
  /** ... has to bring this many bytes. */
  readonly windowBytesMin: number;
  /** Called once, and nothing after it. */
  onSlow(limit: SlowLimit): void;
}

export interface Watch {
  /** The body begins: from now on the minimum speed counts. */
  begin(): void;
  heard(bytes: number): void;
  pause(): void;
  resume(): void;
  stop(): void;
  /** Milliseconds since the start without the pauses. */
  elapsedMs(): number;
}

const DELAY_MAX_MS = 2 ** 31 - 1;

export function startWatch(options: WatchOptions): Watch {
  const { clock, totalMs, idleMs, windowMs, windowBytesMin } = options;
  let zero = clock.monotonic();
  let pausedAt: number | undefined;
  let heardAt = 0;
  let windowAt: number | undefined;
  let windowBytes = 0;
  let timer: Cancel | undefined;
  let over = false;

  const elapsedMs = () => (pausedAt ?? clock.monotonic()) - zero;
  const stop = () => {
    over = true;
    timer?.();
  };
  const arm = () => {
    const due = Math.min(totalMs, heardAt + idleMs, (windowAt ?? Number.POSITIVE_INFINITY) + windowMs);
    timer?.();
    timer = clock.after(Math.min(Math.max(0, due - elapsedMs()), DELAY_MAX_MS), check);
  };
  function check(): void {
    if (over || pausedAt !== undefined) return;
    const at = elapsedMs();
    const fullWindow = windowAt !== undefined && at >= windowAt + windowMs;
    const limit: SlowLimit | undefined =
      at >= totalMs
        ? "total time"
        : at >= heardAt + idleMs
          ? "silence"
          : fullWindow && windowBytes < windowBytesMin
            ? "minimum speed"
            : undefined;
    if (limit !== undefined) {
      stop();
      return options.onSlow(limit);
    }
    if (fullWindow) {
      windowAt = at;
      windowBytes = 0;
    }
    arm();
  }

  arm();
  return {
    elapsedMs,
    stop,
    begin() {
      windowAt = elapsedMs();
      heardAt = windowAt;
      if (!over) arm();
    },
    heard(bytes) {
      heardAt = elapsedMs();
      windowBytes += bytes;
    },
    pause() {
      pausedAt ??= clock.monotonic();
      timer?.();
    },
    resume() {
      if (pausedAt === undefined) return;
      zero += clock.monotonic() - pausedAt;
      pausedAt = undefined;
      if (!over) arm();
    },
  };
}
