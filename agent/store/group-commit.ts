/**
 * Many promises, one fsync: work submitted within a few milliseconds runs in one transaction and is answered after its
 * commit. Each piece has a savepoint of its own, so that one that fails does not take the others with it. Some failures
 * (disk full, I/O) make SQLite roll back the whole transaction: then no piece is done and every one is told so.
 */
import type { Clock } from "../../runtime/kernel/world.ts";
import type { Db } from "./db.ts";

const DELAY_MS = 3;
const BATCH_MAX = 256;

export interface GroupCommit {
  /** Resolves with the work's result when it is durable; rejects when the work or the commit failed. */
  submit(work: () => number): Promise<number>;
  /** Commits what is waiting, now. */
  flush(): void;
}

interface Waiting {
  readonly work: () => number;
  readonly resolve: (value: number) => void;
  readonly reject: (reason: unknown) => void;
}

export function createGroupCommit(db: Db, clock: Clock): GroupCommit {
  let waiting: Waiting[] = [];
  let timer: (() => void) | undefined;

  function flush(): void {
    timer?.();
    timer = undefined;
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    const outcomes: (() => void)[] = [];
    try {
      db.transaction(() => {
        for (const one of batch) {
          try {
            const value = db.transaction(one.work)();
            outcomes.push(() => one.resolve(value));
          } catch (error) {
            // Going on would run the rest outside a transaction: done, and reported as failed.
            if (!db.inTransaction) throw error;
            outcomes.push(() => one.reject(error));
          }
        }
      })();
    } catch (error) {
      for (const one of batch) one.reject(error);
      return;
    }
    for (const tell of outcomes) tell();
  }

  return {
    flush,
    submit: (work) =>
      new Promise((resolve, reject) => {
        waiting.push({ work, resolve, reject });
        if (waiting.length >= BATCH_MAX) flush();
        else timer ??= clock.after(DELAY_MS, flush);
      }),
  };
}
