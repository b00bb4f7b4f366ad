/** Which online keys sign: what the root in force asks for, and for clients that are one root behind also the old ones. */
import type { Metadata, Root, Snapshot, Targets, Timestamp } from "@tufjs/models";
import { Fault } from "../../runtime/kernel/fault.ts";
import type { RepositoryName } from "../client/header.ts";
import { fault } from "./faults.ts";
import { quorumIn } from "./quorum.ts";
import type { RoleKey } from "./tuf-key.ts";
import type { Workshop } from "./workshop.ts";

export interface Roots {
  readonly now: Root;
  /** The root that clients may still have. */
  readonly before?: Root | undefined;
}

/** The keys for an online role. Throws REPO_NO_ONLINE_KEY when those here do not reach the threshold. */
export function onlineKeys(shop: Workshop, repository: RepositoryName, role: string, roots: Roots): readonly RoleKey[] {
  const chosen = new Map<string, RoleKey>();
  const wanted = quorumIn(roots.now, role, role);
  const threshold = wanted?.threshold ?? 1;
  for (const keyId of wanted?.keyIds ?? []) {
    if (chosen.size < threshold && shop.keys.has(keyId)) chosen.set(keyId, shop.keys.get(keyId));
  }
  if (chosen.size < threshold) {
    throw fault("REPO_NO_ONLINE_KEY", { repository, role, threshold, have: chosen.size });
  }
  const before = roots.before === undefined ? undefined : quorumIn(roots.before, role, role);
  let have = before?.keyIds.filter((keyId) => chosen.has(keyId)).length ?? 0;
  for (const keyId of before?.keyIds ?? []) {
    if (have >= (before?.threshold ?? 0)) break;
    const key = chosen.has(keyId) ? undefined : keyIfUsable(shop, keyId);
    if (key === undefined) continue;
    chosen.set(keyId, key);
    have += 1;
  }
  return [...chosen.values()];
}

/** A key that would be welcome, but without which it goes too. */
export function keyIfUsable(shop: Workshop, keyId: string): RoleKey | undefined {
  try {
    return shop.keys.has(keyId) ? shop.keys.get(keyId) : undefined;
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

export interface TopFiles {
  readonly timestamp: Metadata<Timestamp>;
  readonly snapshot: Metadata<Snapshot>;
  readonly targets: Metadata<Targets>;
}

/** Whether a client that has this root accepts the signatures of these files. */
export function verifiesUnder(root: Metadata<Root>, { timestamp, snapshot, targets }: TopFiles): boolean {
  try {
    root.verifyDelegate("timestamp", timestamp);
    root.verifyDelegate("snapshot", snapshot);
    root.verifyDelegate("targets", targets);
    return true;
  } catch {
    return false;
  }
}
