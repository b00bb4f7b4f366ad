/**
 * The tiers target, shift after shift, each in a process of its own. A difference between tiers is made small and written
 * down with its seed; a process that dies or stands still is a finding too, with the input that it was at.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { usageFault } from "../../../agent/cli/verb.ts";
import { loadCorpus } from "../loader/corpus.ts";
import type { FuzzOptions, FuzzSummary } from "../loader/run.ts";
import type { Message, Order } from "./shift.ts";
import { SUBJECT_NAMES } from "./subjects.ts";

const SHIFT = fileURLToPath(new URL("./shift.ts", import.meta.url));
const SHIFT_INPUTS = 1500;
/** Making a finding small is the longest that a process may be silent. */
const SILENCE_MS = 240_000;
const FINDINGS_MAX = 30;
/** V8 compiles with its baseline compiler, and in every third shift with its optimising one. */
const FLAGS: readonly (readonly string[])[] = [[], [], ["--no-liftoff"]];

export async function fuzzTiers({ seconds, seed, only, log, progress }: FuzzOptions): Promise<FuzzSummary> {
  if (only !== undefined && !SUBJECT_NAMES.includes(only)) {
    throw usageFault(`there is no way "${only}" to run a module; there are: ${SUBJECT_NAMES.join(", ")}`);
  }
  // Assembles the suite, if that is still to be done, before the time runs.
  await loadCorpus();
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  const found = new Set<string>();
  const total = new Map<string, number>();
  let runs = 0;
  const hear = (message: Message) => {
    if (message.kind === "at") progress(`${Math.round(elapsed())} s, ${message.input} inputs, ${found.size} findings`);
    else if (message.kind === "finding") {
      found.add(message.signature);
      log(`finding ${found.size}, ${message.lines.join("\n")}`);
    } else for (const [name, count] of message.counts) total.set(name, (total.get(name) ?? 0) + count);
  };
  for (let shift = 0; elapsed() < seconds && found.size < FINDINGS_MAX; shift += 1) {
    const left = { from: runs, to: runs + SHIFT_INPUTS, seconds: seconds - elapsed() };
    const order: Order = { seed, ...left, known: [...found], ...(only === undefined ? {} : { only }) };
    const end = await work(order, FLAGS[shift % FLAGS.length] ?? [], hear);
    runs = end.next;
    if (end.done) continue;
    found.add(`died at ${end.next}`);
    log(`finding ${found.size}, input ${seed} ${end.next}: the process ${end.how}\n  ${end.stderr.slice(-500)}`);
    runs += 1;
  }
  progress("");
  for (const [name, times] of [...total].sort()) log(`${String(times).padStart(9)} ${name}`);
  return { target: "tiers", seed, runs, seconds: Math.round(elapsed()), findings: found.size };
}

interface End {
  readonly done: boolean;
  readonly how: string;
  /** The input to go on with; of a process that died, the one that it was at. */
  readonly next: number;
  readonly stderr: string;
}

function work(order: Order, flags: readonly string[], hear: (message: Message) => void): Promise<End> {
  const child = spawn(process.execPath, [...flags, SHIFT], { stdio: ["pipe", "pipe", "pipe"] });
  let next = order.from;
  let done = false;
  let how = "died";
  let stderr = "";
  const silent = () => {
    how = "stood still";
    child.kill("SIGKILL");
  };
  let watchdog = setTimeout(silent, SILENCE_MS);
  child.stderr.on("data", (part: Buffer) => {
    stderr = (stderr + part.toString()).slice(-10_000);
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    clearTimeout(watchdog);
    watchdog = setTimeout(silent, SILENCE_MS);
    const message: Message = JSON.parse(line);
    if (message.kind === "at") next = message.input;
    if (message.kind === "done") {
      next = message.next;
      done = true;
    }
    hear(message);
  });
  child.stdin.end(JSON.stringify(order));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => {
      clearTimeout(watchdog);
      resolve({ done, how, next, stderr });
    });
  });
}
