/**
 * Is it the same source? Builders write one repository as `git+https://host/team/app@refs/tags/v1`, `git+https://…` or
 * `https://…`. Two things are taken off before two of them are compared: a leading `git+`, and a git ref that follows
 * `@` in the path, which is compared by itself. Nothing else: no case, no `.git`, no closing slash, no percent encoding,
 * no port; the rest must be equal to the last letter, so that `acme/app` is never `acme/app-evil`.
 */

export interface Source {
  /** Without `git+` and ref; for comparison. */
  readonly repository: string;
  /** E.g. `refs/heads/main`. */
  readonly ref?: string;
}

export function parseSource(uri: string): Source {
  const plain = uri.startsWith("git+") ? uri.slice(4) : uri;
  const at = refAt(plain);
  return at < 0 ? { repository: plain } : { repository: plain.slice(0, at), ref: plain.slice(at + 1) };
}

/** The same URI without its ref, otherwise as it was written. */
export function withoutRef(uri: string): string {
  const at = refAt(uri);
  return at < 0 ? uri : uri.slice(0, at);
}

/** `wanted` may name a ref; then it must be that one. */
export function isSource(found: Source, wanted: Source): boolean {
  if (found.repository !== wanted.repository) return false;
  return wanted.ref === undefined || wanted.ref === found.ref;
}

/** The first `@refs/` of the path: a branch may itself be called `x@refs/tags/v1`. User names stand before the path. */
function refAt(uri: string): number {
  const scheme = uri.indexOf("://");
  const path = scheme < 0 ? -1 : uri.indexOf("/", scheme + 3);
  return path < 0 ? -1 : uri.indexOf("@refs/", path);
}
