/**
 * The names that both ends of the updater agree on: the signed field that ties directed metadata to one device, which
 * paths need which repository (a fixed TAP 4 map, DESIGN section 3.1), and where a target lies in a static tree.
 */
import type { Sha256 } from "../runtime/kernel/brand.ts";

/** Inside `signed` of every director timestamp, snapshot and targets file: the device it was made for. */
export const DEVICE_FIELD = "x-sallyport-device";

/** Paths whose bytes the image repository and the director must both name (threshold 2). */
export function needsBoth(path: string): boolean {
  return path.startsWith("modules/") || path.startsWith("agent/");
}

/** Paths that only the owner's own role, the image repository's top-level targets, may offer. */
export function isOwners(path: string): boolean {
  return path.startsWith("policy/") || path.startsWith("trust/");
}

/** TUF 5.7.3 with consistent snapshots: `a/b.json` lies at `a/<sha256>.b.json`. */
export function hashedPath(path: string, sha256: Sha256): string {
  const cut = path.lastIndexOf("/") + 1;
  return `${path.slice(0, cut)}${sha256}.${path.slice(cut)}`;
}

/** How the rest of a role's name may look: a URL path component that is no number, no dot path and no prototype. */
const ROLE_NAME = /^[a-z][a-z0-9_-]{0,80}$/;
const TOP_LEVEL: readonly string[] = ["root", "targets", "snapshot", "timestamp"];

export function isTopLevelRole(name: string): boolean {
  return TOP_LEVEL.includes(name);
}

/**
 * A delegated role's name must begin with a letter (the library keeps roles in an object, where names like `1` change
 * their order and `__proto__` is not a name) and must not shadow a top-level role (they share that object).
 */
export function isDelegableName(name: string): boolean {
  return ROLE_NAME.test(name) && !isTopLevelRole(name) && !(name in Object.prototype);
}
