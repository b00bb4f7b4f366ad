/**
 * The loader target, shift after shift, each in a process of its own. A difference from V8 is made small and written down
 * with its seed; a process that dies is a finding too, once the input that kills it is known.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { loadCorpus } from "./corpus.ts";
import type { Message, Order } from "./shift.ts";

export interface FuzzOptions {
  /** tiers: this one alone beside the interpreter. */
  readonly only?: string | undefined;
  readonly seconds: number;
  readonly seed: string;
  readonly log: (line: string) => void;
  readonly progress: (line: string) => void;
}

export interface FuzzSummary {
  readonly target: string;
  readonly seed: string;
  readonly runs: number;
  readonly seconds: number;
  readonly findings: number;
}

const SHIFT = fileURLToPath(new URL("./shift.ts", import.meta.url));
const SHIFT_INPUTS = 500_000;
/** So many different findings say enough. */
const FINDINGS_MAX = 30;

export async function fuzzLoader({ seconds, seed, log, progress }: FuzzOptions): Promise<FuzzSummary> {
  // Assembles the suite, if that is still to be done, before the time runs.
  await loadCorpus();
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  const found = new Set<string>();
  const total = new Map<string, number>();
  let runs = 0;
  const hear = (message: Message) => {
    if (message.kind === "at") progress(`${Math.round(elapsed())} s, ${message.input} inputs, ${found.size} findings`);
    if (message.kind === "finding") {
      found.add(message.signature);
      log(`finding ${found.size}, ${message.lines.join("\n")}`);
    }
    if (message.kind !== "done") return;
    for (const [name, count] of message.counts) total.set(name, (total.get(name) ?? 0) + count);
  };
  while (elapsed() < seconds && found.size < FINDINGS_MAX) {
    const to = runs + SHIFT_INPUTS;
    const order: Order = { seed, from: runs, to, seconds: seconds - elapsed(), known: [...found], announce: false };
    const end = await work(order, hear);
    if (end.done) {
      runs = end.next;
      continue;
    }
    const again = await work({ ...order, from: end.next, announce: true, seconds: 60 }, hear);
    found.add(`died at ${again.next}`);
    const where = again.done ? `after input ${seed} ${end.next}, and not again` : `input ${seed} ${again.next}`;
    log(`finding ${found.size}, ${where}: the process died\n  ${end.stderr.slice(-500)}`);
    runs = again.done ? again.next : again.next + 1;
  }
  progress("");
  for (const [name, times] of [...total].sort()) log(`${String(times).padStart(9)} ${name}`);
  return { target: "loader", seed, runs, seconds: Math.round(elapsed()), findings: found.size };
}

interface End {
  readonly done: boolean;
  /** The input to go on with; of a process that died, the last that it named. */
  readonly next: number;
  readonly stderr: string;
}

function work(order: Order, hear: (message: Message) => void): Promise<End> {
  const child = spawn(process.execPath, [SHIFT], { stdio: ["pipe", "pipe", "pipe"] });
  let next = order.from;
  let done = false;
  let stderr = "";
  child.stderr.on("data", (part: Buffer) => {
    stderr = (stderr + part.toString()).slice(-10_000);
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
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
    child.on("close", () => resolve({ done, next, stderr }));
  });
}
