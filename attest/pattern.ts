/**
 * The one pattern an owner may write instead of a signer's name: a URI in which `*` may stand at the end of a path
 * component, for one or more letters, digits, `.`, `_`, `-`, `+` or `~` of that component. It is matched from the first
 * character to the last, so it has no prefix and no regular expression to get wrong. Scheme, host and the first path
 * component are always literal: on every public forge that component is the tenant, and `acme*` is also `acme-evil`.
 */

const STARS_MAX = 4;
const LITERAL_URI = /^[a-z][a-z0-9+.-]{0,31}:$/;
/** Neither `/`, `@`, `%`, `?` nor `#`: a tag cannot become a branch, nor a file another file. */
const FILLER = /^[A-Za-z0-9._+~-]+$/;

/** Is `text` a pattern of this language, with at least one `*`? */
export function isSubjectPattern(text: string): boolean {
  if (!/^[\x21-\x7e]+$/.test(text)) return false;
  const [scheme = "", empty, host = "", tenant = "", ...rest] = text.split("/");
  const literal = [host, tenant].every((one) => one.length > 0 && !one.includes("*"));
  if (!LITERAL_URI.test(scheme) || empty !== "" || !literal) return false;
  const stars = text.split("*").length - 1;
  // A star elsewhere than at the end of a component shows as a star in what stands before the end.
  return stars >= 1 && stars <= STARS_MAX && rest.every((one) => !one.slice(0, -1).includes("*"));
}

/** THE pattern check; `pattern` was found good by `isSubjectPattern`. */
export function matchesPattern(subject: string, pattern: string): boolean {
  if (!isSubjectPattern(pattern)) return false;
  const said = subject.split("/");
  const wanted = pattern.split("/");
  return said.length === wanted.length && wanted.every((one, index) => matchesComponent(said[index] ?? "", one));
}

function matchesComponent(said: string, wanted: string): boolean {
  if (!wanted.endsWith("*")) return said === wanted;
  const stem = wanted.slice(0, -1);
  // `.` and `..` would make another path of the rest.
  if (!said.startsWith(stem) || said === "." || said === "..") return false;
  return FILLER.test(said.slice(stem.length));
}
