/**
 * The last look before a publication: what is about to be put in place is verified with the client's own code, as a board
 * does that was provisioned with the first root. Expiry is not asked here: an expired role may be what is renewed.
 */
import type { Metadata, Root, Targets } from "@tufjs/models";
import { assert } from "../../runtime/kernel/assert.ts";
import type { DeviceId } from "../../runtime/kernel/brand.ts";
import { Fault } from "../../runtime/kernel/fault.ts";
import { restore } from "../client/refresh.ts";
import type { DelegatedFile } from "../client/trust.ts";
import { fault } from "./faults.ts";
import { fileOf } from "./metadata.ts";

type Whose = { readonly repository: "image" } | { readonly repository: "director"; readonly device: DeviceId };

export interface Proposed {
  readonly timestamp: Uint8Array;
  readonly snapshot: Uint8Array;
  /** `targets` and every delegated role. */
  readonly roles: ReadonlyMap<string, Metadata<Targets>>;
}

/** Throws REPO_WOULD_BREAK with the client's refusal as its cause. */
export function refuseBroken(
  whose: Whose,
  chain: readonly Metadata<Root>[],
  { timestamp, snapshot, roles }: Proposed,
): void {
  const [pinned, ...roots] = chain.map(fileOf);
  const targets = roles.get("targets");
  assert(pinned !== undefined && targets !== undefined, "what is published has a root and targets");
  const files = { roots, timestamp, snapshot, targets: fileOf(targets), delegated: delegatedFiles(roles) };
  try {
    restore({ ...whose, pinned, at: 0 }, files);
  } catch (error) {
    if (error instanceof Fault) throw fault("REPO_WOULD_BREAK", { reason: error.line() }, error);
    throw error;
  }
}

/** Every role that something delegates to, delegators first. */
function delegatedFiles(roles: ReadonlyMap<string, Metadata<Targets>>): readonly DelegatedFile[] {
  const delegated: DelegatedFile[] = [];
  const visit = (delegator: string) => {
    const { delegations } = roles.get(delegator)?.signed ?? {};
    for (const [role, metadata] of roles) {
      if (role === "targets" || delegated.some((one) => one.role === role)) continue;
      const isNamed = delegations?.roles !== undefined && Object.hasOwn(delegations.roles, role);
      if (!isNamed && delegations?.succinctRoles?.isDelegatedRole(role) !== true) continue;
      delegated.push({ role, delegator, bytes: fileOf(metadata) });
      visit(role);
    }
  };
  visit("targets");
  return delegated;
}
