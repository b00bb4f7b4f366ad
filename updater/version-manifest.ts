/**
 * The version manifest (Uptane 5.4.2.1): what a board says it runs and has seen, signed with its device key as a DSSE
 * envelope. It lets the fleet notice a board that withholds, lies about or forgets its state; it proves nothing about
 * the board's software, for the key lies where that software runs.
 */

import { targetPath } from "../runtime/kernel/authority/manifest.ts";
import { deviceId, sha256Hex } from "../runtime/kernel/brand.ts";
import type { FaultKind } from "../runtime/kernel/fault.ts";
import { array, type Infer, integer, object, oneOf, optional, refined, string } from "../runtime/kernel/shape.ts";

export const VERSION_MANIFEST_TYPE = "application/vnd.sallyport.versions+json";
/** Largest envelope that is read. */
export const VERSION_MANIFEST_BYTES_MAX = 262_144;
export const INSTALLED_MAX = 256;

const count = integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const version = integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const versions = object({ root: version, timestamp: version, snapshot: version, targets: version });
const nonce = refined(string({ max: 64 }), (text) => /^[0-9a-f]{16,64}$/.test(text), "16 to 64 lower-case hex digits");
const kinds = ["attack", "refusal", "stale", "network", "disk", "environment"] as const satisfies readonly FaultKind[];

export const versionManifestShape = object({
  schema: oneOf("sallyport.versions/1"),
  device: deviceId,
  /** Rises with each manifest of this board. */
  counter: integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  /** How many states of the repositories the board's updater has committed. */
  commit: count,
  /** Fresh for each manifest: the asker's, or chance. */
  nonce,
  /** The latest signed time that the board knows, ms. */
  timeFloor: integer({ min: 0, max: 8.64e15 }),
  /** The metadata last trusted; absent before the first. */
  metadata: optional(object({ image: versions, director: versions })),
  installed: array(object({ path: targetPath, length: count, sha256: sha256Hex, releaseCounter: version }), {
    max: INSTALLED_MAX,
  }),
  /** What was refused last and has not come right since (Uptane's attack indicator). */
  refused: optional(object({ code: string({ min: 1, max: 60 }), kind: oneOf(...kinds) })),
});
export type VersionManifest = Infer<typeof versionManifestShape>;
