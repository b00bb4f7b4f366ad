/** Names and patterns as sets of those they stand for: signers and builders. */
import type { NamedIdentity } from "../identity.ts";
import { isSubjectPattern, matchesPattern } from "../pattern.ts";

/** Does the first name every signer that the second names? Facts of the certificate only narrow. */
export function covers(wide: NamedIdentity, narrow: NamedIdentity): boolean {
  if (wide.issuer !== narrow.issuer) return false;
  if (wide.certificate !== undefined && JSON.stringify(wide.certificate) !== JSON.stringify(narrow.certificate))
    return false;
  if (wide.subject !== undefined) return wide.subject === narrow.subject;
  if (wide.subjectPattern === undefined) return false;
  if (wide.subjectPattern === narrow.subjectPattern) return true;
  return narrow.subject !== undefined && matchesPattern(narrow.subject, wide.subjectPattern);
}

/** Can these two, each an id or a pattern, name the same builder? Of two patterns that is taken for granted. */
export function mayMeet(one: string, other: string): boolean {
  const patterns = [one, other].map(isSubjectPattern);
  return one === other || patterns.every(Boolean) || matchesPattern(one, other) || matchesPattern(other, one);
}
