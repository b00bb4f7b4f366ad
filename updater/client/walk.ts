/**
 * TUF 5.6.7: the pre-order depth-first search for a target through delegations, as a pure function over the roles that
 * are loaded and verified. Where it needs a role that is not, it says which; the refresh fetches it and asks again.
 * Patterns know `*` and `?` within one path component, as the specification describes them; everything else in a
 * pattern is literal. (The library hands patterns to a regular-expression builder, and teams write patterns.)
 */
import type { TargetFile, Targets } from "@tufjs/models";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { DELEGATED_ROLES_MAX } from "./source.ts";

export type Found =
  | { readonly kind: "found"; readonly role: string; readonly target: TargetFile }
  | { readonly kind: "absent" }
  | { readonly kind: "missing"; readonly role: string; readonly delegator: string };

/** The targets of `role` as verified under `delegator`, or undefined when that was not done yet. */
export type LoadedRoles = (role: string, delegator: string) => Targets | undefined;

/**
 * What all searches of one refresh may compare, in characters of delegations' patterns: some seconds on a small board.
 * Honest delegations take a few thousand for each search; a stolen key could sign some that take hours.
 */
export const SEARCH_WORK_MAX = 50_000_000;

/** What may still be compared, characters of patterns; below zero it was too much and the search ended early. */
export interface Work {
  left: number;
}

export function walk(path: string, loaded: LoadedRoles, work: Work = { left: Number.POSITIVE_INFINITY }): Found {
  const toVisit = [{ role: "targets", delegator: "root" }];
  const visited = new Set<string>();
  const hash = sha256(utf8(path));
  for (let next = toVisit.pop(); next !== undefined; next = toVisit.pop()) {
    // 5.6.7.1: skip visited roles, stop at the maximum.
    if (visited.has(next.role)) continue;
    if (visited.size > DELEGATED_ROLES_MAX) return { kind: "absent" };
    const targets = loaded(next.role, next.delegator);
    if (targets === undefined) return { kind: "missing", ...next };
    visited.add(next.role);
    const target = Object.hasOwn(targets.targets, path) ? targets.targets[path] : undefined;
    if (target !== undefined) return { kind: "found", role: next.role, target };

    // 5.6.7.2: children in order of appearance; a terminating one ends the search after itself.
    const children: { role: string; delegator: string }[] = [];
    for (const child of delegatesFor(targets, path, hash, work)) {
      children.push({ role: child.name, delegator: next.role });
      if (child.terminating) {
        toVisit.length = 0;
        break;
      }
    }
    if (work.left < 0) break;
    toVisit.push(...children.reverse());
  }
  return { kind: "absent" };
}

function delegatesFor(
  targets: Targets,
  path: string,
  hash: string,
  work: Work,
): readonly { name: string; terminating: boolean }[] {
  const { roles, succinctRoles } = targets.delegations ?? {};
  if (roles !== undefined) {
    const affords = (text: string) => {
      work.left -= text.length + 1;
      return work.left >= 0;
    };
    return Object.values(roles).filter(
      (role) =>
        role.paths?.some((pattern) => affords(pattern) && matchesPattern(pattern, path)) ??
        role.pathHashPrefixes?.some((prefix) => affords(prefix) && hash.startsWith(prefix)) ??
        false,
    );
  }
  // TAP 15: one bin for each path, always terminating.
  return succinctRoles === undefined ? [] : [{ name: succinctRoles.getRoleForTarget(path), terminating: true }];
}

export function matchesPattern(pattern: string, path: string): boolean {
  const patterns = pattern.split("/");
  const parts = path.split("/");
  return patterns.length === parts.length && parts.every((part, at) => matchesPart(patterns[at] ?? "", part));
}

/** Linear in practice and never worse than pattern × text: on a mismatch only the last `*` is tried again. */
function matchesPart(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (pattern[p] === "*") {
      star = p++;
      resume = t;
    } else if (pattern[p] === "?" || pattern[p] === text[t]) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else return false;
  }
  while (pattern[p] === "*") p += 1;
  return p === pattern.length;
}
