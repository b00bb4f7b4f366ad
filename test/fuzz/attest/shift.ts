/**
 * A stretch of inputs in a process of its own, so that one that never ends can be ended and named. The order of work comes
 * as JSON on standard input; each line that goes out is one `Message`.
 */
import { mkdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fewest, inputOf } from "./input.ts";
import { describe, type Judgement, judgeMutant, nameOf } from "./oracle.ts";
import { fixtureSubjects, type Meaning, proofSubject, type Subject, suiteSubjects, suitesFolder } from "./subjects.ts";

export interface Order {
  readonly seed: string;
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
  /** Names of findings that have been reported. */
  readonly known: readonly string[];
}

export type Message =
  | { readonly kind: "at"; readonly input: number }
  | { readonly kind: "finding"; readonly name: string; readonly lines: readonly string[] }
  | {
      readonly kind: "done";
      readonly next: number;
      readonly counts: readonly (readonly [string, number])[];
      /** CPU time of one input, ms. */
      readonly slowestMs: number;
    };

const say = (message: Message) => {
  writeSync(1, `${JSON.stringify(message)}\n`);
};
const cpuMs = () => process.threadCpuUsage().user / 1000;

const order: Order = JSON.parse(readFileSync(0, "utf8"));
const suites = suitesFolder();
const subjects = [...fixtureSubjects(), await proofSubject(), ...(suites === undefined ? [] : suiteSubjects(suites))];
const before = new Map<Subject, Meaning | string>(subjects.map((one) => [one, one.judge(one.bytes)]));
for (const [{ name }, meaning] of before) if (typeof meaning === "string") throw new Error(`${name}: ${meaning}`);
const judged = (subject: Subject, bytes: Uint8Array) => judgeMutant(subject, bytes, before.get(subject) ?? "");

const started = performance.now();
const known = new Set(order.known);
const counts = new Map<string, number>();
let slowestMs = 0;
let input = order.from;
for (; input < order.to && performance.now() - started < order.seconds * 1000; input += 1) {
  say({ kind: "at", input });
  const { subject, bytes } = inputOf(order.seed, input, subjects);
  const since = cpuMs();
  const judgement = judged(subject, bytes);
  slowestMs = Math.max(slowestMs, cpuMs() - since);
  for (const label of labelsOf(subject, judgement)) counts.set(label, (counts.get(label) ?? 0) + 1);
  if (judgement.kind === "refused" || judgement.kind === "equal") continue;
  const name = nameOf(subject, judgement);
  if (known.has(name)) continue;
  known.add(name);
  say({ kind: "finding", name, lines: report(name, input) });
}
say({ kind: "done", next: input, counts: [...counts], slowestMs });

function labelsOf({ kind }: Subject, judgement: Judgement): readonly string[] {
  if (judgement.kind === "refused") return [`${kind}: ${judgement.code}`];
  if (judgement.kind === "equal") return judgement.reasons.map((reason) => `accepted and equal: ${reason}`);
  return [`${kind}: ${judgement.kind}`];
}

function report(name: string, number: number): readonly string[] {
  const small = fewest(order.seed, number, subjects, ({ subject, bytes }) => {
    const again = judged(subject, bytes);
    return again.kind !== "refused" && again.kind !== "equal" && nameOf(subject, again) === name;
  });
  const folder = join(tmpdir(), "sallyport-fuzz");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `attest-${`${order.seed}-${number}`.replaceAll(/[^\w-]/g, "-")}.json`);
  writeFileSync(file, small.bytes);
  const facts = [`${small.subject.kind} "${small.subject.name}": ${small.how.join(", ")}`];
  return [
    `input ${order.seed} ${number}: ${name}: ${file}`,
    ...[...facts, ...describe(judged(small.subject, small.bytes))].map((line) => `  ${line}`),
  ];
}
