/**
 * Deltas: a target as zstd (RFC 8878) with an older target as its dictionary. Both ends know this file: the publisher
 * makes deltas for the last releases, the board applies one when it still has the old bytes. The signed record says
 * how long the delta is and what it hashes to, so a decoder only ever sees bytes that the publisher made; what comes
 * out is held against the target's own length and hash by whoever asked. A delta is never the only way to a target.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { type Sha256, sha256Hex } from "../runtime/kernel/brand.ts";
import { sha256 } from "../runtime/kernel/digest.ts";
import { reasonOf } from "../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../runtime/kernel/result.ts";
import { array, type Infer, integer, object, parseShape } from "../runtime/kernel/shape.ts";
import { fault } from "./faults.ts";

/** Deltas to one target, at most: one for each older release that a board may still run. */
export const DELTAS_MAX = 8;
const LEVEL = 19;
/** Bounds of the window's logarithm that the format knows and that decoders take without being asked. */
const WINDOW_LOG_MIN = 10;
const WINDOW_LOG_MAX = 27;

export const deltaShape = object({
  /** The bytes it starts from. */
  from: sha256Hex,
  /** The delta's own length in bytes, and its hash. */
  length: integer({ min: 1, max: 64 * 1024 * 1024 }),
  sha256: sha256Hex,
});
export type Delta = Infer<typeof deltaShape>;

const deltasShape = array(deltaShape, { max: DELTAS_MAX });

/** The deltas that a target's signed custom metadata lists (`custom.deltas`); none where that is no such list. */
export function deltasOf(custom: unknown): readonly Delta[] {
  if (typeof custom !== "object" || custom === null || !Object.hasOwn(custom, "deltas")) return [];
  const parsed = parseShape(deltasShape, (custom as { deltas: unknown }).deltas, "a target's deltas");
  return parsed.ok ? parsed.value : [];
}

/** Where a delta lies in the tree of targets: named by what it leads to and what it starts from. */
export function deltaPath(to: Sha256, from: Sha256): string {
  return `deltas/${to}/${from}.zst`;
}

export function isDelta(path: string): boolean {
  return path.startsWith("deltas/");
}

/** A delta and its record, or undefined when fetching it would not be cheaper than fetching the target. */
export function makeDelta(
  from: Uint8Array,
  to: Uint8Array,
): { readonly delta: Delta; readonly bytes: Uint8Array } | undefined {
  const bytes = zstdCompressSync(to, {
    dictionary: from,
    params: {
      [constants.ZSTD_c_compressionLevel]: LEVEL,
      [constants.ZSTD_c_windowLog]: windowLog(from.byteLength, to.byteLength),
      [constants.ZSTD_c_enableLongDistanceMatching]: 1,
      // The target's hash is signed and checked; a second checksum would be paid by every board.
      [constants.ZSTD_c_checksumFlag]: 0,
    },
  });
  if (bytes.byteLength >= to.byteLength) return undefined;
  return { delta: { from: sha256(from), length: bytes.byteLength, sha256: sha256(bytes) }, bytes };
}

/** Memory that applying a delta takes beside the delta itself, in bytes: old bytes, window, new bytes. */
export function deltaMemory(from: number, to: number): number {
  return from + 2 ** windowLog(from, to) + to;
}

/**
 * The target's bytes, not yet held against its hash; output beyond `length` is never made. Refuses with UPDATE_DELTA:
 * a delta that is not what was signed, or that does not decode to exactly `length` bytes.
 */
export function applyDelta(from: Uint8Array, delta: Delta, bytes: Uint8Array, length: number): Result<Uint8Array> {
  const refuse = (reason: string, cause?: unknown) => err(fault("UPDATE_DELTA", { from: delta.from, reason }, cause));
  if (bytes.byteLength !== delta.length) return refuse(`it has ${bytes.byteLength} bytes, signed are ${delta.length}`);
  const actual = sha256(bytes);
  if (actual !== delta.sha256) return refuse(`its SHA-256 is ${actual}, signed is ${delta.sha256}`);
  try {
    const made = zstdDecompressSync(bytes, {
      dictionary: from,
      maxOutputLength: Math.max(1, length),
      params: { [constants.ZSTD_d_windowLogMax]: windowLog(from.byteLength, length) },
    });
    if (made.byteLength !== length) return refuse(`it makes ${made.byteLength} bytes, the target has ${length}`);
    return ok(new Uint8Array(made.buffer, made.byteOffset, made.byteLength));
  } catch (error) {
    return refuse(reasonOf(error), error);
  }
}

/** A window that reaches from the end of the new bytes back to the beginning of the old ones. */
function windowLog(from: number, to: number): number {
  const needed = Math.ceil(Math.log2(Math.max(1, from + to)));
  return Math.min(WINDOW_LOG_MAX, Math.max(WINDOW_LOG_MIN, needed));
}
