/**
 * Canonical JSON for everything of ours that is signed or hashed (RFC 8785 as far as our documents go): no white space,
 * keys sorted by UTF-16 code units, numbers only where JavaScript prints them the same everywhere.
 * TUF metadata is not written by this: its canonical form is the library's.
 */
import { assert } from "./assert.ts";

export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    assert(Number.isFinite(value), "a number in a canonical document is finite");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  assert(typeof value === "object", `a canonical document holds JSON values only, not ${typeof value}`);
  const fields = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, one]) => `${JSON.stringify(name)}:${canonicalJson(one)}`);
  return `{${fields.join(",")}}`;
}
