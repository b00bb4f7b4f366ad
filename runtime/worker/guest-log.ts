/**
 * The guest's log inside its own thread: a bucket of lines per minute, a small batch, and a count of what was dropped.
 * A module that logs without end fills nothing: lines over the rate are counted and forgotten here.
 */
import { ENGINE_LIMITS } from "../limits.ts";
import type { LogLine } from "./protocol.ts";

const FLUSH_MS = 100;

export interface GuestLog {
  write(level: number, bytes: Uint8Array): void;
  /** Sends what waits. Called at the end of each call, and by `write` when the batch is full or old. */
  flush(): void;
}

export function createGuestLog(
  perMin: number,
  now: () => number,
  send: (lines: readonly LogLine[], dropped: number) => void,
): GuestLog {
  const decoder = new TextDecoder();
  let batch: LogLine[] = [];
  let dropped = 0;
  let tokens = perMin;
  let filledAt = now();
  let flushedAt = now();

  const flush = () => {
    flushedAt = now();
    if (batch.length === 0 && dropped === 0) return;
    send(batch, dropped);
    batch = [];
    dropped = 0;
  };
  return {
    flush,
    write(level, bytes) {
      const t = now();
      tokens = Math.min(perMin, tokens + ((t - filledAt) * perMin) / 60_000);
      filledAt = t;
      if (tokens < 1) dropped += 1;
      else {
        tokens -= 1;
        batch.push({ level, text: decoder.decode(bytes.subarray(0, ENGINE_LIMITS.logLineBytes)) });
      }
      if (batch.length >= ENGINE_LIMITS.logBatchLines || t - flushedAt >= FLUSH_MS) flush();
    },
  };
}
