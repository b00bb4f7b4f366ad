/**
 * When to look at TUF: at start, after a hint (jittered, so that one broadcast does not bring every board at once),
 * on command, after each poll interval, and sooner after a failure that may pass. One run at a time; what is asked
 * during a run is run once more after it. Hints are untrusted: they can make a board look more often, but never more
 * often than once per `HINT_PAUSE_MS`.
 */
import { AssertionError } from "../../runtime/kernel/assert.ts";
import type { Cancel, Clock, Random } from "../../runtime/kernel/world.ts";

export type Cause = "start" | "hint" | "command" | "poll" | "retry";
export type Outcome = "done" | "retry";

const HINT_JITTER_MS = 250;
const HINT_PAUSE_MS = 500;
const RETRY_FIRST_MS = 2_000;
const RETRY_LONGEST_MS = 300_000;

export interface RefreshLoop {
  hint(): void;
  /** Runs as soon as the current run is over; resolves when that run ended. */
  now(cause: Cause): Promise<void>;
  close(): Promise<void>;
}

export interface RefreshLoopOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly pollMs: number;
  run(cause: Cause): Promise<Outcome>;
  /** A round broke off by something that is neither a refusal nor our own mistake: a full disk, for one. */
  onBroken(error: unknown): void;
}

export function createRefreshLoop(options: RefreshLoopOptions): RefreshLoop {
  const { clock, random } = options;
  let timer: Cancel | undefined;
  let hinted: Cancel | undefined;
  let lastEnd = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let closed = false;
  let tail: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;

  const once = async (cause: Cause): Promise<void> => {
    if (closed) return;
    timer?.();
    const outcome = await options.run(cause).catch((error: unknown): Outcome => {
      // Our own mistake ends the agent; what the environment did to this round, it may not do to the next.
      if (error instanceof AssertionError) throw error;
      options.onBroken(error);
      return "retry";
    });
    lastEnd = clock.monotonic();
    failures = outcome === "retry" ? failures + 1 : 0;
    const retryMs = Math.min(RETRY_FIRST_MS * 2 ** (failures - 1), RETRY_LONGEST_MS) * (0.75 + random.fraction() / 2);
    const pollMs = options.pollMs * (0.9 + random.fraction() / 5);
    if (closed) return;
    if (failures > 0 && retryMs < pollMs) timer = clock.after(retryMs, () => void now("retry"));
    else timer = clock.after(pollMs, () => void now("poll"));
  };

  /** Joins a run that is queued and has not begun; otherwise queues one. */
  const now = (cause: Cause): Promise<void> => {
    if (waiting !== undefined) return waiting;
    const mine = tail.then(() => {
      waiting = undefined;
      return once(cause);
    });
    waiting = mine;
    tail = mine;
    return mine;
  };

  return {
    now,
    hint() {
      if (hinted !== undefined || closed) return;
      const pause = Math.max(0, lastEnd + HINT_PAUSE_MS - clock.monotonic());
      hinted = clock.after(pause + random.fraction() * HINT_JITTER_MS, () => {
        hinted = undefined;
        void now("hint");
      });
    },
    async close() {
      closed = true;
      timer?.();
      hinted?.();
      await tail;
    },
  };
}
