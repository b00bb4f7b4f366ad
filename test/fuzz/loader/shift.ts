/**
 * A stretch of inputs in a process of its own, because V8 keeps every type it has seen until it ends at two million. The
 * order of work comes as JSON on standard input; each line that goes out is one `Message`.
 */
import { mkdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCorpus } from "./corpus.ts";
import { inputOf } from "./input.ts";
import { minimise } from "./minimise.ts";
import { type Judgement, judge, signature } from "./oracle.ts";

export interface Order {
  readonly seed: string;
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
  /** Signatures of findings that have been reported. */
  readonly known: readonly string[];
  /** Says the number of each input before it is judged: finds the one that ends the process. */
  readonly announce: boolean;
}

export type Message =
  | { readonly kind: "at"; readonly input: number }
  | { readonly kind: "finding"; readonly signature: string; readonly lines: readonly string[] }
  | { readonly kind: "done"; readonly next: number; readonly counts: readonly (readonly [string, number])[] };

const say = (message: Message) => {
  writeSync(1, `${JSON.stringify(message)}\n`);
};

const order: Order = JSON.parse(readFileSync(0, "utf8"));
const corpus = await loadCorpus();
const started = performance.now();
const known = new Set(order.known);
const counts = new Map<string, number>();
let input = order.from;
for (; input < order.to && performance.now() - started < order.seconds * 1000; input += 1) {
  if (order.announce || input % 256 === 0) say({ kind: "at", input });
  const { bytes, how } = inputOf(order.seed, input, corpus);
  const judgement = judge(bytes);
  const label = labelOf(judgement, how);
  counts.set(label, (counts.get(label) ?? 0) + 1);
  if (judgement.kind === "agree" || judgement.kind === "excluded") continue;
  const name = signature(judgement);
  if (known.has(name)) continue;
  known.add(name);
  say({ kind: "finding", signature: name, lines: report(bytes, judgement, `${order.seed} ${input}`) });
}
say({ kind: "done", next: input, counts: [...counts] });

function labelOf(judgement: Judgement, how: string): string {
  if (judgement.kind === "agree") return `${how}: both ${judgement.accepted ? "accept" : "refuse"}`;
  if (judgement.kind === "excluded") return `excluded, ${judgement.reason}`;
  return `${judgement.kind}: ${signature(judgement)}`;
}

function report(bytes: Uint8Array, judgement: Judgement, seed: string): readonly string[] {
  const name = signature(judgement);
  const small = minimise(bytes, (candidate) => {
    const again = judge(candidate);
    return again.kind === judgement.kind && signature(again) === name;
  });
  const folder = join(tmpdir(), "sallyport-fuzz");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `loader-${seed.replaceAll(/[^\w-]/g, "-")}.hex`);
  const facts = describe(judgement);
  writeFileSync(
    file,
    `${[`input: ${seed}`, ...facts].map((line) => `# ${line}\n`).join("")}${Buffer.from(small).toString("hex")}\n`,
  );
  return [`input ${seed}, ${small.length} bytes: ${file}`, ...facts.map((line) => `  ${line}`)];
}

function describe(judgement: Judgement): readonly string[] {
  if (judgement.kind === "differ") return [`ours: ${judgement.ours}`, `V8: ${judgement.v8}`];
  return "ours" in judgement ? judgement.ours.split("\n") : [];
}
