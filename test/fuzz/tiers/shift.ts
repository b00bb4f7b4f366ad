/**
 * A stretch of inputs in a process of its own, because V8 keeps types and address space until it ends. The order of work
 * comes as JSON on standard input; each line that goes out is one `Message`.
 */
import { mkdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCorpus } from "../loader/corpus.ts";
import { minimise } from "../loader/minimise.ts";
import type { Agreement } from "./compare.ts";
import { type Input, inputOf } from "./input.ts";
import { type JudgeOptions, judge } from "./judge.ts";

export interface Order {
  readonly seed: string;
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
  readonly only?: string;
  /** Signatures of findings that have been reported. */
  readonly known: readonly string[];
}

export type Message =
  | { readonly kind: "at"; readonly input: number }
  | { readonly kind: "finding"; readonly signature: string; readonly lines: readonly string[] }
  | { readonly kind: "done"; readonly next: number; readonly counts: readonly (readonly [string, number])[] };

/** What is not small by then stays as it is. */
const MINIMISE_MS = 120_000;

const say = (message: Message) => {
  writeSync(1, `${JSON.stringify(message)}\n`);
};

const order: Order = JSON.parse(readFileSync(0, "utf8"));
const corpus = await loadCorpus();
const started = performance.now();
const known = new Set(order.known);
const counts = new Map<string, number>();
const count = (what: string, by = 1) => counts.set(what, (counts.get(what) ?? 0) + by);
let input = order.from;
for (; input < order.to && performance.now() - started < order.seconds * 1000; input += 1) {
  say({ kind: "at", input });
  const made = inputOf(order.seed, input, corpus);
  const agreement = judged(made.bytes, `${order.seed} ${input}`, { open: made.open, only: order.only });
  if (agreement.kind === "excluded") count(`${made.how}: excluded, ${agreement.reason}`);
  else if (agreement.kind === "agree") {
    count(`${made.how}: agree`);
    count("calls that returned", agreement.returned);
    count("calls that trapped or threw", agreement.trapped);
    count("instructions in the interpreter", agreement.fuel);
    for (const how of agreement.carried) count(`between calls: ${how}`);
  } else {
    count(`differ: ${agreement.signature}`);
    if (known.has(agreement.signature)) continue;
    known.add(agreement.signature);
    say({ kind: "finding", signature: agreement.signature, lines: report(made, agreement, input) });
  }
}
say({ kind: "done", next: input, counts: [...counts] });

function judged(bytes: Uint8Array, seed: string, options: JudgeOptions): Agreement {
  try {
    return judge(bytes, seed, options);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const at = /\w[\w-]*\.ts:\d+/.exec(error.stack ?? "")?.[0] ?? "";
    return { kind: "differ", signature: `threw at ${at}`, tier: "", lines: (error.stack ?? error.message).split("\n") };
  }
}

function report(made: Input, { signature, tier, lines }: Agreement & { kind: "differ" }, n: number): readonly string[] {
  const seed = `${order.seed} ${n}`;
  const only = tier === "" ? undefined : tier;
  const until = performance.now() + MINIMISE_MS;
  const small = minimise(made.bytes, (candidate) => {
    if (performance.now() > until) return false;
    const again = judged(candidate, seed, { open: made.open, only });
    return again.kind === "differ" && again.signature === signature;
  });
  const folder = join(tmpdir(), "sallyport-fuzz");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `tiers-${seed.replaceAll(/[^\w-]/g, "-")}.hex`);
  const facts = [`input: ${seed}`, `open: ${made.open}`, ...lines];
  writeFileSync(file, `${facts.map((line) => `# ${line}\n`).join("")}${Buffer.from(small).toString("hex")}\n`);
  return [`input ${seed} (${made.how}), ${small.length} bytes: ${file}`, ...lines.map((line) => `  ${line}`)];
}
