/**
 * How bad a vulnerability is, in the five words of CVSS 3 (first.org, specification section 5). Scanners say it in words
 * of their own or as a score; of several statements the worst counts, and what cannot be read counts as critical.
 */

export const SEVERITIES = ["none", "low", "medium", "high", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

const WORDS: ReadonlyMap<string, Severity> = new Map([
  ...SEVERITIES.map((one) => [one, one] as const),
  ["negligible", "low"],
  ["moderate", "medium"],
  ["important", "high"],
]);
const SCORE = /^(?:10|\d)(?:\.\d{1,2})?$/;

/** Of a scoring method whose scores are those of CVSS. */
export function severityOfScore(score: string): Severity {
  if (!SCORE.test(score)) return "critical";
  const value = Number(score);
  if (value === 0) return "none";
  if (value < 4) return "low";
  if (value < 7) return "medium";
  return value < 9 ? "high" : "critical";
}

export const severityOfWord = (word: string): Severity => WORDS.get(word.trim().toLowerCase()) ?? "critical";

/** As in-toto's `severity` has them. An EPSS score says how likely an attack is, not how bad it would be: passed over. */
export function severityOf(statements: readonly { readonly method: string; readonly score: string }[]): Severity {
  const read = statements
    .filter(({ method }) => !/^epss/i.test(method))
    .map(({ method, score }) =>
      /^(?:cvss|nvd)/i.test(method) && SCORE.test(score) ? severityOfScore(score) : severityOfWord(score),
    );
  return worst(read) ?? "critical";
}

export function isAbove(severity: Severity, max: Severity): boolean {
  return SEVERITIES.indexOf(severity) > SEVERITIES.indexOf(max);
}

function worst(all: readonly Severity[]): Severity | undefined {
  return SEVERITIES.toReversed().find((one) => all.includes(one));
}
