/**
 * `npm run bench -- loader`: megabytes that Loader and Validator pass in a second of CPU time, beside V8 in the same run,
 * on a module of 5 MB made of real functions; and memory as a multiple of the module's size. Every subject runs in
 * processes of its own, by turns; the best of them counts.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { programNamed } from "./engine.ts";
import { PROGRAMS, wasmOf } from "./engine-programs.ts";
import { enlarged } from "./loader-module.ts";
import type { Row } from "./row.ts";

const SUBJECT_FILE = fileURLToPath(new URL("./loader-subject.ts", import.meta.url));
const SUBJECTS = ["v8 validate", "v8 compile", "decode", "decode and validate"] as const;
type Subject = (typeof SUBJECTS)[number];
const MODULE_BYTES = 5 * 1024 * 1024;

interface Figures {
  readonly first: number;
  readonly least: number;
  readonly kept: number;
  readonly grown: number;
}

/** Throws CLI_USAGE for a program that there is not. */
export function benchLoader({ only, short }: { only: readonly string[]; short: boolean }): readonly Row[] {
  const programs = only.length === 0 ? PROGRAMS : only.map(programNamed);
  const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
  const total = new Map<Subject, Figures>();
  let size = 0;
  try {
    for (const program of programs) {
      const file = join(folder, `${program.name}.wasm`);
      const bytes = enlarged(new Uint8Array(readFileSync(wasmOf(program))), MODULE_BYTES);
      writeFileSync(file, bytes);
      size += bytes.length;
      for (const [subject, figures] of measured(file, short ? 1 : 4)) {
        total.set(
          subject,
          merged(total.get(subject), figures, (a, b) => a + b),
        );
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return rowsOf(total, size);
}

/** Seconds by `times`, of memory the most. */
function merged(a: Figures | undefined, b: Figures, times: (a: number, b: number) => number): Figures {
  if (a === undefined) return b;
  return {
    first: times(a.first, b.first),
    least: times(a.least, b.least),
    kept: Math.max(a.kept, b.kept),
    grown: Math.max(a.grown, b.grown),
  };
}

function measured(file: string, turns: number): ReadonlyMap<Subject, Figures> {
  const best = new Map<Subject, Figures>();
  for (let turn = 0; turn < turns; turn += 1) {
    for (const subject of SUBJECTS) best.set(subject, merged(best.get(subject), runSubject(subject, file), Math.min));
  }
  return best;
}

function rowsOf(total: ReadonlyMap<Subject, Figures>, size: number): readonly Row[] {
  const base = total.get("v8 validate");
  const row = (name: string, unit: string, value: (figures: Figures) => number) =>
    [...total].map(([subject, figures]): Row => {
      const beside = base === undefined || subject === "v8 validate" || unit !== "MB/s";
      const ratio = beside ? {} : { baseline: "v8 validate", ratio: value(figures) / value(base) };
      return { name, subject, value: value(figures), unit, ...ratio };
    });
  return [
    ...row("load, first time", "MB/s", ({ first }) => size / 1e6 / first),
    // V8 does not compile bytes that it still has a module of.
    ...row("load, warm", "MB/s", ({ least }) => size / 1e6 / least).filter((one) => one.subject !== "v8 compile"),
    ...row("load, memory kept", "× size", ({ kept }) => kept / MODULE_BYTES),
    ...row("load, memory at most", "× size", ({ grown }) => grown / MODULE_BYTES),
  ];
}

function runSubject(subject: Subject, file: string): Figures {
  const child = spawnSync(process.execPath, ["--expose-gc", SUBJECT_FILE, subject, file, "6"], {
    encoding: "utf8",
    timeout: 120_000,
  });
  if (child.status !== 0) throw new Error(`${subject} failed: ${child.stderr}`);
  return JSON.parse(child.stdout);
}
