/**
 * `npm run bench -- engine`: CPU time of compiled C programs in each engine beside plain V8, in one run. Every figure is
 * the least of several runs in fresh processes, subjects taking turns; `_start` alone is counted, tier-up included, and
 * scaled to V8's rounds. Loading is a row apart, without a ratio. What programs print must agree with V8. Programs whose
 * work is all in `_start` stand beside V8 without its baseline compiler too, and are left out of the summary.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { usageFault } from "../../agent/cli/verb.ts";
import { emitJavaScript } from "../emit.ts";
import { EXTERNAL_NAMES, isExternal, isOnPath, runExternal } from "./engine-external.ts";
import { PROGRAMS, type Program, START_PROGRAMS, wasmOf } from "./engine-programs.ts";
import type { Row } from "./row.ts";

const SUBJECTS = [
  "v8",
  "v8-no-liftoff",
  "interpreter",
  "metered-epoch",
  "metered-block",
  "metered-exact",
  "interpreter-blocks",
  "interpreter-jitless",
  ...EXTERNAL_NAMES,
] as const;
const ALL_PROGRAMS = [...PROGRAMS, ...START_PROGRAMS];
/** Runs that differ by more than this are worth a line. */
const UNSTEADY = 1.5;
type Subject = (typeof SUBJECTS)[number];

export interface EngineBench {
  readonly only: readonly string[];
  readonly subjects: readonly string[];
  readonly short: boolean;
}

/** Throws CLI_USAGE for a program or a subject that there is not. */
export function benchEngine({ only, subjects, short }: EngineBench): readonly Row[] {
  const programs = only.length === 0 ? ALL_PROGRAMS : only.map(programNamed);
  const unknown = subjects.find((one) => !SUBJECTS.some((known) => known === one));
  if (unknown !== undefined) {
    throw usageFault(`there is no subject "${unknown}" yet; there are: ${SUBJECTS.join(", ")}`);
  }
  const asked = subjects.length === 0 ? SUBJECTS : SUBJECTS.filter((one) => one === "v8" || subjects.includes(one));
  const absent = asked.filter((one) => isExternal(one) && !isOnPath(one));
  if (absent.length > 0) process.stderr.write(`not on PATH, left out: ${absent.join(", ")}\n`);
  const wanted = asked.filter((one) => !absent.includes(one));
  const emitted = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
  try {
    if (wanted.includes("interpreter-jitless")) emitJavaScript(emitted, ["test/bench/engine-subject.ts"]);
    return programs.flatMap((program) => rowsOf(program, subjectsOf(program, wanted, subjects), short, emitted));
  } finally {
    rmSync(emitted, { recursive: true });
  }
}

