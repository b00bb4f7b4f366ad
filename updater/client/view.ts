/**
 * What the board may believe after a refresh: pure reading over the two verified repositories. Which repository must
 * say what is the fixed map of DESIGN section 3.1 (TAP 4 with threshold 2 for code, the owner's role alone for policy).
 */
import type { TargetFile } from "@tufjs/models";
import { DESIRED_PATH } from "../../runtime/kernel/authority/desired.ts";
import { releaseCustomShape, releasePaths, targetPath } from "../../runtime/kernel/authority/manifest.ts";
import { type Sha256, sha256Hex } from "../../runtime/kernel/brand.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { fault } from "../faults.ts";
import { isOwners, needsBoth } from "../layout.ts";
import type { RepositoryName } from "./header.ts";
import type { Trust, Versions } from "./trust.ts";
import { SEARCH_WORK_MAX } from "./walk.ts";

/** A file that signed metadata vouches for: enough to fetch it and to know that it is the one. */
export interface Target {
  readonly path: string;
  readonly length: number;
  readonly sha256: Sha256;
  /** The target's `custom` object as its role signed it, or undefined. */
  readonly custom: unknown;
  /** Whose tree the bytes are fetched from. */
  readonly repository: RepositoryName;
}

export interface TrustedView {
  readonly versions: { readonly image: Versions; readonly director: Versions };
  /** The director's desired state for this device, if it signed one. */
  readonly desired: Target | undefined;
  /** `policy/*` and `trust/*`: from the owner's top-level role, never from a delegation. */
  owner(path: string): Result<Target>;
  /** `modules/*` and `agent/*`: only where both repositories name the same bytes and the same release. */
  agreed(path: string): Result<Target>;
  /** The highest release floor this board has seen for a module; 0 if none. */
  releaseFloor(team: string, name: string): number;
}

/** What a board is, in the words of a release's `hardware`: `<profile>/<abi>`, or `any/<abi>`. */
export interface Hardware {
  readonly profile: string;
  /** The guest ABI that this agent offers, or all of them. */
  readonly abi: string | readonly string[];
}

/** `team/name` to the highest floor seen. */
export type ReleaseFloors = ReadonlyMap<string, number>;

/** `hardware`: of the board that asks; nobody's in particular without. */
export function makeView(image: Trust, director: Trust, floors: ReleaseFloors, hardware?: Hardware): TrustedView {
  const assigned = director.topTargets().targets;
  const owned = image.topTargets().targets;
  const desired = ownTarget(assigned, DESIRED_PATH);
  return {
    versions: { image: image.versions(), director: director.versions() },
    desired: desired === undefined ? undefined : withDigest(desired, "director"),

    owner(path) {
      if (!isOwners(path)) return err(fault("UPDATE_PATH_REFUSED", { path, asked: "the owner's role offers" }));
      // Top-level targets only: a delegated role that names such a path is never looked at.
      const target = ownTarget(owned, path);
      const checked = target === undefined ? undefined : withDigest(target, "image");
      return checked === undefined ? err(fault("UPDATE_TARGET_MISSING", { path, repository: "image" })) : ok(checked);
    },

    agreed(path) {
      if (!needsBoth(path)) return err(fault("UPDATE_PATH_REFUSED", { path, asked: "needs both repositories" }));
      const mine = ownTarget(assigned, path);
      const isAssigned = (one: string) => ownTarget(assigned, one) !== undefined;
      if (mine === undefined)
        return err(partOf(path, "director", isAssigned) ?? fault("UPDATE_NOT_ASSIGNED", { path }));
      const found = image.find(path);
      if (found.kind !== "found") {
        const isReleased = (one: string) => image.find(one).kind === "found";
        return err(partOf(path, "image", isReleased) ?? fault("UPDATE_NOT_RELEASED", { path }));
      }
      const differs = disagreement(found.target, mine);
      // THE AGREEMENT CHECK: without this line the director alone chooses the bytes.
      if (differs !== undefined) return err(fault("UPDATE_REPOSITORIES_DISAGREE", { path, differs }));
      const unfit = hardware && wrongHardware(found.target, hardware);
      if (unfit !== undefined) return err(unfit);
      const { yanked } = release(found.target);
      if (yanked !== undefined) return err(fault("UPDATE_YANKED", { path, reason: String(yanked).slice(0, 300) }));
      const checked = withDigest(found.target, "image");
      return checked === undefined ? err(fault("UPDATE_TARGET_MISSING", { path, repository: "image" })) : ok(checked);
    },

    releaseFloor: (team, name) => floors.get(`${team}/${name}`) ?? 0,
  };
}

/** What the director names besides the desired state: the paths whose image roles have to be loaded. */
export function assignedPaths(director: Trust): readonly string[] {
  return Object.keys(director.topTargets().targets).filter(needsBoth);
}

/** The digests of what a repository's top-level role names: for the director all that this board was assigned. */
export function namedDigests(trust: Trust): readonly string[] {
  return Object.values(trust.topTargets().targets).flatMap(({ hashes: { sha256: digest } }) => digest ?? []);
}

