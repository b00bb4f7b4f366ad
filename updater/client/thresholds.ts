/**
 * TAP 12: a key's id is a name, and one key may have several. The library counts ids; where a role lists one key more
 * than once under different ids, this counts keys. Nearly every role lists each of its keys once and costs nothing here.
 */
import type { KeyObject } from "node:crypto";
import type { Key, Metadata, Root, Snapshot, Targets, Timestamp } from "@tufjs/models";
import { getPublicKey } from "@tufjs/models/dist/utils/key.js";
import { assert } from "../../runtime/kernel/assert.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { fault } from "../faults.ts";
import type { Place } from "./header.ts";

type File = Metadata<Root> | Metadata<Timestamp> | Metadata<Snapshot> | Metadata<Targets>;

/**
 * Refuses a file that the library has accepted where fewer different keys of `role`, as `delegator` lists them, signed
 * it than the threshold asks for. Throws UPDATE_SIGNATURE.
 */
export function requireDifferentKeys(
  delegator: Metadata<Root> | Metadata<Targets> | undefined,
  role: string,
  file: File | undefined,
  place: Place,
): void {
  assert(delegator !== undefined && file !== undefined, "both are loaded when the signatures held");
  const { keys, delegation } = listed(delegator.signed, role);
  if (delegation === undefined || delegation.threshold <= 1) return;
  const all = delegation.keyIDs.flatMap((id) => keys[id] ?? []);
  if (new Set(all.map(identity)).size === all.length) return;
  const signing = new Set(all.filter((key) => hasSigned(key, file)).map(identity));
  if (signing.size < delegation.threshold) throw fault("UPDATE_SIGNATURE", { ...place });
}

function listed(signed: Root | Targets, role: string) {
  if ("roles" in signed) return { keys: signed.keys, delegation: signed.roles[role] };
  const { keys = {}, roles, succinctRoles } = signed.delegations ?? {};
  return { keys, delegation: roles === undefined ? succinctRoles : roles[role] };
}

/** The same text for the same key, however it is written down (hex or PEM, a point compressed or not). */
function identity({ keyID, keyType, scheme, keyVal }: Key): string {
  try {
    const { key } = getPublicKey({ keyType, scheme, keyVal: keyVal["public"] ?? "" });
    return canonicalJson((key as KeyObject).export({ format: "jwk" }));
  } catch {
    // A key that cannot be read signs nothing; its id keeps it apart from others.
    return `unreadable ${keyID}`;
  }
}

function hasSigned(key: Key, file: Parameters<Key["verifySignature"]>[0]): boolean {
  try {
    key.verifySignature(file);
    return true;
  } catch {
    return false;
  }
}
