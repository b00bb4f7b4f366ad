/** A target's entry as an attacker writes it: the truth about bytes that nobody asked for. */
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import type { Entry } from "../../unit/updater/site.ts";

export function entry(text: string, custom?: Entry["custom"]): Entry {
  const bytes = utf8(text);
  return { length: bytes.byteLength, hashes: { sha256: sha256(bytes) }, ...(custom === undefined ? {} : { custom }) };
}
