/**
 * JSON in which nothing hides: no name twice in one object, no byte order mark, nesting bounded before anything is built.
 * `JSON.parse` takes the last of two equal names where another reader takes the first, so one signed or unsigned text
 * would say two things (RFC 8259 section 4 leaves it open). Order of names and white space stay free.
 */
import { fromUtf8 } from "../runtime/kernel/bytes.ts";
import type { Fault } from "../runtime/kernel/fault.ts";
import { reasonOf } from "../runtime/kernel/fault.ts";
import { err, type Result } from "../runtime/kernel/result.ts";
import { parseShape, type Shape, fault as shapeFault } from "../runtime/kernel/shape.ts";

/** Provenance with a whole GitHub event inside nests about 20 deep. */
export const JSON_DEPTH_MAX = 64;

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Bytes to typed value, as the kernel's `parseJson`. Refuses with SHAPE_TOO_LARGE, SHAPE_NOT_JSON, SHAPE_MISMATCH. */
export function parseStrictJson<T>(
  shape: Shape<T>,
  bytes: Uint8Array,
  what: string,
  maxBytes: number,
): Result<T, Fault> {
  if (bytes.byteLength > maxBytes) {
    return err(shapeFault("SHAPE_TOO_LARGE", { what, size: bytes.byteLength, max: maxBytes }));
  }
  const refuse = (reason: string, cause?: unknown) => err(shapeFault("SHAPE_NOT_JSON", { what, reason }, cause));
  const text = fromUtf8(bytes);
  if (text === undefined) return refuse("it is not UTF-8");
  const ambiguous = ambiguityOf(text);
  if (ambiguous !== undefined) return refuse(ambiguous);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(reasonOf(error), error);
  }
  return parseShape(shape, value, what);
}

/** What makes the text say two things or nest too deep, if anything. Whether it is JSON at all is asked afterwards. */
function ambiguityOf(text: string): string | undefined {
  /** The names seen in each open object; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === OPEN_OBJECT || char === OPEN_ARRAY) {
      if (open.length === JSON_DEPTH_MAX) return `it nests deeper than ${JSON_DEPTH_MAX}`;
      open.push(char === OPEN_OBJECT ? new Set() : undefined);
    } else if (char === CLOSE_OBJECT || char === CLOSE_ARRAY) open.pop();
    else if (char === QUOTE) {
      const end = closingQuote(text, at + 1);
      if (end < 0) return undefined;
      const names = open.at(-1);
      if (names !== undefined && isName(text, end + 1)) {
        const name = nameIn(text.slice(at, end + 1));
        if (names.has(name)) return `an object has ${JSON.stringify(name.slice(0, 60))} twice`;
        names.add(name);
      }
      at = end;
    }
  }
  return undefined;
}

/** The next quote with an even number of backslashes before it, or -1. */
function closingQuote(text: string, from: number): number {
  for (let end = text.indexOf('"', from); end >= 0; end = text.indexOf('"', end + 1)) {
    let before = end;
    while (before > from && text.charCodeAt(before - 1) === BACKSLASH) before -= 1;
    if ((end - before) % 2 === 0) return end;
  }
  return -1;
}

function isName(text: string, after: number): boolean {
  let at = after;
  while (" \t\r\n".includes(text.charAt(at)) && at < text.length) at += 1;
  return text.charCodeAt(at) === COLON;
}

/** `"\u0061"` is the name `a` as well. */
function nameIn(quoted: string): string {
  if (!quoted.includes("\\")) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted; // Not JSON, as will be found.
  }
}
