/**
 * What the kernel says of the machine itself, from procfs. Memory pressure needs a kernel with PSI (CONFIG_PSI); without
 * it the metric is absent on this machine and `memory-available` is the one to use.
 */
import { join } from "node:path";
import { parseDecimal, readText, readTextNow } from "./read.ts";

export const METRICS = ["load-1m", "memory-pressure", "memory-available", "uptime"] as const;
export type Metric = (typeof METRICS)[number];

interface Source {
  readonly file: string;
  readonly pattern: RegExp;
  readonly factor: number;
}

const SOURCES: Readonly<Record<Metric, Source>> = {
  "load-1m": { file: "loadavg", pattern: /^(\S+) /, factor: 1 },
  "memory-pressure": { file: "pressure/memory", pattern: /^some avg10=(\S+)/m, factor: 1 },
  "memory-available": { file: "meminfo", pattern: /^MemAvailable:\s+(\S+) kB/m, factor: 1024 },
  uptime: { file: "uptime", pattern: /^(\S+) /, factor: 1 },
};

/** Opened, not merely seen: with `psi=0` the file exists and cannot be read. */
export function hasMetric(procRoot: string, metric: Metric): boolean {
  const { file, pattern } = SOURCES[metric];
  return pattern.test(readTextNow(join(procRoot, file)) ?? "");
}

export async function readMetric(procRoot: string, metric: Metric): Promise<number> {
  const { file, pattern, factor } = SOURCES[metric];
  const path = join(procRoot, file);
  return parseDecimal(pattern.exec(await readText(path))?.[1] ?? "", path) * factor;
}
