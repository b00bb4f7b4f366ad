/**
 * `npm run bench -- attest`: what it costs to verify and to judge an attestation, beside the library underneath on the same
 * bundle and beside a single signature check, and how much memory a process has that does nothing else. CPU time of one
 * thread, subjects taking turns; the ratio is the median of the turns' own ratios.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emitJavaScript } from "../emit.ts";
import { FIXTURES } from "../fuzz/attest/fixtures.ts";
import type { Times } from "./attest-subject.ts";
import type { Row } from "./row.ts";

const STOCK = "@sigstore/verify";
const MEMORIES = { empty: "node, empty", stock: STOCK, ours: "judge" } as const;

export function benchAttest(short: boolean): readonly Row[] {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
  try {
    const emitted = join(folder, "emitted");
    mkdirSync(emitted);
    emitJavaScript(emitted, ["test/bench/attest-subject.ts"]);
    const input = readFileSync(FIXTURES);
    const run = <T>(...args: readonly string[]): T => {
      const file = join(emitted, "test/bench/attest-subject.js");
      const child = spawnSync(process.execPath, ["--expose-gc", file, ...args], { input, encoding: "utf8" });
      if (child.status !== 0) throw new Error(`${args[0]} failed: ${child.stderr}`);
      return JSON.parse(child.stdout);
    };
    return [...timeRows(run<Times>("times", short ? "3" : "15")), ...memoryRows(run, short ? 3 : 7)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function timeRows(times: Times): Row[] {
  return Object.entries(times).flatMap(([name, subjects]) => {
    const stock = subjects[STOCK] ?? [];
    return Object.entries(subjects).map(([subject, list]): Row => {
      const row = { name, subject, value: median(list), unit: "ms" };
      if (subject === STOCK) return row;
      const ratios = list.map((one, turn) => one / (stock[turn] ?? Number.NaN));
      return { ...row, baseline: STOCK, ratio: median(ratios) };
    });
  });
}

function memoryRows(run: <T>(way: string) => T, times: number): Row[] {
  const found = Object.entries(MEMORIES).map(([way, subject]) => {
    const all = Array.from({ length: times }, () => run<{ readonly rssMiB: number }>(way).rssMiB);
    return { name: "resident memory, 60 attestations", subject, value: median(all), unit: "MiB" };
  });
  const base = found.find((one) => one.subject === STOCK)?.value ?? Number.NaN;
  return found.map((row) =>
    row.subject === STOCK ? row : { ...row, baseline: STOCK, ratio: row.value / base, apart: true },
  );
}

function median(all: readonly number[]): number {
  const sorted = [...all].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
