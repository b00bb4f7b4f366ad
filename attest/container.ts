/**
 * The evidence file of a release, taken apart: one JSON document, or JSON Lines with an attestation a line (in-toto
 * attestation bundle, spec/v1/bundle.md). What the parts are worth is looked at elsewhere; here they are only counted
 * and bounded.
 */
import { fromUtf8 } from "../runtime/kernel/bytes.ts";
import type { Fault } from "../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../runtime/kernel/result.ts";
import { BUNDLE_BYTES_MAX } from "./bundle.ts";
import { fault } from "./faults.ts";

export const EVIDENCE_BYTES_MAX = BUNDLE_BYTES_MAX;
export const ITEMS_MAX = 16;

const LINE_FEED = 0x0a;

/**
 * The bytes of each part, in the order of the file. A file whose first line is a JSON document of its own is read line
 * by line; any other is one document, however it is indented. Refuses with ATTEST_BUNDLE_INVALID.
 */
export function splitEvidence(bytes: Uint8Array): Result<readonly Uint8Array[], Fault> {
  if (bytes.byteLength > EVIDENCE_BYTES_MAX) {
    return refuse(`it has ${bytes.byteLength} bytes, at most ${EVIDENCE_BYTES_MAX} are accepted`);
  }
  const end = bytes.indexOf(LINE_FEED);
  if (end < 0 || !isDocument(bytes.subarray(0, end))) return ok([bytes]);
  const lines = linesOf(bytes);
  if (lines.length > ITEMS_MAX) return refuse(`it has ${lines.length} lines, at most ${ITEMS_MAX} are accepted`);
  return ok(lines);
}

/** Empty lines do not count. */
function linesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0; start < bytes.byteLength && lines.length <= ITEMS_MAX; ) {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found < 0 ? bytes.byteLength : found;
    const line = bytes.subarray(start, end);
    if (line.some((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0d)) lines.push(line);
    start = end + 1;
  }
  return lines;
}

function isDocument(line: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(fromUtf8(line) ?? "");
    return typeof value === "object" && value !== null;
  } catch {
    return false; // The first line of a document that goes on.
  }
}

function refuse(reason: string): Result<never, Fault> {
  return err(fault("ATTEST_BUNDLE_INVALID", { reason }));
}
