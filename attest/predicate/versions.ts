/**
 * Versions of other people's packages, compared as far as all of them agree: numbers between dots, then a suffix.
 * Whether 1.2.3-r4 comes before or after 1.2.3 depends on who packaged it, so with equal numbers and unequal suffixes the
 * order is unknown; the caller decides whom that favours.
 */

/** `yes`, `no`, or `unknown` where the two cannot be compared. */
export type Answer = "yes" | "no" | "unknown";

const CHARS_MAX = 200;
/** What follows is no further number, and no epoch (`1:2.0`, `1!2.0`). */
const NUMBERS = /^\d{1,18}(?:\.\d{1,18}){0,7}(?![\d.:!])/;
const RANGE = /^(<=|>=|<|>)(.+)$/s;

/** Wild cards and signs of other languages (`1.x`, `^1.2`) would name a version that nothing has. */
const EXACT = /^(?!(?:.*\.)?x(?:\.|$))[A-Za-z0-9][A-Za-z0-9.+:!~_-]*$/i;

export function isExactVersion(text: string): boolean {
  return text.length <= CHARS_MAX && EXACT.test(text);
}

/** An exact version, or comparisons that must all hold, with spaces between: `>=2.0 <2.17.1`. */
export function isVersionRange(text: string): boolean {
  if (isExactVersion(text)) return true;
  const bounds = text.length > CHARS_MAX ? [] : text.split(" ").map((one) => RANGE.exec(one)?.[2]);
  return bounds.length > 0 && bounds.every((one) => one !== undefined && NUMBERS.exec(plain(one))?.[0] === plain(one));
}

/** The range was found good by `isVersionRange`; without a version nothing is known. */
export function isWithin(version: string | undefined, range: string): Answer {
  if (version === undefined) return "unknown";
  if (RANGE.exec(range) === null) return plain(version) === plain(range) ? "yes" : "no";
  const answers = range.split(" ").map((one) => satisfies(version, one));
  if (answers.includes("no")) return "no";
  return answers.includes("unknown") ? "unknown" : "yes";
}

function satisfies(version: string, comparison: string): Answer {
  const [, operator = "", bound = ""] = RANGE.exec(comparison) ?? [];
  const order = compare(plain(version), plain(bound));
  if (order === undefined) return "unknown";
  const holds = order === 0 ? operator.endsWith("=") : operator.startsWith("<") === order < 0;
  return holds ? "yes" : "no";
}

function compare(a: string, b: string): number | undefined {
  const left = numbersOf(a);
  const right = numbersOf(b);
  if (left === undefined || right === undefined) return undefined;
  const [mine, other] = [left.split(".").map(BigInt), right.split(".").map(BigInt)];
  for (let index = 0; index < Math.max(mine.length, other.length); index += 1) {
    const [one, two] = [mine[index] ?? 0n, other[index] ?? 0n];
    if (one !== two) return one < two ? -1 : 1;
  }
  return a.slice(left.length) === b.slice(right.length) ? 0 : undefined;
}

function numbersOf(version: string): string | undefined {
  if (version.length > CHARS_MAX) return undefined;
  const numbers = NUMBERS.exec(version)?.[0];
  // 4c76bb5 is a commit, not the fourth version.
  const isCommit = numbers !== undefined && !numbers.includes(".") && /^[a-z]/i.test(version.slice(numbers.length));
  return isCommit ? undefined : numbers;
}

/** Go and many tags write v1.2.3. */
const plain = (text: string) => text.replace(/^v(?=\d)/i, "");
