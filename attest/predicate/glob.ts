/**
 * Patterns over artifact names as in-toto's reference has them, which is Python's fnmatch: `*` for any characters, also
 * `/` and a leading dot, `?` for one, `[a-c]` and `[!a-c]` for one of a set; no character escapes another, and a bracket
 * that is never closed stands for itself. Matched by two cursors: at most the product of both lengths, never more.
 */

export const PATTERN_MAX = 200;

type Part = { readonly kind: "any" } | { readonly kind: "one"; readonly holds: (point: string) => boolean };

/** Compiles `pattern` once for many names. Characters are code points. */
export function compileGlob(pattern: string): (name: string) => boolean {
  const parts = partsOf([...pattern]);
  return (name) => matches(parts, [...name]);
}

function matches(parts: readonly Part[], name: readonly string[]): boolean {
  let at = 0;
  let part = 0;
  let star = -1;
  let starAt = 0;
  while (at < name.length) {
    const wanted = parts[part];
    if (wanted?.kind === "any") {
      star = part;
      starAt = at;
      part += 1;
    } else if (wanted?.holds(name[at] ?? "") === true) {
      at += 1;
      part += 1;
    } else if (star >= 0) {
      // Let the last star take one more; the stars before it need not be tried again.
      starAt += 1;
      at = starAt;
      part = star + 1;
    } else {
      return false;
    }
  }
  return parts.slice(part).every((one) => one.kind === "any");
}

function partsOf(points: readonly string[]): readonly Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < points.length; at += 1) {
    const point = points[at] ?? "";
    if (point === "*") {
      if (parts.at(-1)?.kind !== "any") parts.push({ kind: "any" });
      continue;
    }
    const end = point === "[" ? endOfSet(points, at + 1) : -1;
    if (end >= 0) {
      parts.push({ kind: "one", holds: setOf(points.slice(at + 1, end)) });
      at = end;
    } else {
      parts.push({ kind: "one", holds: point === "?" ? () => true : (one) => one === point });
    }
  }
  return parts;
}

/** Where the bracket closes; a `]` that comes first in the set is one of it. Negative if it never closes. */
function endOfSet(points: readonly string[], start: number): number {
  let at = start;
  if (points[at] === "!") at += 1;
  if (points[at] === "]") at += 1;
  return points.indexOf("]", at);
}

/** A range whose ends are the wrong way round holds nothing. */
function setOf(points: readonly string[]): (point: string) => boolean {
  const isNegated = points[0] === "!";
  const set = isNegated ? points.slice(1) : points;
  const ranges: (readonly [number, number])[] = [];
  for (let at = 0; at < set.length; at += 1) {
    const low = codeOf(set[at]);
    const isRange = set[at + 1] === "-" && at + 2 < set.length;
    ranges.push([low, isRange ? codeOf(set[at + 2]) : low]);
    if (isRange) at += 2;
  }
  return (point) => ranges.some(([low, high]) => low <= codeOf(point) && codeOf(point) <= high) !== isNegated;
}

const codeOf = (point: string | undefined) => point?.codePointAt(0) ?? -1;
