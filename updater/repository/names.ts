/**
 * What people call keys: a signed field of root and targets metadata, id to name, so that owners read `anna` where the
 * metadata says 64 hex digits, and nobody can relabel a key on its way to the next signer.
 */

import { sha256Hex } from "../../runtime/kernel/brand.ts";
import { object, parseShape, record, refined, string } from "../../runtime/kernel/shape.ts";

export const NAMES_FIELD = "x-sallyport-names";

/** `[a-z0-9]` with inner dashes and dots, 1 to 40 characters. */
export const keyName = refined(
  string({ max: 40 }),
  (text) => /^[a-z0-9](?:[a-z0-9.-]{0,38}[a-z0-9])?$/.test(text),
  "a key's name ([a-z0-9.-], at most 40)",
);
const namesShape = object({ names: record(sha256Hex, keyName, { max: 400 }) });

export type Names = Readonly<Record<string, string>>;

/** The names that signed metadata gives; none where the field is not ours. */
export function namesIn(signed: { readonly unrecognizedFields: Record<string, unknown> } | undefined): Names {
  const parsed = parseShape(namesShape, { names: signed?.unrecognizedFields[NAMES_FIELD] ?? {} }, "names of keys");
  return parsed.ok ? parsed.value.names : {};
}

/** The field for metadata, with the names of the given keys only. */
export function namesField(names: Names, keyIds: readonly string[]): Record<string, Record<string, string>> {
  const kept: Record<string, string> = {};
  for (const keyId of [...new Set(keyIds)].sort()) {
    const name = Object.hasOwn(names, keyId) ? names[keyId] : undefined;
    if (name !== undefined) kept[keyId] = name;
  }
  return Object.keys(kept).length === 0 ? {} : { [NAMES_FIELD]: kept };
}
