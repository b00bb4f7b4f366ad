/** Publishing into the image repository: the owner's targets and the teams' releases. Throws Faults. */
import { join } from "node:path";
import { Metadata, type TargetFile, type Targets } from "@tufjs/models";
import { assert } from "../../runtime/kernel/assert.ts";
import { MODULE_BYTES_MAX, releasePaths, targetPath } from "../../runtime/kernel/authority/manifest.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { isOwners } from "../layout.ts";
import { DELTAS_DEFAULT, deltaSources, deltasTo } from "./deltas.ts";
import { fault } from "./faults.ts";
import {
  bindTo,
  edition,
  nextTargets,
  nextTimestamp,
  type Renewal,
  readTree,
  type TreeState,
  targetEntry,
  targetWrites,
} from "./metadata.ts";
import { onlineKeys } from "./online.ts";
import type { Document } from "./quorum.ts";
import {
  checkInput,
  nextFacts,
  type OnProgress,
  type Release,
  type ReleaseInput,
  releasesIn,
  teamsIn,
} from "./releases.ts";
import { settleNow } from "./settle.ts";
import { readChain } from "./standing.ts";
import { shelfOf } from "./team-shelf.ts";
import type { Workshop } from "./workshop.ts";

export function imageState(shop: Workshop): TreeState {
  const state = readTree(shop.at.image);
  const { directory } = shop;
  if (state !== undefined) return state;
  if (readChain(shop.at.image.metadata).length === 0) throw unfinished(directory);
  throw fault("REPO_UNREADABLE", { directory, reason: "no image metadata" });
}

/** The refusal of everything that needs a first root, while there is none. */
export function unfinished(directory: string) {
  return fault("REPO_UNFINISHED", { directory, reason: "the first root is not signed by enough owners" });
}

/** Adds or replaces targets of the owner's role, signed with the owner keys at their threshold. */
export async function putOwnerTargets(
  shop: Workshop,
  files: ReadonlyMap<string, Uint8Array>,
  onProgress?: OnProgress,
): Promise<void> {
  const before = imageState(shop);
  const targets = { ...before.targets.targets };
  for (const [path, bytes] of files) {
    if (!isOwners(path) || !parseShape(targetPath, path, "a target path").ok) throw fault("REPO_PATH", { path });
    if (bytes.byteLength > MODULE_BYTES_MAX) {
      throw fault("REPO_TOO_LARGE", { what: path, size: bytes.byteLength, max: MODULE_BYTES_MAX });
    }
    targets[path] = targetEntry(path, bytes);
  }
  const next = nextTargets(before.targets, { expires: shop.expires("targets"), targets });
  await propose(shop, "targets", new Map([["targets", next]]), files, counted(sizeOf(files), onProgress));
}

/** Signs a release with its team's key. The same release again is answered, not published twice. */
export async function publishRelease(shop: Workshop, input: ReleaseInput): Promise<Release> {
  const manifest = checkInput(input);
  const { team, name, version } = manifest;
  const before = imageState(shop);
  const teams = teamsIn(before.targets);
  if (!teams.includes(team)) throw fault("REPO_UNKNOWN_TEAM", { team, teams });
  const shelf = shelfOf(before, team);

  const files = releasePaths(team, name, version);
  const content = new Map([
    [files.manifest, input.manifest],
    [files.module, input.module],
    [files.bundle, input.bundle],
  ]);
  const siblings = releasesIn(shelf.entries(`modules/${team}/${name}/`)).filter((one) => one.name === name);
  const existing = siblings.find((one) => one.version === version);
  if (existing !== undefined) {
    const same =
      [...content].every(([path, bytes]) => shelf.find(path)?.hashes["sha256"] === sha256(bytes)) &&
      canonicalJson(existing.hardware) === canonicalJson(input.hardware) &&
      (input.releaseFloor ?? existing.releaseFloor) === existing.releaseFloor;
    if (same) return existing;
    throw fault("REPO_VERSION_EXISTS", { team, name, version });
  }

  const facts = nextFacts(manifest, input, siblings);
  const entries: Record<string, TargetFile> = {};
  const sources = deltaSources(siblings, input.deltas ?? DELTAS_DEFAULT);
  const moduleBytes = input.module.byteLength;
  const step = counted(sources.length * moduleBytes + sizeOf(content), input.onProgress);
  const deltas = deltasTo(shop.at.image, sources, input.module, () => step(moduleBytes));
  for (const [kind, path] of Object.entries(files)) {
    const bytes = content.get(path);
    assert(bytes !== undefined, "every part of a release has bytes");
    const listed = kind === "module" && deltas.list.length > 0 ? { deltas: deltas.list } : {};
    entries[path] = targetEntry(path, bytes, { sallyport: { kind, ...facts }, ...listed });
  }
  const changed = shelf.put(entries, shop.expires("team"));
  for (const write of deltas.writes) shop.disk.write(write.path, write.bytes);
  await propose(shop, shelf.role, changed, content, step);
  const [release] = releasesIn(entries);
  assert(release !== undefined, "a published release is listed");
  return release;
}

/** Renews the timestamp, and the snapshot unless it stays, with the online keys. */
export async function renewImage(shop: Workshop, renewal: Renewal): Promise<void> {
  const before = imageState(shop);
  const root = readChain(shop.at.image.metadata).at(-1)?.signed;
  if (root === undefined) throw fault("REPO_UNREADABLE", { directory: shop.directory, reason: "no root" });
  const online = {
    snapshot: renewal === "snapshot" ? onlineKeys(shop, "image", "snapshot", { now: root }) : [],
    timestamp: onlineKeys(shop, "image", "timestamp", { now: root }),
  };
  const expires = { snapshot: shop.expires("snapshot"), timestamp: shop.expires("timestamp") };
  const with_ = { online, expires, extra: bindTo(undefined) };
  if (renewal === "timestamp") {
    const bytes = await nextTimestamp(before, before.timestamp.snapshotMeta, with_);
    shop.stillLocked();
    shop.disk.write(join(shop.at.image.metadata, "timestamp.json"), bytes);
    return;
  }
  const { writes } = await edition({ tree: shop.at.image, before, ...with_ }, []);
  shop.stillLocked();
  for (const write of writes) shop.disk.write(write.path, write.bytes);
}

/**
 * Target files first (nothing names them yet), then the roles that name them, when they have their signatures. `step` is
 * told the size of each file that is in place.
 */
export async function propose(
  shop: Workshop,
  lead: string,
  roles: ReadonlyMap<string, Targets>,
  files: ReadonlyMap<string, Uint8Array>,
  step?: (bytes: number) => void,
): Promise<void> {
  for (const write of targetWrites(shop.at.image, files)) {
    shop.disk.write(write.path, write.bytes);
    step?.(write.bytes.byteLength);
  }
  await settleNow(shop, { lead, documents: documentsOf(roles) });
}

function counted(of: number, onProgress: OnProgress | undefined): (bytes: number) => void {
  let done = 0;
  return (bytes) => {
    done += bytes;
    onProgress?.(done, of);
  };
}

function sizeOf(files: ReadonlyMap<string, Uint8Array>): number {
  return [...files.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0);
}

/** Roles of the image repository as they are proposed. */
export function documentsOf(roles: ReadonlyMap<string, Targets>): readonly Document[] {
  return [...roles].map(([role, signed]) => ({ repository: "image", role, metadata: new Metadata(signed) }));
}
