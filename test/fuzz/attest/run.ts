/**
 * The attestation target: real and made attestations, policies, trusted roots, statements, proofs and runtime attestations,
 * damaged with knowledge of their structure. A finding is reported with its seed and with as few mutations as show it; a
 * process that dies or stands still is a finding too, with the input that it was at.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { FuzzOptions, FuzzSummary } from "../loader/run.ts";
import type { Message, Order } from "./shift.ts";
import { suitesFolder } from "./subjects.ts";

const SHIFT = fileURLToPath(new URL("./shift.ts", import.meta.url));
const SHIFT_INPUTS = 50_000;
/** Starting, with every subject judged once, takes a few seconds on a busy machine. */
const SILENCE_MS = 60_000;
const FINDINGS_MAX = 30;

export async function fuzzAttest({ seconds, seed, log, progress }: FuzzOptions): Promise<FuzzSummary> {
  if (suitesFolder() === undefined) log("without the public suites' bundles: SALLYPORT_SUITES names no folder");
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  const found = new Set<string>();
  const total = new Map<string, number>();
  let slowestMs = 0;
  let runs = 0;
  const hear = (message: Message) => {
    if (message.kind === "at") progress(`${Math.round(elapsed())} s, ${message.input} inputs, ${found.size} findings`);
    else if (message.kind === "finding") {
      found.add(message.name);
      log(`finding ${found.size}, ${message.lines.join("\n")}`);
    } else {
      slowestMs = Math.max(slowestMs, message.slowestMs);
      for (const [name, count] of message.counts) total.set(name, (total.get(name) ?? 0) + count);
    }
  };
  while (elapsed() < seconds && found.size < FINDINGS_MAX) {
    const order: Order = { seed, from: runs, to: runs + SHIFT_INPUTS, seconds: seconds - elapsed(), known: [...found] };
    const end = await work(order, hear);
    runs = end.next;
    if (end.done) continue;
    if (!end.begun) throw new Error(`the fuzzer cannot start: ${end.stderr}`);
    found.add(`died at ${end.next}`);
    log(`finding ${found.size}, input ${seed} ${end.next}: the process ${end.how}\n  ${end.stderr.slice(-500)}`);
    runs += 1;
  }
  progress("");
  for (const [name, times] of [...total].sort()) log(`${String(times).padStart(9)} ${name}`);
  log(`${String(Math.ceil(slowestMs)).padStart(9)} ms of CPU time, the slowest input`);
  return { target: "attest", seed, runs, seconds: Math.round(elapsed()), findings: found.size };
}

interface End {
  readonly done: boolean;
  readonly begun: boolean;
  readonly how: string;
  /** The input to go on with; of a process that died, the one that it was at. */
  readonly next: number;
  readonly stderr: string;
}

function work(order: Order, hear: (message: Message) => void): Promise<End> {
  const child = spawn(process.execPath, ["--no-warnings", SHIFT], { stdio: ["pipe", "pipe", "pipe"] });
  let next = order.from;
  let done = false;
  let begun = false;
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
    begun = true;
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
      resolve({ done, begun, how, next, stderr });
    });
  });
}
