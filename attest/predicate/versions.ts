/**
 * Versions of other people's packages, compared as far as all of them agree: numbers between dots, then a suffix.
 * Whether 1.2.3-r4 comes before or after 1.2.3 depends on who packaged it, so with equal numbers and unequal suffixes the
 * order is unknown, and so is whether it is 1.2.3 at all; the caller decides whom that favours.
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

/** Reads `range` once for many versions; it was found good by `isVersionRange`. Without a version nothing is known. */
export function compileRange(range: string): (version: string | undefined) => Answer {
  const tests = range.split(" ").map((one) => {
    const [, operator = "=", bound = one] = RANGE.exec(one) ?? [];
    const wanted = readVersion(bound);
    return (version: Version) => satisfies(version, operator, wanted);
  });
  return (text) => {
    if (text === undefined) return "unknown";
    const version = readVersion(text);
    const answers = tests.map((one) => one(version));
    if (answers.includes("no")) return "no";
    return answers.includes("unknown") ? "unknown" : "yes";
  };
}

interface Version {
  readonly text: string;
  /** Padded to one length, so that they compare as text. Absent if it does not begin with numbers. */
  readonly numbers?: readonly string[];
}

function satisfies(version: Version, operator: string, bound: Version): Answer {
  if (version.text === bound.text) return operator.endsWith("=") ? "yes" : "no";
  const order = compareNumbers(version, bound);
  // Two commits that differ are two versions.
  if (order === undefined) return version.numbers === bound.numbers ? "no" : "unknown";
  if (order === 0) return isBare(version) && isBare(bound) ? (operator.endsWith("=") ? "yes" : "no") : "unknown";
  if (operator === "=") return "no";
  return operator.startsWith("<") === order < 0 ? "yes" : "no";
}

function compareNumbers({ numbers: mine }: Version, { numbers: other }: Version): number | undefined {
  if (mine === undefined || other === undefined) return undefined;
  for (let index = 0; index < Math.max(mine.length, other.length); index += 1) {
    const [one, two] = [mine[index] ?? ZERO, other[index] ?? ZERO];
    if (one !== two) return one < two ? -1 : 1;
  }
  return 0;
}

const DIGITS_MAX = 18;
const ZERO = "0".repeat(DIGITS_MAX);

function readVersion(written: string): Version {
  const text = plain(written);
  const numbers = text.length > CHARS_MAX ? undefined : NUMBERS.exec(text)?.[0];
  // 4c76bb5 is a commit, not the fourth version.
  const isCommit = numbers !== undefined && !numbers.includes(".") && /^[a-z]/i.test(text.slice(numbers.length));
  if (numbers === undefined || isCommit) return { text };
  return { text, numbers: numbers.split(".").map((one) => one.padStart(DIGITS_MAX, "0")) };
}

/** Numbers and nothing behind them. */
const isBare = ({ text }: Version) => NUMBERS.exec(text)?.[0] === text;

/** Go and many tags write v1.2.3. */
const plain = (text: string) => text.replace(/^v(?=\d)/i, "");
