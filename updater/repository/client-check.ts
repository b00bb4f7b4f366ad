/**
 * The last look before a publication: what is about to be put in place is verified with the client's own code, as a board
 * does that was provisioned with the first root. Expiry is not asked here: an expired role may be what is renewed.
 */
import type { Metadata, Root, Targets } from "@tufjs/models";
import { assert } from "../../runtime/kernel/assert.ts";
import type { DeviceId } from "../../runtime/kernel/brand.ts";
import { Fault } from "../../runtime/kernel/fault.ts";
import { restore } from "../client/refresh.ts";
import { defaultLimits } from "../client/source.ts";
import type { DelegatedFile } from "../client/trust.ts";
import { fault } from "./faults.ts";
import { fileOf } from "./metadata.ts";
import { delegatorsIn, type Roles } from "./roles.ts";

type Whose = { readonly repository: "image" } | { readonly repository: "director"; readonly device: DeviceId };

export interface Proposed {
  readonly timestamp: Uint8Array;
  readonly snapshot: Uint8Array;
  /** `targets` and every delegated role. */
  readonly roles: Roles<Metadata<Targets>>;
}

/** Throws REPO_TOO_LARGE, and REPO_WOULD_BREAK with the client's refusal as its cause. */
export function refuseBroken(
  whose: Whose,
  chain: readonly Metadata<Root>[],
  { timestamp, snapshot, roles }: Proposed,
): void {
  const [pinned, ...roots] = chain.map(fileOf);
  const targets = roles.get("targets");
  assert(pinned !== undefined && targets !== undefined, "what is published has a root and targets");
  const files = { roots, timestamp, snapshot, targets: fileOf(targets), delegated: delegatedFiles(roles) };
  const refuseAbove = (max: number, role: string, { byteLength: size }: Uint8Array) => {
    if (size > max) throw fault("REPO_TOO_LARGE", { what: `${whose.repository} ${role}`, size, max });
  };
  for (const root of roots) refuseAbove(defaultLimits.rootBytes, "root", root);
  refuseAbove(defaultLimits.timestampBytes, "timestamp", timestamp);
  refuseAbove(defaultLimits.snapshotBytes, "snapshot", snapshot);
  for (const { role, bytes } of [{ role: "targets", bytes: files.targets }, ...files.delegated]) {
    refuseAbove(defaultLimits.targetsBytes, role, bytes);
  }
  try {
    restore({ ...whose, pinned, at: 0 }, files);
  } catch (error) {
    if (error instanceof Fault) throw fault("REPO_WOULD_BREAK", { reason: error.line() }, error);
    throw error;
  }
}

/** Every role that something delegates to, delegators first. */
function delegatedFiles(roles: Roles<Metadata<Targets>>): readonly DelegatedFile[] {
  const delegated = new Map<string, DelegatedFile>();
  for (const [delegator, { signed }] of delegatorsIn(roles)) {
    const bins = signed.delegations?.succinctRoles;
    const inBins = bins === undefined ? [] : [...roles.keys()].filter((role) => bins.isDelegatedRole(role));
    for (const role of [...Object.keys(signed.delegations?.roles ?? {}), ...inBins]) {
      const metadata = roles.get(role);
      if (metadata === undefined || delegated.has(role)) continue;
      delegated.set(role, { role, delegator, bytes: fileOf(metadata) });
    }
  }
  return [...delegated.values()];
}
