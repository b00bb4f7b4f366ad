/**
 * What a log entry says beside what the log signed. Promise (Rekor version 1) and checkpoint are signed; the entry's
 * own index, time, root and size are not, and the library does not compare all of them. Each must agree with what is
 * signed, so that none can be changed alone.
 */
import type { TransparencyLogEntry } from "@sigstore/bundle";
import { base64, equalBytes, fromBase64 } from "../runtime/kernel/bytes.ts";

const HEAD_END = "\n\n";
/** C2SP signed-note: an em dash, a name without spaces, and base64 of key hint and signature. */
const SIGNATURE_LINE = /^\u2014 (\S{1,500}) (\S{1,16000})$/;
const SIGNATURES_MAX = 32;
const HINT_BYTES = 4;

/** For an entry that the library has verified: what in it is not signed and contradicts what is, if anything. */
export function unsignedInEntry(entry: TransparencyLogEntry): string | undefined {
  const { inclusionPromise, inclusionProof, integratedTime, logIndex, logId } = entry;
  // The promise is signed over time and index. Without it, the log of version 2 gives no time, and one index.
  if (inclusionPromise === undefined) {
    if (integratedTime !== "0") return "it names a time that the log did not sign";
    if (logIndex !== inclusionProof?.logIndex) return "it names an index that the log did not prove";
  }
  if (inclusionProof === undefined) return undefined;
  const { checkpoint, treeSize, rootHash } = inclusionProof;
  const note = checkpoint === undefined ? undefined : readNote(checkpoint.envelope);
  if (note === undefined) return "its checkpoint is not a signed note";
  const [origin = "", size, root] = note.lines;
  if (size !== treeSize || root !== base64(rootHash)) return "the inclusion proof and its checkpoint are of two trees";
  const hint = logId.keyId.subarray(0, HINT_BYTES);
  const own = note.signatures.filter((one) => equalBytes(one.bytes.subarray(0, HINT_BYTES), hint));
  // Rekor version 1 writes its tree's number behind its name.
  const isOwnName = (name: string) => origin === name || origin.startsWith(`${name} - `);
  return own.every(({ name }) => isOwnName(name))
    ? undefined
    : "the checkpoint is signed under another name than its own";
}

interface Note {
  readonly lines: readonly string[];
  /** The log's and its witnesses'. */
  readonly signatures: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/** The library picks what looks like a signature out of any text; here nothing else may stand there. */
function readNote(text: string): Note | undefined {
  const end = text.indexOf(HEAD_END);
  if (end < 0 || !text.endsWith("\n")) return undefined;
  const tail = text.slice(end + HEAD_END.length, -1).split("\n", SIGNATURES_MAX + 1);
  if (tail.length > SIGNATURES_MAX) return undefined;
  const signatures = tail.flatMap((line) => {
    const [, name = "", encoded = ""] = SIGNATURE_LINE.exec(line) ?? [];
    const bytes = fromBase64(encoded);
    return bytes === undefined || bytes.length <= HINT_BYTES ? [] : [{ name, bytes }];
  });
  return signatures.length === tail.length ? { lines: text.slice(0, end).split("\n"), signatures } : undefined;
}
