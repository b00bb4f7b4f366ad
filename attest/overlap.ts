/**
 * Could one signer be two of those that a policy names? Answered so that "no" can be relied on: two patterns that nobody
 * can tell apart from here may both name the same one.
 */
import type { NamedIdentity } from "./identity.ts";
import type { Party } from "./parties.ts";
import { matchesPattern } from "./pattern.ts";

/** False only if no certificate is named by both. */
export function mayBeBoth(one: NamedIdentity, other: NamedIdentity): boolean {
  if (one.issuer !== other.issuer || contradict(one, other)) return false;
  const { subject, subjectPattern = "" } = one;
  if (subject !== undefined) return isOf(subject, other);
  return other.subject === undefined
    ? patternsMeet(subjectPattern, other.subjectPattern ?? "")
    : isOf(other.subject, one);
}

/** False only if no signer stands for both. */
export function partiesMeet(one: Party, other: Party): boolean {
  return (
    one.keyIds.some((keyId) => other.keyIds.includes(keyId)) ||
    one.identities.some((mine) => other.identities.some((theirs) => mayBeBoth(mine, theirs)))
  );
}

function isOf(name: string, { subject, subjectPattern = "" }: NamedIdentity): boolean {
  return subject === undefined ? matchesPattern(name, subjectPattern) : subject === name;
}

/** They ask a certificate for different values of one fact. */
function contradict({ certificate: one = {} }: NamedIdentity, { certificate: other = {} }: NamedIdentity): boolean {
  return Object.entries(one).some(([name, value]) => other[name] !== undefined && other[name] !== value);
}

function patternsMeet(one: string, other: string): boolean {
  const [mine, theirs] = [one.split("/"), other.split("/")];
  return mine.length === theirs.length && mine.every((part, index) => partsMeet(part, theirs[index] ?? ""));
}

function partsMeet(one: string, other: string): boolean {
  const [mine, theirs] = [one, other].map((part) => (part.endsWith("*") ? part.slice(0, -1) : part)) as [
    string,
    string,
  ];
  if (one === mine && other === theirs) return one === other;
  if (one === mine) return one.startsWith(theirs);
  return other === theirs ? other.startsWith(mine) : mine.startsWith(theirs) || theirs.startsWith(mine);
}
