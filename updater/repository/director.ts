/**
 * Directed metadata as in Uptane: one small repository for each device, whose targets are the desired state and the
 * entries of every file that it may then fetch, copied from the image repository. All of it carries the device's id.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Metadata, MetadataKind, TargetFile } from "@tufjs/models";
import { assert } from "../../runtime/kernel/assert.ts";
import {
  DESIRED_BYTES_MAX,
  DESIRED_PATH,
  type Desired,
  type DesiredModule,
  desiredShape,
  parseDesired,
} from "../../runtime/kernel/authority/desired.ts";
import { releaseCustomShape, releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import { type DeviceId, deviceId, sha256Hex } from "../../runtime/kernel/brand.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { readBounded } from "../../runtime/kernel/durable.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { type Batch, openBatch } from "./batch.ts";
import { refuseBroken } from "./client-check.ts";
import { fault } from "./faults.ts";
import type { Tree } from "./layout.ts";
import {
  addSignatures,
  bindTo,
  edition,
  fileOf,
  nextTargets,
  nextTimestamp,
  type Renewal,
  readTree,
  type TreeState,
  targetEntry,
  targetFile,
  targetWrites,
} from "./metadata.ts";
import { onlineKeys, verifiesUnder } from "./online.ts";
import { teamsIn } from "./releases.ts";
import { readChain } from "./standing.ts";
import { shelfOf } from "./team-shelf.ts";
import type { Workshop } from "./workshop.ts";

const ROOT_BYTES_MAX = 512_000;
/** How many devices of many are written together. */
export const TOGETHER = 128;

/** What assignments and renewals read of the image repository and the director's roots, once for however many devices. */
export interface Desk {
  readonly chain: Chain;
  /** The files of a release. Throws REPO_NOT_RELEASED, REPO_UNREADABLE. */
  released(module: DesiredModule): readonly Released[];
  /** By version: a file with that root that has room for another name. */
  readonly rootFiles: Map<number, string>;
  /** How many roots devices had whose step to the newest was looked at with the client's eyes. */
  readonly lookedAt: Set<number>;
  /** What was published is durable when this is finished. */
  readonly batch: Batch;
}

interface Released {
  readonly path: string;
  readonly entry: TargetFile;
  /** Why it was taken back, if it was. */
  readonly yanked: string | undefined;
}

/** `together`: devices whose files are written together. */
export function openDesk(shop: Workshop, together = 1): Desk {
  const known = new Map<string, readonly Released[]>();
  let image: TreeState | undefined;
  return {
    chain: readChain(shop.at.directorRoot),
    rootFiles: new Map(),
    lookedAt: new Set(),
    batch: openBatch(shop, together),
    released(module) {
      const { team, name, version } = module;
      const key = JSON.stringify([team, name, version]);
      const before = known.get(key);
      if (before !== undefined) return before;
      image ??= readTree(shop.at.image);
      if (image === undefined) {
        throw fault("REPO_UNREADABLE", { directory: shop.directory, reason: "no image metadata" });
      }
      const shelf = teamsIn(image.targets).includes(team) ? shelfOf(image, team) : undefined;
      const files = Object.values(releasePaths(team, name, version)).map((path): Released => {
        const entry = shelf?.find(path);
        if (entry === undefined) throw fault("REPO_NOT_RELEASED", { team, name, version });
        const facts = parseShape(releaseCustomShape, entry.custom["sallyport"], path);
        return { path, entry: asAssigned(entry), yanked: facts.ok ? facts.value.yanked : undefined };
      });
      known.set(key, files);
      return files;
    },
  };
}

/** What a device shall run from now on, by what it was told to run before. */
export type Choose = (now: Desired | undefined) => readonly DesiredModule[];
/** The same, or undefined to leave it at that. */
type Decide = (now: Desired | undefined) => readonly DesiredModule[] | undefined;

