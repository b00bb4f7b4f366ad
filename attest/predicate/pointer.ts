/**
 * JSON pointers (RFC 6901): a path to one value of a JSON document. Only own fields are looked up, so that
 * `/constructor` or `/__proto__` finds what the document says and nothing that the language adds; an array is entered by
 * a plain index only. The member after the last (`-`) is never there.
 */

const CHARS_MAX = 1000;
const STEPS_MAX = 32;
const INDEX = /^(?:0|[1-9]\d{0,9})$/;
/** `~` stands only in `~0` (for `~`) and `~1` (for `/`). */
const POINTER = /^(?:\/(?:[^/~]|~[01])*)*$/;

/** Is `text` a pointer to something within a document: at most 1000 characters and 32 steps, and not empty? */
export function isPointer(text: string): boolean {
  return text.length > 0 && text.length <= CHARS_MAX && POINTER.test(text) && stepsOf(text).length <= STEPS_MAX;
}

/** What stands at `pointer`, or undefined. `null` is a value. The pointer was found good by `isPointer`. */
export function valueAt(document: unknown, pointer: string): unknown {
  let value = document;
  for (const step of stepsOf(pointer)) {
    if (typeof value !== "object" || value === null) return undefined;
    if (Array.isArray(value) && !INDEX.test(step)) return undefined;
    if (!Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return value;
}

function stepsOf(pointer: string): readonly string[] {
  // First ~1, then ~0: else `~01` would become a slash (section 4).
  return pointer
    .split("/")
    .slice(1)
    .map((one) => one.replaceAll("~1", "/").replaceAll("~0", "~"));
}
