/**
 * The owner's part of authority: whom a rule speaks of, how far grants may go there, and whose command keys count.
 * Rules match on what the device's enrolment record says (id, class, region), never on later claims, and by equality.
 */
import { deviceId, moduleName, teamName } from "../brand.ts";
import { array, boolean, type Infer, object, oneOf, optional, string } from "../shape.ts";
import { type Cover, coversShape } from "./capability.ts";

/** Every field that is present must be equal; `all: true` has to be spelled to match every device. */
export const deviceMatchShape = object({
  all: optional(boolean),
  id: optional(deviceId),
  class: optional(string({ min: 1, max: 63 })),
  region: optional(string({ min: 1, max: 63 })),
});
export type DeviceMatch = Infer<typeof deviceMatchShape>;

export const moduleMatchShape = object({ team: teamName, name: optional(moduleName) });
export type ModuleMatch = Infer<typeof moduleMatchShape>;

export const ceilingShape = object({ devices: deviceMatchShape, modules: moduleMatchShape, capabilities: coversShape });
export type Ceiling = Infer<typeof ceilingShape>;

export const operatorShape = object({
  name: string({ min: 1, max: 63 }),
  /** PEM, SubjectPublicKeyInfo. */
  publicKey: string({ min: 1, max: 2000 }),
  devices: deviceMatchShape,
  verbs: array(oneOf("revoke", "restart", "refresh", "attest"), { max: 8 }),
});
export type Operator = Infer<typeof operatorShape>;

/** What the enrolment record says about a device. */
export interface DeviceFacts {
  readonly id: string;
  readonly class: string;
  readonly region: string;
}

export function matchesDevice(match: DeviceMatch, device: DeviceFacts): boolean {
  const named = [
    [match.id, device.id],
    [match.class, device.class],
    [match.region, device.region],
  ].filter(([wanted]) => wanted !== undefined);
  if (named.length === 0) return match.all === true;
  return named.every(([wanted, actual]) => wanted === actual);
}

export function matchesModule(match: ModuleMatch, module: { readonly team: string; readonly name: string }): boolean {
  return match.team === module.team && (match.name === undefined || match.name === module.name);
}

/**
 * What the owner allows this module on this device: the capabilities that *every* matching ceiling covers.
 * No matching ceiling allows nothing; adding a ceiling that matches can only narrow.
 */
export function matchingCeilings(
  ceilings: readonly Ceiling[],
  device: DeviceFacts,
  module: { readonly team: string; readonly name: string },
): readonly (readonly Cover[])[] {
  return ceilings
    .filter((one) => matchesDevice(one.devices, device) && matchesModule(one.modules, module))
    .map((one) => one.capabilities);
}
