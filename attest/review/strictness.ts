/**
 * Is one requirement at least as strict as another: does every release that meets it meet the other as well? Decided
 * field by field. A field whose direction is not known here has to be equal, so the answer is "no" rather than wrong.
 */
import { unreachable } from "../../runtime/kernel/assert.ts";
import { isNamed, type NamedIdentity } from "../identity.ts";
import { partiesMeet } from "../overlap.ts";
import { type Party, type Quorum, quorumOf } from "../parties.ts";
import type { Policy } from "../policy.ts";
import { beyond, type Effect, same } from "./change.ts";
import type { Asked } from "./finding.ts";
import { covers } from "./overlap.ts";

/** How a field narrows. Absent means that nothing is asked, but where `otherwise` gives what it stands for. */
export type Direction =
  | "any-of" // fewer is stricter
  | "all-of" // more is stricter
  | "excused" // more is looser
  | "at-most" // less is stricter
  | "at-least" // more is stricter
  | "asked" // true is stricter
  | "lenient" // true is looser
  | "refuse-first" // `allow` is looser
  | "inside"; // by its own fields

export const DIRECTIONS: Readonly<Record<string, Direction>> = {
  builders: "any-of",
  sources: "any-of",
  buildTypes: "any-of",
  refs: "any-of",
  predicateTypes: "any-of",
  verifiers: "any-of",
  purls: "any-of",
  packageIds: "any-of",
  scanners: "any-of",
  formats: "any-of",
  levels: "all-of",
  attributes: "all-of",
  configurations: "all-of",
  tests: "all-of",
  fields: "all-of",
  forbid: "all-of",
  components: "all-of",
  licences: "inside",
  allow: "any-of",
  deny: "all-of",
  unknown: "refuse-first",
  parameters: "all-of",
  workflowInputs: "all-of",
  except: "excused",
  mayFail: "excused",
  maxAgeDays: "at-most",
  maxVerifiedAgeDays: "at-most",
  scannedWithinDays: "at-most",
  maxSeverity: "at-most",
  level: "at-least",
  tagIsVersion: "asked",
  bindVersion: "asked",
  about: "asked",
  warnings: "lenient",
};

/** What a field that is left out stands for, where that is not "nothing is asked". */
const OTHERWISE: Readonly<Record<string, unknown>> = { bindVersion: true, about: "release" };
const SEVERITIES = ["none", "low", "medium", "high", "critical"];

export function fieldOf(asked: object, name: string): unknown {
  return Object.entries(asked).find(([key]) => key === name)?.[1] ?? OTHERWISE[name];
}

/** Is `a` at least as strict as `b` in this field? */
export function isStrict(name: string, a: unknown, b: unknown): boolean {
  if (same(a, b)) return true;
  const direction = DIRECTIONS[name];
  switch (direction) {
    case undefined:
      return false;
    case "any-of":
      return b === undefined || (a !== undefined && beyond(itemsOf(b), itemsOf(a)).length === 0);
    case "all-of":
      return beyond(itemsOf(a), itemsOf(b)).length === 0;
    case "excused":
      return beyond(itemsOf(b), itemsOf(a)).length === 0;
    case "at-most":
      return b === undefined || (a !== undefined && rank(a) <= rank(b));
    case "at-least":
      return b === undefined || (a !== undefined && rank(a) >= rank(b));
    case "asked":
      return a === true || a === "release" || b === undefined || b === false || b === "module";
    case "lenient":
      return a !== true || b === true;
    case "refuse-first":
      return a !== "allow" || b === "allow";
    case "inside":
      return b === undefined || (isObject(a) && isObject(b) && isStrictInside(a, b));
    default:
      return unreachable(direction);
  }
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

function isStrictInside(a: object, b: object): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => isStrict(name, fieldOf(a, name), fieldOf(b, name)));
}

/** The items of a list, the entries of a map, nothing of nothing. */
export function itemsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === "object" && value !== null
    ? Object.entries(value).map(([name, one]) => ({ [name]: one }))
    : [];
}

function rank(value: unknown): number {
  const place = SEVERITIES.indexOf(String(value));
  return place >= 0 ? place : Number(value);
}

const SIGNERS: readonly string[] = ["identities", "keys", "parties", "threshold", "layout"];

export interface Side {
  readonly asked: Asked;
  readonly policy: Policy;
}

/** Does whatever meets `a` meet `b`? */
export function implies(a: Side, b: Side): boolean {
  return a.asked.type === b.asked.type && signersImply(a, b) && fieldsOf(a, b).every((name) => strictIn(name, a, b));
}

export function fieldsOf(a: Side, b: Side): readonly string[] {
  const names = new Set([...Object.keys(a.asked), ...Object.keys(b.asked)]);
  return [...names].filter((name) => name !== "type" && !SIGNERS.includes(name));
}

export function strictIn(name: string, a: Side, b: Side): boolean {
  return isStrict(name, fieldOf(a.asked, name), fieldOf(b.asked, name));
}

/**
 * Every k of the first's parties hold enough of the second's, each party of the first within one of the second that no
 * other comes before: a signer counts for the first that names it.
 */
export function signersImply(a: Side, b: Side): boolean {
  const [first, second] = [a, b].map(({ asked, policy }) => {
    const named = asked.parties === undefined ? asked : { ...asked, parties: [...new Set(asked.parties)] };
    return quorumOf(named, policy.parties ?? []);
  });
  if (first === undefined || second === undefined) return false;
  const unnamed = ({ parties, threshold }: Quorum) => [threshold, parties.map(({ name: _, ...one }) => one)];
  if (same(unnamed(first), unnamed(second))) return true;
  const free = new Set(second.parties);
  let within = 0;
  for (const party of first.parties) {
    const place = second.parties.find((one) => partiesMeet(party, one));
    if (place === undefined || !isWithin(party, place) || !free.delete(place)) continue;
    within += 1;
  }
  return first.threshold - (first.parties.length - within) >= second.threshold;
}

function isWithin(party: Party, other: Party): boolean {
  return (
    party.identities.every((one) => other.identities.some((wide) => holds(wide, one))) &&
    party.keyIds.every((one) => other.keyIds.includes(one))
  );
}

function holds(wide: NamedIdentity, narrow: NamedIdentity): boolean {
  if (covers(wide, narrow)) return true;
  return (
    narrow.subject !== undefined &&
    isNamed({ issuer: narrow.issuer, subject: narrow.subject }, [wide], narrow.certificate)
  );
}

/** Which way a change from old to new goes, if each side may be at least as strict as the other. */
export function effectOf(newHolds: boolean, oldHolds: boolean): Effect {
  if (newHolds && oldHolds) return "neutral";
  if (newHolds) return "narrower";
  return oldHolds ? "wider" : "both";
}