/** Where one program's time goes in the interpreter: self time per function, in percent of the samples. */
export function profileEngine(name: string): readonly string[] {
  const program = programNamed(name);
  const folder = mkdtempSync(join(tmpdir(), "sallyport-profile-"));
  try {
    runSubject(["--cpu-prof", `--cpu-prof-dir=${folder}`], program, "interpreter", program.slowRounds);
    const [file = ""] = readdirSync(folder);
    return summarise(JSON.parse(readFileSync(join(folder, file), "utf8")));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function programNamed(name: string): Program {
  const found = ALL_PROGRAMS.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw usageFault(`there is no program "${name}"; there are: ${ALL_PROGRAMS.map((one) => one.name).join(", ")}`);
}

/** Without its baseline compiler V8 is the measure of work in `_start`; the interpreter makes no difference there. */
function subjectsOf({ start }: Program, wanted: readonly Subject[], named: readonly string[]): readonly Subject[] {
  return wanted.filter(
    (one) => named.includes(one) || (start ? !one.startsWith("interpreter") : one !== "v8-no-liftoff"),
  );
}

function rowsOf(program: Program, subjects: readonly Subject[], short: boolean, emitted: string): readonly Row[] {
  const part = short ? 2 : 1;
  const least = new Map<Subject, { load: number; perRound: number; worst: number }>();
  // The same rounds on V8 say what a slower subject has to print.
  const expected = new Map<Subject, string>(
    subjects
      .filter((one) => one !== "v8")
      .map((one) => [one, runSubject([], program, "v8", roundsOf(program, one, part)).output]),
  );
  for (let turn = 0; turn < (short ? 2 : 5); turn += 1) {
    for (const subject of subjects) {
      const count = roundsOf(program, subject, part);
      const { output, load, run } = runOnce(program, subject, count, emitted);
      const wanted = expected.get(subject) ?? output;
      if (output !== wanted) {
        throw new Error(`${program.name} in ${subject} printed ${output.trim()}, in v8 ${wanted.trim()}`);
      }
      const before = least.get(subject) ?? {
        load: Number.POSITIVE_INFINITY,
        perRound: Number.POSITIVE_INFINITY,
        worst: 0,
      };
      least.set(subject, {
        load: Math.min(before.load, load),
        perRound: Math.min(before.perRound, run / count),
        worst: Math.max(before.worst, run / count),
      });
    }
  }
  for (const [subject, { perRound, worst }] of least) {
    // The least of several runs hides that a loop is not compiled every time: say so.
    if (worst < UNSTEADY * perRound) continue;
    process.stderr.write(
      `${program.name} in ${subject}: the slowest run took ${(worst / perRound).toFixed(1)} × the fastest\n`,
    );
  }
  const base = least.get("v8")?.perRound ?? Number.NaN;
  const optimised = least.get("v8-no-liftoff")?.perRound;
  return [...least].flatMap(([subject, { load, perRound }]): Row[] => {
    const row = { name: program.name, subject, value: perRound * program.rounds, unit: "s cpu", apart: program.start };
    const rows: Row[] = [subject === "v8" ? row : { ...row, baseline: "v8", ratio: perRound / base }];
    if (optimised !== undefined && subject !== "v8-no-liftoff") {
      rows.push({ ...row, apart: true, baseline: "v8-no-liftoff", ratio: perRound / optimised });
    }
    if (Number.isFinite(load)) {
      rows.push({ name: `${program.name}, load`, subject, value: load * 1000, unit: "ms cpu" });
    }
    return rows;
  });
}

function roundsOf(program: Program, subject: Subject, part: number): number {
  switch (subject) {
    case "interpreter":
    case "wasmedge":
      return Math.ceil(program.slowRounds / part);
    case "interpreter-blocks":
      return Math.ceil((program.slowRounds * 3) / part);
    case "interpreter-jitless":
      return Math.ceil(program.slowRounds / part / 10);
    case "wasm3":
    case "iwasm":
      return Math.ceil(program.rounds / part / 8);
    default:
      return Math.ceil(program.rounds / part);
  }
}

function runOnce(program: Program, subject: Subject, rounds: number, emitted: string): Outcome {
  // How long another engine loads is within what its process takes.
  if (isExternal(subject)) return { ...runExternal(subject, wasmOf(program), rounds), load: Number.POSITIVE_INFINITY };
  if (subject === "interpreter-jitless") {
    return runSubject(["--jitless"], program, "interpreter", rounds, join(emitted, "test/bench/engine-subject.js"));
  }
  if (subject === "v8-no-liftoff") return runSubject(["--no-liftoff"], program, "v8", rounds);
  return runSubject([], program, subject, rounds);
}

interface Outcome {
  readonly output: string;
  readonly load: number;
  readonly run: number;
}

const SUBJECT_FILE = fileURLToPath(new URL("./engine-subject.ts", import.meta.url));

function runSubject(
  flags: readonly string[],
  program: Program,
  subject: string,
  rounds: number,
  file = SUBJECT_FILE,
): Outcome {
  const child = spawnSync(process.execPath, [...flags, file, subject, wasmOf(program), String(rounds)], {
    encoding: "utf8",
    timeout: 300_000,
  });
  if (child.status !== 0) throw new Error(`${program.name} in ${subject} ${flags.join(" ")} failed: ${child.stderr}`);
  return JSON.parse(child.stdout);
}

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
}

function summarise({ nodes, samples }: CpuProfile): readonly string[] {
  const labels = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      `${functionName || "(anonymous)"} ${url.replace(/^.*\/(?=(?:runtime|test)\/)/, "")}:${lineNumber + 1}`,
    ]),
  );
  const counts = new Map<string, number>();
  for (const id of samples) {
    const label = labels.get(id) ?? "?";
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 15)
    .map(([label, count]) => `${((100 * count) / samples.length).toFixed(1).padStart(5)} %  ${label}`);
}
