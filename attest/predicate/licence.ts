/**
 * SPDX licence expressions (SPDX 2.3, annex D) against an owner's lists. Each licence is allowed, denied or unknown, and
 * AND, OR and parentheses combine these as in logic: of an OR one licence may be chosen, of an AND all must be kept. What
 * cannot be read is unknown. Names are compared without regard to ASCII case.
 */

/** `allowed`: may be kept; `denied`: not; `unknown`: it is not said, or not in words that the lists can answer. */
export type Standing = "allowed" | "denied" | "unknown";

export interface LicenceLists {
  /** Nothing else is allowed. Without it, all is that is not denied. */
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

const CHARS_MAX = 4000;
const TOKENS_MAX = 400;
const DEPTH_MAX = 32;
const TOKEN = /\s*(\(|\)|[A-Za-z0-9.+:-]+)/y;
/** Until SPDX 3.0 the GNU licences were also written without saying whether later versions count. */
const GNU = /^((?:a|l)?gpl-\d\.\d|gfdl-\d\.\d)(\+)?$/;

/** Judges by the given lists; what it was asked once it knows. */
export function createLicenceJudge(lists: LicenceLists): {
  /** An SPDX licence expression. */
  standing(expression: string): Standing;
  /** A licence by a name of its own: only where a list has this name is anything known of it. */
  named(name: string): Standing;
} {
  const allow = lists.allow === undefined ? undefined : new Set(lists.allow.map(canonical));
  const deny = new Set((lists.deny ?? []).map(canonical));
  const listed = (name: string): Standing | undefined =>
    deny.has(name) ? "denied" : allow?.has(name) === true ? "allowed" : undefined;
  const leaf: Leaf = (licence, exception) => {
    // The most exact name decides: with its exception, then the licence, then the one that `+` extends.
    const names = exception === undefined ? [licence] : [`${licence} with ${exception}`, licence];
    if (licence.endsWith("+")) names.push(licence.slice(0, -1));
    const found = names.map(listed).find((one) => one !== undefined);
    if (found !== undefined) return found;
    const isPrivate = licence.includes("licenseref-") || licence === "noassertion" || licence === "none";
    if (isPrivate) return "unknown";
    return allow === undefined ? "allowed" : "denied";
  };
  const known = new Map<string, Standing>();
  return {
    standing(expression) {
      const before = known.get(expression);
      if (before !== undefined) return before;
      const standing = evaluate(expression, leaf) ?? "unknown";
      known.set(expression, standing);
      return standing;
    },
    named: (name) => listed(canonical(name)) ?? "unknown",
  };
}

/** Can the owner's list have this entry: one licence, with or without exception, or a name? */
export function canonical(text: string): string {
  const words = text.trim().toLowerCase().split(/\s+/);
  return words.map((one) => (GNU.test(one) ? gnu(one) : one)).join(" ");
}

const gnu = (id: string) =>
  id.replace(GNU, (_, base: string, later?: string) => `${base}${later === undefined ? "-only" : "-or-later"}`);

type Leaf = (licence: string, exception: string | undefined) => Standing;

/** Undefined for what is no expression. AND binds more than OR; WITH belongs to the licence before it. */
function evaluate(text: string, leaf: Leaf): Standing | undefined {
  const tokens = text.length > CHARS_MAX ? undefined : split(text);
  if (tokens === undefined) return undefined;
  let next = 0;
  const either = (depth: number): Standing | undefined => {
    let all = both(depth);
    while (all !== undefined && isWord(tokens[next], "or")) {
      next += 1;
      const other = both(depth);
      all = other === undefined ? undefined : best(all, other);
    }
    return all;
  };
  const both = (depth: number): Standing | undefined => {
    let all = one(depth);
    while (all !== undefined && isWord(tokens[next], "and")) {
      next += 1;
      const other = one(depth);
      all = other === undefined ? undefined : worst(all, other);
    }
    return all;
  };
  const one = (depth: number): Standing | undefined => {
    const token = tokens[next];
    next += 1;
    if (token === "(") {
      const inner = depth < DEPTH_MAX ? either(depth + 1) : undefined;
      const isClosed = tokens[next] === ")";
      next += 1;
      return isClosed ? inner : undefined;
    }
    if (token === undefined || !isName(token)) return undefined;
    if (!isWord(tokens[next], "with")) return leaf(canonical(token), undefined);
    const exception = tokens[next + 1];
    next += 2;
    return exception !== undefined && isName(exception) ? leaf(canonical(token), canonical(exception)) : undefined;
  };
  const whole = either(0);
  return next === tokens.length ? whole : undefined;
}

function split(text: string): readonly string[] | undefined {
  const tokens: string[] = [];
  const trimmed = text.trimEnd();
  let at = 0;
  while (at < trimmed.length) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(trimmed);
    if (found?.[1] === undefined || tokens.length === TOKENS_MAX) return undefined;
    tokens.push(found[1]);
    at = TOKEN.lastIndex;
  }
  return tokens.length === 0 ? undefined : tokens;
}

const WORDS: readonly string[] = ["and", "or", "with"];
/** Operators are written all in capitals, since SPDX 3.0 also all in small letters. */
const isWord = (token: string | undefined, word: string) => token === word || token === word.toUpperCase();
const isName = (token: string) => /^[A-Za-z0-9]/.test(token) && !WORDS.some((one) => isWord(token, one));

function best(a: Standing, b: Standing): Standing {
  if (a === "allowed" || b === "allowed") return "allowed";
  return a === "unknown" || b === "unknown" ? "unknown" : "denied";
}

function worst(a: Standing, b: Standing): Standing {
  if (a === "denied" || b === "denied") return "denied";
  return a === "unknown" || b === "unknown" ? "unknown" : "allowed";
}
