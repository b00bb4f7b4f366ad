/**
 * The loader target: input n of a seed is a mutated module of the corpus, a generated module, or a mutated generated one;
 * each is judged beside V8. A difference is made small and written down with its seed.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "../random.ts";
import { loadCorpus } from "./corpus.ts";
import { generate } from "./generate.ts";
import { minimise } from "./minimise.ts";
import { byteMutations } from "./mutate.ts";
import { type Judgement, judge, signature } from "./oracle.ts";
import { rewrite } from "./rewrite.ts";

export interface FuzzOptions {
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

/** So many different findings say enough. */
const FINDINGS_MAX = 30;

export async function fuzzLoader({ seconds, seed, log, progress }: FuzzOptions): Promise<FuzzSummary> {
  const corpus = await loadCorpus();
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  const found = new Set<string>();
  const kinds = new Map<string, number>();
  const count = (name: string) => kinds.set(name, (kinds.get(name) ?? 0) + 1);
  let runs = 0;
  for (; elapsed() < seconds && found.size < FINDINGS_MAX; runs += 1) {
    const { bytes, how } = inputOf(seed, runs, corpus);
    const judgement = judge(bytes);
    count(labelOf(judgement, how));
    if (judgement.kind !== "agree" && judgement.kind !== "excluded") {
      const name = signature(judgement);
      if (!found.has(name)) {
        found.add(name);
        report(bytes, judgement, `${seed} ${runs}`, found.size, log);
      }
    }
    if (runs % 256 === 0) progress(`${Math.round(elapsed())} s, ${runs} inputs, ${found.size} findings`);
  }
  progress("");
  for (const [name, times] of [...kinds].sort()) log(`${String(times).padStart(9)} ${name}`);
  return { target: "loader", seed, runs, seconds: Math.round(elapsed()), findings: found.size };
}

function labelOf(judgement: Judgement, how: string): string {
  if (judgement.kind === "agree") return `${how}: both ${judgement.accepted ? "accept" : "refuse"}`;
  if (judgement.kind === "excluded") return `excluded, ${judgement.reason}`;
  return `${judgement.kind}: ${signature(judgement)}`;
}

export interface Input {
  readonly bytes: Uint8Array;
  readonly how: "generated" | "generated, mutated" | "mutated" | "rewritten";
}

/** The same for the same seed, number and corpus. */
export function inputOf(seed: string, n: number, corpus: readonly Uint8Array[]): Input {
  const random = new Random(`${seed} ${n}`);
  const make = () => (corpus.length === 0 || random.chance(0.3) ? generate(random) : random.pick(corpus));
  if (random.chance(0.15)) return { bytes: generate(random), how: "generated" };
  const generated = corpus.length === 0 || random.chance(0.35);
  let bytes = generated ? generate(random) : random.pick(corpus);
  if (random.chance(0.6)) {
    const rewritten = rewrite(bytes, random, make());
    if (rewritten !== undefined && !random.chance(0.1)) {
      return { bytes: rewritten, how: generated ? "generated, mutated" : "rewritten" };
    }
    bytes = rewritten ?? bytes;
  }
  for (let left = 1 + random.small(3); left > 0; left -= 1) bytes = random.pick(byteMutations)(bytes, random, make());
  return { bytes, how: generated ? "generated, mutated" : "mutated" };
}

function report(bytes: Uint8Array, judgement: Judgement, seed: string, n: number, log: (line: string) => void): void {
  const name = signature(judgement);
  const small = minimise(bytes, (candidate) => {
    const again = judge(candidate);
    return again.kind === judgement.kind && signature(again) === name;
  });
  const folder = join(tmpdir(), "sallyport-fuzz");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `loader-${seed.replaceAll(/[^\w-]/g, "-")}.hex`);
  const lines = [
    `# input: ${seed}`,
    ...describe(judgement).map((line) => `# ${line}`),
    Buffer.from(small).toString("hex"),
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  log(`finding ${n}, input ${seed}, ${small.length} bytes: ${file}`);
  for (const line of describe(judgement)) log(`  ${line}`);
}

function describe(judgement: Judgement): readonly string[] {
  if (judgement.kind === "differ") return [`ours: ${judgement.ours}`, `V8: ${judgement.v8}`];
  return judgement.kind === "threw" || judgement.kind === "costly" ? judgement.ours.split("\n") : [];
}
