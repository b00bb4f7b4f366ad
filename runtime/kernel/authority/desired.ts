/**
 * The desired state of one device, schema `sallyport.desired/1`: the target that the director signs for it. It says
 * what shall run and with which grants; it cannot vouch for code (the image repository and the attestations do) and
 * cannot grant beyond the owner's ceilings.
 */
import { deviceId, moduleName, teamName, version } from "../brand.ts";
import type { Fault } from "../fault.ts";
import type { Result } from "../result.ts";
import { array, type Infer, integer, object, oneOf, optional, parseJson, string } from "../shape.ts";
import { coversShape } from "./capability.ts";

export const DESIRED_BYTES_MAX = 262_144;
export const DESIRED_PATH = "desired.json";

const desiredModule = object({
  team: teamName,
  name: moduleName,
  version,
  grants: coversShape,
  /** Ids of revocations that the director lifts; nothing else gives a revoked capability back. */
  lifts: array(string({ min: 1, max: 64 }), { max: 64 }),
  /** How long a new version is watched before it is committed. */
  probationS: integer({ min: 0, max: 86_400 }),
  /** Without fresh director metadata for this long the grants end as if revoked (DESIGN section 3.3). */
  leaseS: optional(integer({ min: 1, max: 31_536_000 })),
});
export type DesiredModule = Infer<typeof desiredModule>;

export const desiredShape = object({
  schema: oneOf("sallyport.desired/1"),
  device: deviceId,
  rev: integer({ min: 1, max: 2 ** 40 }),
  modules: array(desiredModule, { max: 64 }),
});
export type Desired = Infer<typeof desiredShape>;

export function parseDesired(bytes: Uint8Array): Result<Desired, Fault> {
  return parseJson(desiredShape, bytes, "the desired state", DESIRED_BYTES_MAX);
}
