/** The surroundings of a program that runs for a person at a terminal: this machine's clocks, chance and standard streams. */
import { randomFillSync } from "node:crypto";
import { readSync, writeSync } from "node:fs";
import { isatty } from "node:tty";
import type { WasiClocks, WasiOptions, WasiSink, WasiSource } from "./options.ts";

const MILLISECOND = 1_000_000n;
/** Between two tries where a stream is not ready and does not wait by itself. */
const RETRY_MS = 5;

export const nodeClocks: WasiClocks = {
  realtime: () => BigInt(Date.now()) * MILLISECOND,
  monotonic: () => process.hrtime.bigint(),
};

export const nodeRandom = (into: Uint8Array): void => void randomFillSync(into);

const never = new Int32Array(new SharedArrayBuffer(4));

export const nodeWait = (ms: number): undefined => void Atomics.wait(never, 0, 0, ms);

/** This process's standard input; waits for it. */
export const nodeStdin: WasiSource = {
  terminal: isatty(0),
  read(into) {
    for (;;) {
      try {
        return readSync(0, into, 0, into.length, null);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === "EOF") return 0;
        if (code !== "EAGAIN") throw error;
        nodeWait(RETRY_MS);
      }
    }
  },
};

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