/** Makes a new desired state of a device, with the next revision; its revision. Throws a Fault. */
export async function assign(shop: Workshop, id: string, decide: Decide, desk: Desk = openDesk(shop)): Promise<number> {
  const device = unwrap(parseShape(deviceId, id, "the device"));
  const before = readTree(shop.at.director(device));
  const now = desiredIn(shop, device, before);
  const modules = decide(now);
  if (modules === undefined) return now?.rev ?? 0;
  const rev = (now?.rev ?? 0) + 1;
  const draft = { schema: "sallyport.desired/1", device, rev, modules };
  const desired = unwrap(parseShape(desiredShape, draft, "the desired state"));
  const bytes = utf8(canonicalJson(desired));
  if (bytes.byteLength > DESIRED_BYTES_MAX) {
    throw fault("REPO_TOO_LARGE", { what: "the desired state", size: bytes.byteLength, max: DESIRED_BYTES_MAX });
  }
  const targets: Record<string, TargetFile> = { [DESIRED_PATH]: targetEntry(DESIRED_PATH, bytes) };
  for (const module of desired.modules) {
    for (const { path, entry, yanked } of desk.released(module)) {
      // What a device has been assigned already may stay with it.
      if (yanked !== undefined && !Object.hasOwn(before?.targets.targets ?? {}, path)) {
        const { team, name, version } = module;
        throw fault("REPO_YANKED", { team, name, version, reason: yanked });
      }
      targets[path] = entry;
    }
  }
  await publishDirected(shop, { device, before, targets, files: new Map([[DESIRED_PATH, bytes]]), desk });
  return rev;
}

/** The entry as a director repeats it: without the list of deltas, which only its publisher vouches for. */
function asAssigned(released: TargetFile): TargetFile {
  const { custom, ...others } = released.unrecognizedFields;
  if (typeof custom !== "object" || custom === null || Array.isArray(custom)) return released;
  const { deltas: _, ...kept } = custom;
  return new TargetFile({ ...released, unrecognizedFields: { ...others, custom: kept } });
}

/** What is assigned to a device now. Throws a Fault when it is there but cannot be read. */
export function desiredOf(shop: Workshop, device: DeviceId): Desired | undefined {
  return desiredIn(shop, device, readTree(shop.at.director(device)));
}

function desiredIn(shop: Workshop, device: DeviceId, state: TreeState | undefined): Desired | undefined {
  const entry = state?.targets.targets[DESIRED_PATH];
  if (entry === undefined) return undefined;
  const { sha256 } = entry.hashes;
  const digest = unwrap(parseShape(sha256Hex, sha256, "the desired state's hash"));
  const file = targetFile(shop.at.director(device), DESIRED_PATH, digest);
  return unwrap(parseDesired(unwrap(readBounded(file, DESIRED_BYTES_MAX))));
}

/** Every device that was ever assigned something. */
export function devicesOf(shop: Workshop): readonly DeviceId[] {
  if (!existsSync(shop.at.directors)) return [];
  return readdirSync(shop.at.directors).flatMap((name) => {
    const parsed = parseShape(deviceId, name, "a device folder");
    return parsed.ok ? [parsed.value] : [];
  });
}

type Chain = ReturnType<typeof readChain>;

/** How many of the director's roots a device's tree has: they are copied in order. */
function rootsIn(tree: Tree, chain: Chain): number {
  let has = chain.length;
  while (has > 0 && !existsSync(join(tree.metadata, `${has}.root.json`))) has -= 1;
  return has;
}

/** Renews a device's metadata with the online keys; its desired state stays as it is. */
export async function renewDevice(
  shop: Workshop,
  { device, before, renewal, desk }: { device: DeviceId; before: TreeState; renewal: Renewal; desk: Desk },
): Promise<void> {
  const tree = shop.at.director(device);
  const { chain } = desk;
  const root = chain.at(-1)?.signed;
  if (renewal === "snapshot" || rootsIn(tree, chain) < chain.length || root === undefined) {
    await publishDirected(shop, { device, before, targets: before.targets.targets, files: new Map(), desk });
    return;
  }
  const online = { snapshot: [], timestamp: onlineKeys(shop, "director", "timestamp", { now: root }) };
  const bytes = await nextTimestamp(before, before.timestamp.snapshotMeta, {
    online,
    expires: { snapshot: "", timestamp: shop.expires("timestamp") },
    extra: bindTo(device),
  });
  await desk.batch.add({ files: [], timestamp: { path: join(tree.metadata, "timestamp.json"), bytes } });
}

