/** The real world: Node's clocks, timers and random source. */
import { randomBytes } from "node:crypto";
import type { Clock, Log, LogLevel, Random } from "./world.ts";

export const nodeClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, then) {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};

export const nodeRandom: Random = {
  bytes: (count) => new Uint8Array(randomBytes(count)),
  fraction: () => randomBytes(4).readUInt32LE(0) / 2 ** 32,
};

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** JSON lines on standard error, one object a line: what a service manager collects. */
export function jsonLog(least: LogLevel): Log {
  return (level, what, facts = {}) => {
    if (RANK[level] < RANK[least]) return;
    process.stderr.write(`${JSON.stringify({ t: new Date().toISOString(), level, what, ...facts })}\n`);
  };
}
