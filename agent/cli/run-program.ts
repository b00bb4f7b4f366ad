/**
 * `sallyport run` of a plain program: a WASI command or one function, in a thread of its own, so that it can be stopped
 * whatever it does. Here is the thread that waits for it: for its end, for the person's interruption, for the time limit.
 */
import { fstatSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { TIERS, type Tier } from "../../runtime/index.ts";
import { Fault, type FaultKind } from "../../runtime/kernel/fault.ts";
import { hostHasWebAssembly } from "../../runtime/kernel/host.ts";
import { cliFault } from "../faults.ts";
import { type ProgramSpec, programSpec } from "./program-spec.ts";
import { type Args, type Io, type OptionSpec, untilAborted, usageFault } from "./verb.ts";

export const PROGRAM_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  stats: { help: "say at the end what it took: time, fuel, memory, tables, calls of its host (standard error)" },
  json: { help: "with --stats: as one JSON object" },
  timeout: { value: "MS", help: "stop the program after so many milliseconds" },
  trace: { value: "N", help: "write the first N instructions, with addresses and arguments (interpreter)" },
  calls: { value: "N", help: "write the first N calls with their arguments (interpreter)" },
};

export interface Job {
  readonly tier: Exclude<Tier, "auto">;
  readonly spec: ProgramSpec;
  readonly stats: boolean;
  /** Statistics as one JSON object. */
  readonly json: boolean;
  readonly trace?: { readonly what: "instructions" | "calls"; readonly max: number };
}

/** How the thread says that it is done. */
export type Ended =
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "fault"; readonly code: string; readonly of: FaultKind; readonly message: string };

const LINES_MAX = 100_000_000;
const TIMEOUT_MS_MAX = 0x7fff_ffff;
/** What a shell says of a command that was interrupted. */
const INTERRUPTED = 130;

export async function runProgram(args: Args, io: Io): Promise<number> {
  const job = await jobOf(args);
  const ms = args.maybe("timeout") === undefined ? undefined : args.integer("timeout", { min: 1, max: TIMEOUT_MS_MAX });
  // Node's own stream, though unused, makes reading a socket not wait in the operating system, where no thread can be ended.
  if (job.spec.stdin === undefined && inputIsSocket()) process.stdin.pause();
  const worker = new Worker(beside("run-worker"), { workerData: job });
  let timer: NodeJS.Timeout | undefined;
  try {
    const ended = await Promise.race([
      endOf(worker),
      untilAborted(io),
      new Promise<"time">((resolve) => {
        if (ms !== undefined) timer = setTimeout(resolve, ms, "time");
      }),
    ]);
    if (ended === undefined) return INTERRUPTED;
    if (ended === "time") throw cliFault("CLI_TIME_LIMIT", { ms: ms ?? 0 });
    if (ended.kind === "status") return ended.status;
    const words = { kind: ended.of, says: "{text}", means: "", todo: "" };
    throw new Fault(ended.code, words, { text: ended.message });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

function inputIsSocket(): boolean {
  try {
    return fstatSync(0).isSocket();
  } catch {
    return false;
  }
}

/** In the running file's own form: `.ts` in a checkout, `.js` in a release. */
const beside = (name: string): URL => new URL(`./${name}${/\.[jt]s$/.exec(import.meta.url)?.[0]}`, import.meta.url);

function endOf(worker: Worker): Promise<Ended> {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("the program's thread ended without a word")));
  });
}

async function jobOf(args: Args): Promise<Job> {
  const spec = await programSpec(args);
  const what = args.maybe("trace") !== undefined ? "trace" : args.maybe("calls") !== undefined ? "calls" : undefined;
  const tier = tierOf(args.maybe("tier") ?? "auto", what !== undefined);
  if (tier !== "interpreter" && !hostHasWebAssembly())
    throw usageFault("run: this host may generate no code: --tier interpreter");
  if (tier !== "interpreter" && what !== undefined) throw usageFault(`run: --${what} needs --tier interpreter`);
  if (tier === "v8" && spec.fuel !== undefined) throw usageFault("run: --fuel needs --tier metered or interpreter");
  if (tier === "v8" && spec.deterministic === true)
    throw usageFault("run: --deterministic needs --tier metered or interpreter");
  const stats = args.flag("stats");
  const json = args.flag("json");
  if (json && !stats) throw usageFault("run: --json says how --stats are written");
  if (what === undefined) return { tier, spec, stats, json };
  const max = args.integer(what, { min: 1, max: LINES_MAX });
  return { tier, spec, stats, json, trace: { what: what === "trace" ? "instructions" : "calls", max } };
}

/**
 * A program is one call, and no call changes its tier: `auto` is metered, which takes half a second for each megabyte
 * before, where the interpreter takes ten times as long or more for all that comes after.
 */
function tierOf(asked: string, watched: boolean): Job["tier"] {
  const tier = TIERS.find((one) => one === asked);
  if (tier === undefined) throw usageFault(`run: there is no tier ${asked}; there are ${TIERS.join(", ")}`);
  if (tier !== "auto") return tier;
  return watched || !hostHasWebAssembly() ? "interpreter" : "metered";
}
