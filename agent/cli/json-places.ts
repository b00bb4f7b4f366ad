/**
 * Where in a JSON text the values are, by the paths that shapes use in their refusals (`evidence[0].builders[1]`), and
 * which keys an object has twice: a parser takes the last of them, a reader sees the first. For text that JSON.parse took.
 */
export interface Place {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export interface Places {
  /** Of the value at this path, or of the nearest thing around it that is there. */
  find(path: string): Place;
  /** Paths of keys that were there before in the same object. */
  readonly repeated: readonly string[];
}

interface Frame {
  readonly path: string;
  readonly keys: Set<string> | undefined;
  index: number;
  key: string;
}

/** Deeper values have the place of what is around them at this depth. */
const DEPTH_MAX = 32;

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g;

export function readPlaces(text: string): Places {
  const offsets = new Map<string, number>();
  const repeated: string[] = [];
  const stack: Frame[] = [];
  let expectsKey = false;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const top = stack.at(-1);
    if (token === "}" || token === "]") {
      stack.pop();
      expectsKey = false;
    } else if (token === ",") {
      if (top !== undefined) top.index += 1;
      expectsKey = top?.keys !== undefined;
    } else if (token === ":") expectsKey = false;
    else if (expectsKey && top?.keys !== undefined) {
      top.key = String(JSON.parse(token));
      if (top.keys.has(top.key)) repeated.push(inside(top));
      top.keys.add(top.key);
      offsets.set(inside(top), index);
    } else {
      const path = top === undefined ? "" : inside(top);
      if (top?.keys === undefined) offsets.set(path, index);
      if (token === "{" || token === "[") {
        const keys = token === "{" ? new Set<string>() : undefined;
        // A path of any length for each of very many brackets would be more than memory holds.
        stack.push({ path: stack.length < DEPTH_MAX ? path : "(deeper)", keys, index: 0, key: "" });
        expectsKey = keys !== undefined;
      }
    }
  }
  return {
    repeated,
    find(path) {
      for (let at = path; at !== ""; at = at.slice(0, Math.max(at.lastIndexOf("."), at.lastIndexOf("["), 0))) {
        const offset = offsets.get(at);
        if (offset !== undefined) return placeOf(text, offset);
      }
      return placeOf(text, offsets.get("") ?? 0);
    },
  };
}

/** The first word that JSON does not have, or the beginning. */
export function firstStranger(text: string): Place {
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (!/^["{}[\]:,]|^(?:true|false|null|-?\d[\d.eE+-]*)$/.test(token)) return placeOf(text, index);
  }
  return placeOf(text, 0);
}

function inside({ path, keys, index, key }: Frame): string {
  if (keys === undefined) return `${path}[${index}]`;
  return path === "" ? key : `${path}.${key}`;
}

function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - start + 1 };
}