/** Modules of one team, and of all, whose floors are remembered although this board was never assigned them. */
export const FLOORS_PER_TEAM_MAX = 200;
const FLOORS_MAX = 4_000;

/**
 * The floors of before, raised by those in the loaded roles. A floor counts only where the search for its path ends at
 * this very entry, so that no team speaks for another. What is assigned to this board is always remembered; of the
 * rest so much that a stolen key with names without end cannot fill the memory. Throws UPDATE_DELEGATION.
 */
export function raiseFloors(before: ReleaseFloors, image: Trust, director: Trust): ReleaseFloors {
  const floors = new Map(before);
  const moduleOf = (path: string) => path.split("/").slice(1, 3).join("/");
  const assigned = new Set(assignedPaths(director).map(moduleOf));
  const perTeam = new Map<string, number>();
  const count = (team: string) => perTeam.set(team, (perTeam.get(team) ?? 0) + 1);
  for (const key of floors.keys()) count(key.split("/", 1)[0] ?? "");
  const work = { left: SEARCH_WORK_MAX };
  for (const { role, targets } of image.loadedRoles()) {
    for (const [path, target] of Object.entries(targets.targets)) {
      const [kind, team = "", name] = path.split("/");
      const release = parseShape(releaseCustomShape, sallyportOf(target), path);
      if (kind !== "modules" || !release.ok || release.value.team !== team || release.value.name !== name) continue;
      const key = `${team}/${name}`;
      const { releaseFloor } = release.value;
      if (releaseFloor <= (floors.get(key) ?? 0)) continue;
      const isFull = (perTeam.get(team) ?? 0) >= FLOORS_PER_TEAM_MAX || floors.size >= FLOORS_MAX;
      if (!floors.has(key) && !assigned.has(key) && isFull) continue;
      const found = image.find(path, work);
      if (found.kind !== "found" || found.role !== role) continue;
      if (!floors.has(key)) count(team);
      floors.set(key, releaseFloor);
    }
  }
  return floors;
}

/** Facts of a release on which both must be equal; its floor may rise after a device was assigned. */
const RELEASE_FACTS = ["kind", "team", "name", "version", "releaseCounter", "hardware"] as const;

/** Uptane 5.4.4.2 step 10: same length, same hashes (all of them), same release counter, same hardware. */
function disagreement(image: TargetFile, director: TargetFile): string | undefined {
  if (image.length !== director.length) return `length ${image.length} and ${director.length}`;
  if (canonicalJson(image.hashes) !== canonicalJson(director.hashes)) {
    return `hashes ${canonicalJson(image.hashes)} and ${canonicalJson(director.hashes)}`;
  }
  const [left, right] = [release(image), release(director)];
  const fact = RELEASE_FACTS.find((one) => canonicalJson(left[one] ?? null) !== canonicalJson(right[one] ?? null));
  return fact === undefined ? undefined : `custom.sallyport.${fact}`;
}

/** Where some of a release's files are named and this one is not: a release comes whole or not at all. */
function partOf(path: string, repository: RepositoryName, isThere: (path: string) => boolean): Fault | undefined {
  const [, team = "", name = "", version = ""] = path.split("/");
  const parts = Object.values(releasePaths(team, name, version));
  if (!parts.includes(path) || !parts.some(isThere)) return undefined;
  return fault("UPDATE_PARTIAL_BUNDLE", { repository, release: `${team}/${name} ${version}`, missing: path });
}

/** Uptane 5.4.4.2: an image for other hardware is refused. A module says what it is for; an agent release may. */
function wrongHardware(target: TargetFile, { profile, abi }: Hardware): Fault | undefined {
  const { hardware } = release(target);
  const named = Array.isArray(hardware) ? hardware.filter((one) => typeof one === "string") : [];
  if (hardware === undefined && !target.path.startsWith("modules/")) return undefined;
  const abis = typeof abi === "string" ? [abi] : abi;
  if (abis.some((one) => named.includes(`${profile}/${one}`) || named.includes(`any/${one}`))) return undefined;
  const board = abis.map((one) => `${profile}/${one}`).join(", ");
  return fault("UPDATE_WRONG_HARDWARE", { path: target.path, hardware: named, board });
}

function sallyportOf({ custom }: TargetFile): unknown {
  const { sallyport } = custom;
  return sallyport;
}

function release(target: TargetFile): Record<string, unknown> {
  const value = sallyportOf(target);
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function ownTarget(targets: Record<string, TargetFile>, path: string): TargetFile | undefined {
  return Object.hasOwn(targets, path) ? targets[path] : undefined;
}

/** A target without a SHA-256, with a strange length or path is none: nothing could be checked against it. */
function withDigest(target: TargetFile, repository: RepositoryName): Target | undefined {
  const { sha256: hash } = target.hashes;
  const { custom } = target.unrecognizedFields;
  const sha256 = parseShape(sha256Hex, hash, "a target's hash");
  const path = parseShape(targetPath, target.path, "a target's path");
  if (!sha256.ok || !path.ok || !Number.isSafeInteger(target.length) || target.length < 0) return undefined;
  return { path: path.value, length: target.length, sha256: sha256.value, custom, repository };
}