/** Brings the director's newest root to every device that has not got it, with metadata that it verifies. */
export async function renewDevices(shop: Workshop): Promise<void> {
  const desk = openDesk(shop, TOGETHER);
  for (const device of devicesOf(shop)) {
    const tree = shop.at.director(device);
    if (rootsIn(tree, desk.chain) === desk.chain.length) continue;
    const before = readTree(tree);
    if (before !== undefined) await renewDevice(shop, { device, before, renewal: "snapshot", desk });
  }
  await desk.batch.finish();
}

interface Directed {
  readonly device: DeviceId;
  readonly before: TreeState | undefined;
  readonly targets: Record<string, TargetFile>;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly desk: Desk;
}

async function publishDirected(shop: Workshop, { device, before, targets, files, desk }: Directed): Promise<void> {
  const { chain } = desk;
  const tree = shop.at.director(device);
  const [root, has] = [chain.at(-1), rootsIn(tree, chain)];
  if (root === undefined) throw fault("REPO_UNFINISHED", { directory: shop.directory, reason: "no director root" });
  const rootBefore = before !== undefined && has < chain.length ? chain[has - 1] : undefined;
  const roots = { now: root.signed, before: rootBefore?.signed };
  const extra = bindTo(device);
  const next = nextTargets(before?.targets, { expires: shop.expires("director"), targets, extra });
  const signed = new Metadata(next);
  await addSignatures(signed, onlineKeys(shop, "director", "targets", roots));
  const made = await edition(
    {
      tree,
      before,
      online: {
        snapshot: onlineKeys(shop, "director", "snapshot", roots),
        timestamp: onlineKeys(shop, "director", "timestamp", roots),
      },
      expires: { snapshot: shop.expires("director"), timestamp: shop.expires("timestamp") },
      extra,
    },
    [{ role: "targets", version: next.version, bytes: fileOf(signed) }],
  );
  // Every device's metadata is made here, with the same keys: one look for each step of the roots is a look at all.
  if (has < chain.length && !desk.lookedAt.has(has)) {
    refuseBroken({ repository: "director", device }, chain, { ...made, roles: new Map([["targets", signed]]) });
    desk.lookedAt.add(has);
  }
  // Every version of the director's root is reachable under every device's base URL (DESIGN section 5). Clients read
  // meanwhile: new roots come after metadata that the old root accepts too, and before metadata that it does not.
  const versions = chain.slice(has).map((one) => one.signed.version);
  const rootsLast = rootBefore !== undefined && verifiesUnder(rootBefore, { ...topFiles(made), targets: signed });
  const timestamp = made.writes.at(-1);
  assert(timestamp !== undefined, "an edition ends with its timestamp");
  shop.stillLocked();
  if (!rootsLast) for (const version of versions) placeRoot(shop, desk, version, tree);
  await desk.batch.add({ files: [...targetWrites(tree, files), ...made.writes.slice(0, -1)], timestamp });
  if (!rootsLast) return;
  await desk.batch.finish();
  // Nothing is written after these, so they are files of their own.
  for (const version of versions)
    shop.disk.write(join(tree.metadata, `${version}.root.json`), rootBytes(shop, version));
}

function rootBytes(shop: Workshop, version: number): Uint8Array {
  return unwrap(readBounded(join(shop.at.directorRoot, `${version}.root.json`), ROOT_BYTES_MAX));
}

/** A root never changes under its name, so its copies are names of one file where the file system has such. */
function placeRoot(shop: Workshop, { rootFiles }: Desk, version: number, tree: Tree): void {
  const name = `${version}.root.json`;
  const path = join(tree.metadata, name);
  const from = rootFiles.get(version) ?? join(shop.at.directorRoot, name);
  if (shop.disk.link?.(from, path) === true) return;
  shop.disk.write(path, rootBytes(shop, version));
  // A file has so many names and no more (65 000 on ext4): those that follow are names of this one.
  rootFiles.set(version, path);
}

function topFiles(made: { readonly timestamp: Uint8Array; readonly snapshot: Uint8Array }) {
  const json = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString("utf8"));
  return {
    timestamp: Metadata.fromJSON(MetadataKind.Timestamp, json(made.timestamp)),
    snapshot: Metadata.fromJSON(MetadataKind.Snapshot, json(made.snapshot)),
  };
}
