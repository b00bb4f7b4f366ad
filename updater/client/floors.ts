/**
 * Floors: what this board has seen and below which it accepts nothing, as pure functions. They are few and small, so
 * they are kept apart from the metadata they come from and outlive it (floor-record.ts).
 *
 * A repository's floors belong to the keys that signed its timestamp and snapshot. When root takes one of these keys
 * away, the versions it gave are forgotten (TUF 5.3.11: recovery from a fast-forward); the root's own version and the
 * floors of releases never are.
 */

import { attemptSync } from "../../runtime/kernel/result.ts";
import { fault } from "../faults.ts";
import type { RepositoryName } from "./header.ts";
import type { Trust } from "./trust.ts";
import type { ReleaseFloors } from "./view.ts";

export interface RepositoryFloors {
  readonly root: number;
  /** The online keys as `role keyid`, as `Trust.onlineKeys` names them. */
  readonly keys: readonly string[];
  /** Version by role: timestamp, snapshot, targets and the delegated roles that were used. */
  readonly roles: ReadonlyMap<string, number>;
}

export interface Floors {
  /** How many states were committed; rises by one with each. */
  readonly commit: number;
  readonly image: RepositoryFloors;
  readonly director: RepositoryFloors;
  readonly releases: ReleaseFloors;
}

/** Delegated roles remembered that are not used any more; the snapshot's floor stands in for those beyond. */
export const FLOOR_ROLES_MAX = 256;
/** The largest step of a version that honest renewal could make between two looks of a board. */
const JUMP_MAX = 2 ** 20;
/** Beyond this, numbers come to an end; JSON integers hold to 2^53. */
const VERSION_MAX = 2 ** 52;

export const noFloors: Floors = {
  commit: 0,
  image: { root: 0, keys: [], roles: new Map() },
  director: { root: 0, keys: [], roles: new Map() },
  releases: new Map(),
};

/** The floors after a repository's state was trusted. */
export function raised(before: RepositoryFloors, trust: Trust): RepositoryFloors {
  const { root, ...top } = trust.versions();
  const current = new Map<string, number>(Object.entries(top));
  for (const { role, targets } of trust.loadedRoles()) current.set(role, targets.version);
  const keys = trust.onlineKeys();
  const roles = new Map(holds(before, trust) ? before.roles : []);
  for (const [role, version] of current) roles.set(role, Math.max(version, roles.get(role) ?? 0));
  for (const role of roles.keys()) {
    if (roles.size <= FLOOR_ROLES_MAX) break;
    if (!current.has(role)) roles.delete(role);
  }
  return { root: Math.max(root, before.root), keys, roles };
}

/** Two memories of one board: the later one's versions, and of root and releases the highest of both. */
export function joined(one: Floors, other: Floors): Floors {
  const later = one.commit >= other.commit ? one : other;
  const releases = new Map(one.releases);
  for (const [name, floor] of other.releases) releases.set(name, Math.max(floor, releases.get(name) ?? 0));
  const root = (name: RepositoryName) => Math.max(one[name].root, other[name].root);
  return {
    commit: later.commit,
    image: { ...later.image, root: root("image") },
    director: { ...later.director, root: root("director") },
    releases,
  };
}

/** Refuses a repository's verified state that lies below the floors, or absurdly far above. Throws a Fault. */
export function checkFloors(floors: RepositoryFloors, repository: RepositoryName, trust: Trust): void {
  const versions = trust.versions();
  const refuse = (code: "UPDATE_ROLLBACK" | "UPDATE_FAST_FORWARD", role: string, offered: number, trusted: number) =>
    fault(code, { repository, role, offered, trusted });
  if (versions.root < floors.root) throw refuse("UPDATE_ROLLBACK", "root", versions.root, floors.root);
  const known = holds(floors, trust) ? floors.roles : new Map<string, number>();
  const offeredOf = (role: string) =>
    role === "timestamp" || role === "snapshot" ? versions[role] : snapshotSays(trust, role);
  const roles = new Set([...known.keys(), ...trust.loadedRoles().map((one) => one.role), "timestamp", "snapshot"]);
  for (const role of roles) {
    const offered = offeredOf(role);
    const trusted = known.get(role);
    if (trusted !== undefined && offered < trusted) throw refuse("UPDATE_ROLLBACK", role, offered, trusted);
    if (offered > VERSION_MAX || (trusted !== undefined && offered - trusted > JUMP_MAX)) {
      throw refuse("UPDATE_FAST_FORWARD", role, offered, trusted ?? 0);
    }
  }
}

/** 5.5.5: a role that the snapshot once named must not vanish from it; then its version is 0, below every floor. */
function snapshotSays(trust: Trust, role: string): number {
  const wanted = attemptSync(() => trust.targetsWanted(role));
  return wanted.ok ? wanted.value.version : 0;
}

/** Whether the versions still count: none of the keys they belong to was taken away. */
function holds(floors: RepositoryFloors, trust: Trust): boolean {
  const online = new Set(trust.onlineKeys());
  return floors.keys.every((key) => online.has(key));
}
