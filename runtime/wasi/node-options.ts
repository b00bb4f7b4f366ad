/** The surroundings of a program that runs for a person at a terminal: this machine's clocks, chance and standard streams. */
import { randomFillSync } from "node:crypto";
import { constants, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { isatty } from "node:tty";
import type { WasiClocks, WasiOptions, WasiSink, WasiSource } from "./options.ts";

const MILLISECOND = 1_000_000n;
/** Between two tries where a stream is not ready and does not wait by itself. */
const RETRY_MS = 5;
const AHEAD_BYTES = 4096;

export const nodeClocks: WasiClocks = {
  realtime: () => BigInt(Date.now()) * MILLISECOND,
  monotonic: () => process.hrtime.bigint(),
};

export const nodeRandom = (into: Uint8Array): void => void randomFillSync(into);

const never = new Int32Array(new SharedArrayBuffer(4));

export const nodeWait = (ms: number): undefined => void Atomics.wait(never, 0, 0, ms);

/**
 * This process's standard input, opened once more where that can be done so that it does not wait in the operating system:
 * a thread that waits there cannot be stopped.
 */
export function nodeStdin(): WasiSource {
  const fd = openAgain();
  let ahead = new Uint8Array(0);
  let ended = false;
  /** Undefined when nothing is there yet. */
  const take = (into: Uint8Array): number | undefined => {
    try {
      return readSync(fd, into, 0, into.length, null);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EOF") return 0;
      if (code === "EAGAIN") return undefined;
      throw error;
    }
  };
  return {
    terminal: isatty(0),
    read(into) {
      if (ended || into.length === 0) return 0;
      if (ahead.length > 0) {
        const part = ahead.subarray(0, into.length);
        into.set(part);
        ahead = ahead.subarray(part.length);
        return part.length;
      }
      for (;;) {
        const count = take(into);
        if (count !== undefined) return count;
        nodeWait(RETRY_MS);
      }
    },
    ready(waitMs) {
      const until = performance.now() + waitMs;
      while (ahead.length === 0 && !ended) {
        const into = new Uint8Array(AHEAD_BYTES);
        const count = take(into);
        if (count === undefined) {
          const left = until - performance.now();
          if (left <= 0) return false;
          nodeWait(Math.min(left, RETRY_MS));
        } else {
          ended = count === 0;
          ahead = into.subarray(0, count);
        }
      }
      return true;
    },
  };
}

/** A file needs it not, a socket cannot. */
function openAgain(): number {
  try {
    const stats = fstatSync(0);
    if (!stats.isFIFO() && !stats.isCharacterDevice()) return 0;
    return openSync("/proc/self/fd/0", constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return 0;
  }
}

/** Standard output or standard error of this process; returns when everything is written. */
export const nodeSink = (fd: 1 | 2): WasiSink => ({
  terminal: isatty(fd),
  write(bytes) {
    for (let done = 0; done < bytes.length; ) {
      try {
        done += writeSync(fd, bytes, done, bytes.length - done);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
        nodeWait(RETRY_MS);
      }
    }
  },
});

export const nodeWorld = {
  clocks: nodeClocks,
  random: nodeRandom,
  wait: nodeWait,
} as const satisfies WasiOptions;
