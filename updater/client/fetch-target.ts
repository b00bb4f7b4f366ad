/**
 * A target's bytes: from the blob store, or from the repository's tree, where the length bounds the download and the
 * hash decides. The body is held in memory (the caller wants it there, and its length was signed), so bytes that were
 * not checked never touch the disk. Left out: resume, deltas, and any source but the target's own repository.
 */
import { sha256 } from "../../runtime/kernel/digest.ts";
import { fault } from "../faults.ts";
import { hashedPath } from "../layout.ts";
import type { Blobs } from "./blobs.ts";
import type { Source } from "./source.ts";
import type { Target } from "./view.ts";

export interface FetchInput {
  readonly source: Source;
  readonly blobs: Blobs;
  readonly consistentSnapshot: boolean;
  readonly bytesMax: number;
}

/** Throws a Fault. */
export async function fetchTarget(target: Target, input: FetchInput): Promise<Uint8Array> {
  const { path, length } = target;
  if (length > input.bytesMax) throw fault("UPDATE_TOO_LARGE", { what: path, size: length, max: input.bytesMax });
  const kept = input.blobs.read(target.sha256, length);
  if (kept !== undefined) return kept;

  const bytes = await input.source.target(input.consistentSnapshot ? hashedPath(path, target.sha256) : path, length);
  if (bytes.byteLength !== length) {
    throw fault("UPDATE_TARGET_LENGTH", { path, expected: length, actual: bytes.byteLength });
  }
  const actual = sha256(bytes);
  // THE TARGET-HASH CHECK: without this line whoever serves the bytes chooses them.
  if (actual !== target.sha256) throw fault("UPDATE_TARGET_HASH", { path, expected: target.sha256, actual });
  input.blobs.write(target.sha256, bytes);
  return bytes;
}
