/**
 * `npm run bench -- interrupt`: how long a guest that does not end by itself runs on after it was asked to stop, by the epoch
 * where that reaches it and by the end of its thread where only that does. Median and 99th percentile; on a busy machine
 * the latter tells of the machine.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { usageFault } from "../../agent/cli/verb.ts";
import { CASES } from "./interrupt-cases.ts";
import type { Row } from "./row.ts";

const SUBJECT_FILE = fileURLToPath(new URL("./interrupt-subject.ts", import.meta.url));

/** Throws CLI_USAGE for a case that there is not. */
export function benchInterrupt({ only, short }: { only: readonly string[]; short: boolean }): readonly Row[] {
  const unknown = only.find((one) => !Object.hasOwn(CASES, one));
  if (unknown !== undefined) {
    throw usageFault(`there is no case "${unknown}"; there are: ${Object.keys(CASES).join(", ")}`);
  }
  return Object.entries(CASES)
    .filter(([name]) => only.length === 0 || only.includes(name))
    .flatMap(([name, { wat, runs }]) => {
      const sorted = [...timesOf(name, short ? Math.ceil(runs / 8) : runs)].sort((a, b) => a - b);
      const subject = wat === undefined ? "terminate" : "epoch";
      const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
      return [
        { name: `${name}, p50`, subject, value: at(0.5), unit: "ms" },
        { name: `${name}, p99`, subject, value: at(0.99), unit: "ms" },
      ];
    });
}

function timesOf(name: string, runs: number): readonly number[] {
  const child = spawnSync(process.execPath, [SUBJECT_FILE, name, String(runs)], { encoding: "utf8", timeout: 300_000 });
  if (child.status !== 0) throw new Error(`${name} failed: ${child.error?.message ?? child.stderr}`);
  return JSON.parse(child.stdout);
}
