/**
 * The director's end of the version manifest (Uptane 5.4.2.1): judges what a board sent against what it said before.
 * Pure: the caller keeps what was seen of each board, and hands it in the next time.
 */
import type { DeviceId } from "../../runtime/kernel/brand.ts";
import { parseEnvelope, verifyEnvelope } from "../../runtime/kernel/dsse.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import { parseJson } from "../../runtime/kernel/shape.ts";
import type { PublicKey } from "../../runtime/kernel/signer.ts";
import {
  VERSION_MANIFEST_BYTES_MAX,
  VERSION_MANIFEST_TYPE,
  type VersionManifest,
  versionManifestShape,
} from "../version-manifest.ts";
import { fault } from "./faults.ts";

/** What is remembered of a board between two manifests. */
export interface SeenOfBoard {
  readonly counter: number;
  readonly commit: number;
  /** The nonces of its last manifests, newest last. */
  readonly nonces: readonly string[];
}

export interface ManifestInput {
  readonly bytes: Uint8Array;
  /** Whose it must be, and the key that device was enrolled with. */
  readonly device: DeviceId;
  readonly key: PublicKey;
  readonly seen: SeenOfBoard | undefined;
  /** The nonce that was asked for, if one was. */
  readonly nonce?: string;
}

export interface JudgedManifest {
  readonly manifest: VersionManifest;
  readonly seen: SeenOfBoard;
}

const NONCES_MAX = 64;
const WHAT = "the version manifest";

/**
 * Refuses what is not signed by the board (DSSE_*), not well-formed (SHAPE_*), another board's (REPO_MANIFEST_DEVICE),
 * or was seen before (REPO_MANIFEST_REPLAYED). A fresh manifest that counts lower than before is REPO_BOARD_RESTORED:
 * the board works with an older copy of its state.
 */
export function judgeVersionManifest(input: ManifestInput): Result<JudgedManifest> {
  const envelope = parseEnvelope(input.bytes, WHAT, VERSION_MANIFEST_BYTES_MAX);
  if (!envelope.ok) return envelope;
  const rules = { what: WHAT, payloadType: VERSION_MANIFEST_TYPE, keys: [input.key], threshold: 1 };
  const verified = verifyEnvelope(envelope.value, rules);
  if (!verified.ok) return verified;
  const parsed = parseJson(versionManifestShape, verified.value.payload, WHAT, VERSION_MANIFEST_BYTES_MAX);
  if (!parsed.ok) return parsed;
  const manifest = parsed.value;
  const { device, counter, commit, nonce } = manifest;
  if (device !== input.device) return err(fault("REPO_MANIFEST_DEVICE", { device: input.device, found: device }));
  const { counter: counted = 0, commit: committed = 0, nonces = [] } = input.seen ?? {};
  const asked = input.nonce;
  if (nonces.includes(nonce) || (asked !== undefined && asked !== nonce)) {
    return err(fault("REPO_MANIFEST_REPLAYED", { device, counter, seen: counted }));
  }
  if (counter <= counted || commit < committed) {
    return err(fault("REPO_BOARD_RESTORED", { device, counter, commit, seen: counted, seenCommit: committed }));
  }
  return ok({ manifest, seen: { counter, commit, nonces: [...nonces, nonce].slice(-NONCES_MAX) } });
}
