/**
 * Runs one driven module in every tier and says where they part: how calls end, what they leave as results, fuel to the
 * unit, and at the end memories, tables and globals. A second round has the tank run empty in the middle.
 */
import { sha256 } from "../../../runtime/kernel/digest.ts";
import type { ValidModule } from "../../../runtime/validate/module.ts";
import { Random } from "../random.ts";
import { type Driven, paysForMore } from "./drive.ts";
import { type Ending, PLENTY, type Running, type Subject } from "./subject.ts";
import { subjectsOf } from "./subjects.ts";

export interface Difference {
  /** The tier and what differs: the same finding has the same signature. */
  readonly signature: string;
  readonly tier: string;
  readonly lines: readonly string[];
}

export type Agreement =
  | {
      readonly kind: "agree";
      readonly returned: number;
      readonly trapped: number;
      readonly fuel: number;
      readonly carried: readonly string[];
    }
  | { readonly kind: "excluded"; readonly reason: string }
  | ({ readonly kind: "differ" } & Difference);

interface Step {
  readonly ending: Ending;
  readonly results: string;
  /** Units that were used. */
  readonly used: number;
}
interface Trace {
  readonly start: Ending;
  readonly steps: readonly Step[];
  readonly state: readonly (readonly [what: string, digest: string])[];
  /** See `Running`. */
  readonly carried?: string | undefined;
}

const RETURNED: Ending = { kind: "returned" };

/** `only`: the first tier and this one. */
export function compareTiers(valid: ValidModule, driven: Driven, seed: string, only?: string): Agreement {
  const all = subjectsOf(valid, driven);
  const subjects = only === undefined ? all : all.filter(({ name }, n) => n === 0 || name === only);
  const plenty = driven.calls.map(() => PLENTY);
  const first = subjects[0] as Subject;
  const expected = run(first, driven, plenty);
  const exhausted = exhaustion(expected);
  if (exhausted !== undefined) return { kind: "excluded", reason: exhausted };
  const carried: string[] = [];
  for (const subject of subjects.slice(1)) {
    const found = run(subject, driven, plenty);
    if (found.carried !== undefined) carried.push(found.carried);
    const full = exhaustion(found);
    if (full !== undefined) return { kind: "excluded", reason: full };
    const difference = differenceOf(subject, expected, found, driven);
    if (difference !== undefined) return { kind: "differ", ...difference };
  }
  const random = new Random(`fuel ${seed}`);
  const tanks = expected.steps.map(({ used }) => (random.chance(0.6) ? random.below(Math.max(1, used)) : PLENTY));
  const short = run(first, driven, tanks);
  for (const subject of subjects.slice(1).filter(({ fuel }) => fuel === "exact")) {
    const difference = differenceOf(subject, short, run(subject, driven, tanks), driven);
    if (difference !== undefined) {
      return { kind: "differ", ...difference, signature: `short of fuel, ${difference.signature}` };
    }
  }
  const count = (kind: Ending["kind"]) => expected.steps.filter(({ ending }) => ending.kind === kind).length;
  const fuel = expected.steps.reduce((sum, { used }) => sum + used, 0);
  return { kind: "agree", returned: count("returned"), trapped: count("trap") + count("exception"), fuel, carried };
}

function exhaustion({ start, steps }: Trace): string | undefined {
  const found = [start, ...steps.map(({ ending }) => ending)].find(({ kind }) => kind === "exhausted");
  return found?.kind === "exhausted" ? found.what : undefined;
}

function run(subject: Subject, driven: Driven, tanks: readonly number[]): Trace {
  const running = subject.start();
  if (!("call" in running)) return { start: running, steps: [], state: [] };
  const steps = driven.calls.map(({ bytes }, n): Step => {
    const tank = tanks[n] as number;
    running.fuel = tank;
    const ending = running.call(`call${n}`);
    const results = ending.kind === "returned" ? hex(running.memory("seen").subarray(0, bytes)) : "";
    return { ending, results, used: tank - running.fuel };
  });
  return { start: RETURNED, steps, state: stateOf(running, driven), carried: running.carried };
}

function stateOf(running: Running, driven: Driven): Trace["state"] {
  const state: (readonly [string, string])[] = [];
  for (let n = 0; n < driven.memories; n += 1) {
    const memory = running.memory(`m${n}`);
    state.push([`memory ${n}`, `${memory.length} bytes, ${sha256(memory)}`]);
  }
  for (const [n, ofFunctions] of driven.tables.entries()) {
    if (ofFunctions) state.push([`table ${n}`, running.table(n).join(" ")]);
  }
  state.push(["calls of the host", running.notes.join(", ")]);
  running.fuel = PLENTY;
  const { kind } = running.call("dump");
  state.push(["globals and tables", `${kind}, ${sha256(running.memory("seen"))}`]);
  return state;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

function differenceOf(subject: Subject, a: Trace, b: Trace, driven: Driven): Difference | undefined {
  const differ = (what: string, where: string, one: string, other: string): Difference => ({
    signature: `${subject.name}: ${what}`,
    tier: subject.name,
    lines: [`${subject.name}, ${where}`, `interpreter: ${one}`, `${subject.name}: ${other}`],
  });
  if (!same(a.start, b.start)) {
    return differ(`start, ${say(a.start)}, ${say(b.start)}`, "instantiation", say(a.start), say(b.start));
  }
  for (const [n, one] of a.steps.entries()) {
    const other = b.steps[n] as Step;
    const where = `call ${n} of function ${driven.calls[n]?.function}`;
    if (!same(one.ending, other.ending)) {
      return differ(`ending, ${say(one.ending)}, ${say(other.ending)}`, where, say(one.ending), say(other.ending));
    }
    if (one.results !== other.results) return differ("results", where, one.results, other.results);
    const enough = subject.fuel !== "block" || other.used >= one.used || paysForMore(driven.module);
    if (!enough || (subject.fuel === "exact" && one.used !== other.used)) {
      const kind = one.ending.kind === "returned" || one.ending.kind === "fuel" ? "" : `, ${say(one.ending)}`;
      return differ(`fuel${kind}`, where, `${one.used} units, ${say(one.ending)}`, `${other.used} units`);
    }
  }
  for (const [n, [what, digest]] of a.state.entries()) {
    const found = b.state[n]?.[1] ?? "";
    if (digest !== found) return differ(what.replace(/ \d+$/, ""), `${what} at the end`, digest, found);
  }
  return undefined;
}

function same(a: Ending, b: Ending): boolean {
  if (a.kind === "exception") return b.kind === "exception" && a.tag === b.tag;
  if (a.kind !== "trap" || b.kind !== "trap") return a.kind === b.kind;
  return a.wordings.some((one) => b.wordings.some((two) => one.startsWith(two)));
}

function say(ending: Ending): string {
  if (ending.kind === "trap") return `trap (${ending.wordings.join(" or ")})`;
  return ending.kind === "exception" ? `exception ${ending.tag}` : ending.kind;
}
