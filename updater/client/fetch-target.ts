/**
 * A target's bytes: from the blob store, by a delta from bytes that are there, or whole from the repository's tree,
 * where the length bounds the download and the hash decides. Bytes go to the staging file as they arrive and are
 * hashed on the way; what an interrupted download left is continued. A delta that does not lead to the signed bytes
 * costs its own download and nothing else.
 */
import { sha256 } from "../../runtime/kernel/digest.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import { attempt, attemptSync, unwrap } from "../../runtime/kernel/result.ts";
import { applyDelta, type Delta, deltaMemory, deltaPath, deltasOf } from "../delta.ts";
import { fault } from "../faults.ts";
import { hashedPath } from "../layout.ts";
import type { Blobs } from "./blobs.ts";
import { type FetchLimits, memorySink, type Source } from "./source.ts";
import type { Stage } from "./staging.ts";
import type { Target } from "./view.ts";

export interface FetchInput {
  readonly source: Source;
  readonly blobs: Blobs;
  readonly consistentSnapshot: boolean;
  readonly limits: Pick<FetchLimits, "targetBytes" | "deltaMemoryBytes">;
  /** Deltas that were of use stay in the store, for neighbours. */
  readonly keepDeltas?: boolean;
  /** Told of a delta that was of no use. */
  onNotice?(why: Fault): void;
}

/** Throws a Fault. */
export async function fetchTarget(target: Target, input: FetchInput): Promise<Uint8Array> {
  const { path, length } = target;
  const { targetBytes } = input.limits;
  if (length > targetBytes) throw fault("UPDATE_TOO_LARGE", { what: path, size: length, max: targetBytes });
  return input.blobs.read(target.sha256, length) ?? (await byDelta(target, input)) ?? (await whole(target, input));
}

/** The whole file. A damaged remainder of an earlier attempt is not the server's fault: then once more from nothing. */
async function whole(target: Target, input: FetchInput): Promise<Uint8Array> {
  const stage = input.blobs.stage(target.sha256, target.length);
  try {
    let actual = await fill(stage, target, input);
    if (actual !== target.sha256 && stage.resumed > 0) {
      stage.restart();
      actual = await fill(stage, target, input);
    }
    // THE TARGET-HASH CHECK: without this line whoever serves the bytes chooses them.
    if (actual !== target.sha256) {
      stage.discard();
      throw fault("UPDATE_TARGET_HASH", { path: target.path, expected: target.sha256, actual });
    }
    return stage.commit();
  } finally {
    stage.close();
  }
}

/** Brings what is missing; answers the digest of all of it. */
async function fill(stage: Stage, { path, length, sha256: digest }: Target, input: FetchInput): Promise<string> {
  if (stage.received() < length || length === 0) {
    await input.source.target(input.consistentSnapshot ? hashedPath(path, digest) : path, length, stage);
  }
  const actual = stage.received();
  if (actual !== length) throw fault("UPDATE_TARGET_LENGTH", { path, expected: length, actual });
  return stage.digest();
}

/** From the smallest delta whose old bytes are in the store; undefined where there is none or it was of no use. */
async function byDelta(target: Target, input: FetchInput): Promise<Uint8Array | undefined> {
  const smallestFirst = [...deltasOf(target.custom)].sort((a, b) => a.length - b.length);
  for (const delta of smallestFirst) {
    if (delta.length >= target.length) break;
    const from = input.blobs.read(delta.from, input.limits.targetBytes);
    if (from === undefined) continue;
    if (deltaMemory(from.byteLength, target.length) > input.limits.deltaMemoryBytes) continue;
    const made = await attempt(() => fromDelta(target, delta, from, input));
    if (made.ok) return made.value;
    input.onNotice?.(made.error);
  }
  return undefined;
}

async function fromDelta(target: Target, delta: Delta, from: Uint8Array, input: FetchInput): Promise<Uint8Array> {
  // A delta is small: it is held in memory, and an interrupted one begins again.
  const sink = memorySink(delta.length);
  await input.source.target(deltaPath(target.sha256, delta.from), delta.length, sink);
  const bytes = unwrap(applyDelta(from, delta, sink.bytes(), target.length));
  if (sha256(bytes) !== target.sha256) {
    throw fault("UPDATE_DELTA", { from: delta.from, reason: "it does not lead to the bytes that were signed" });
  }
  input.blobs.write(target.sha256, bytes);
  // Without room for it the neighbours fetch it elsewhere.
  if (input.keepDeltas === true) attemptSync(() => input.blobs.write(delta.sha256, sink.bytes()));
  return bytes;
}
