/**
 * One mutant judged. Wrong are: an exception, more than a second of CPU time, and a mutant that is accepted although it
 * differs where no equality says why it may, or makes the judge believe something else.
 */
import { type Difference, findingIn, REPEATED, saysTwice } from "./equalities.ts";
import type { Meaning, Subject } from "./subjects.ts";

export type Judgement =
  | { readonly kind: "refused"; readonly code: string }
  /** Accepted and equal, with the reasons; or nobody signs such documents. */
  | { readonly kind: "equal"; readonly reasons: readonly string[] }
  | { readonly kind: "accepted"; readonly differences: readonly Difference[] }
  | { readonly kind: "believed"; readonly before: Meaning | string; readonly after: Meaning }
  | { readonly kind: "threw"; readonly error: string }
  | { readonly kind: "costly"; readonly cpuMs: number };

export const CPU_MS_MAX = 1000;

const cpuMs = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

export function judgeMutant(subject: Subject, mutant: Uint8Array, before: Meaning | string): Judgement {
  const since = cpuMs();
  let after: Meaning | string;
  try {
    after = subject.judge(mutant);
  } catch (thrown) {
    return { kind: "threw", error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) };
  }
  const spent = cpuMs() - since;
  if (spent > CPU_MS_MAX) return { kind: "costly", cpuMs: Math.round(spent) };
  if (typeof after === "string") return { kind: "refused", code: after };
  if (!believesNothingNew(before, after, subject.isFree === true)) return { kind: "believed", before, after };
  if (subject.isFree === true && saysTwice(Buffer.from(mutant).toString("utf8"))) {
    return { kind: "accepted", differences: [REPEATED] };
  }
  if (subject.isFree === true)
    return { kind: "equal", reasons: ["nobody signs it: what it makes believe is the same"] };
  if (Buffer.compare(subject.bytes, mutant) === 0) return { kind: "equal", reasons: ["not changed"] };
  const used = new Set<string>();
  const differences = subject.kind === "proof" ? [WHOLE] : findingIn(subject.bytes, mutant, used);
  return differences === undefined ? { kind: "equal", reasons: [...used] } : { kind: "accepted", differences };
}

/** A proof has one encoding. */
const WHOLE: Difference = { path: "a byte of the proof", before: undefined, after: undefined };

/** `mayNotSay`: a document that nobody signs may add to what is known, e.g. a rule that asks for less. */
function believesNothingNew(before: Meaning | string, after: Meaning, mayNotSay: boolean): boolean {
  if (typeof before === "string") return mayNotSay;
  return before.says === after.says && after.timesMs.every((one) => before.timesMs.includes(one));
}

/** Two findings with the same name are one. */
export function nameOf(subject: Subject, judgement: Judgement): string {
  switch (judgement.kind) {
    case "accepted":
      return `${subject.kind} accepted: ${[...new Set(judgement.differences.map((one) => one.path))].sort().join(", ")}`;
    case "threw":
      return `${subject.kind} threw: ${judgement.error.split("\n").slice(0, 2).join(" ").replaceAll(/\d+/g, "N")}`;
    default:
      return `${subject.kind} ${judgement.kind}`;
  }
}

export function describe(judgement: Judgement): readonly string[] {
  const short = (value: unknown) => (JSON.stringify(value) ?? "absent").slice(0, 160);
  switch (judgement.kind) {
    case "accepted":
      return judgement.differences.map(({ path, before, after }) => `${path}: ${short(before)} became ${short(after)}`);
    case "believed":
      return [`before: ${short(judgement.before)}`, `after:  ${short(judgement.after)}`];
    case "threw":
      return judgement.error.split("\n").slice(0, 6);
    case "costly":
      return [`${judgement.cpuMs} ms of CPU time`];
    default:
      return [];
  }
}
