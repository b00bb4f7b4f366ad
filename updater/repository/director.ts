/**
 * Directed metadata as in Uptane: one small repository for each device, whose targets are the desired state and the
 * entries of every file that it may then fetch, copied from the image repository. All of it carries the device's id.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Metadata, MetadataKind, TargetFile } from "@tufjs/models";
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

/** Makes `modules` the desired state of a device, with the next revision. Throws a Fault. */
export async function assign(shop: Workshop, id: string, modules: readonly DesiredModule[]): Promise<Desired> {
  const device = unwrap(parseShape(deviceId, id, "the device"));
  const rev = (desiredOf(shop, device)?.rev ?? 0) + 1;
  // What a device has been assigned already may stay with it.
  const kept = new Set(Object.keys(readTree(shop.at.director(device))?.targets.targets ?? {}));
  const draft = { schema: "sallyport.desired/1", device, rev, modules };
  const desired = unwrap(parseShape(desiredShape, draft, "the desired state"));
  const bytes = utf8(canonicalJson(desired));
  if (bytes.byteLength > DESIRED_BYTES_MAX) {
    throw fault("REPO_TOO_LARGE", { what: "the desired state", size: bytes.byteLength, max: DESIRED_BYTES_MAX });
  }
  const targets: Record<string, TargetFile> = { [DESIRED_PATH]: targetEntry(DESIRED_PATH, bytes) };
  const image = readTree(shop.at.image);
  if (image === undefined) throw fault("REPO_UNREADABLE", { directory: shop.directory, reason: "no image metadata" });
  const teams = teamsIn(image.targets);
  for (const module of desired.modules) {
    const shelf = teams.includes(module.team) ? shelfOf(image, module.team) : undefined;
    for (const path of Object.values(releasePaths(module.team, module.name, module.version))) {
      const released = shelf?.find(path);
      if (released === undefined) {
        const { team, name, version } = module;
        throw fault("REPO_NOT_RELEASED", { team, name, version });
      }
      const facts = parseShape(releaseCustomShape, released.custom["sallyport"], path);
      if (facts.ok && facts.value.yanked !== undefined && !kept.has(path)) {
        const { team, name, version } = module;
        throw fault("REPO_YANKED", { team, name, version, reason: facts.value.yanked });
      }
      targets[path] = asAssigned(released);
    }
  }
  await publishDirected(shop, device, targets, new Map([[DESIRED_PATH, bytes]]));
  return desired;
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
  const tree = shop.at.director(device);
  const entry = readTree(tree)?.targets.targets[DESIRED_PATH];
  if (entry === undefined) return undefined;
  const { sha256 } = entry.hashes;
  const digest = unwrap(parseShape(sha256Hex, sha256, "the desired state's hash"));
  return unwrap(parseDesired(unwrap(readBounded(targetFile(tree, DESIRED_PATH, digest), DESIRED_BYTES_MAX))));
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

/** Renews a device's metadata with the online key; its desired state stays as it is. */
export async function renewDevice(
  shop: Workshop,
  device: DeviceId,
  renewal: Renewal,
  chain: Chain = readChain(shop.at.directorRoot),
): Promise<boolean> {
  const tree = shop.at.director(device);
  const before = readTree(tree);
  if (before === undefined) return false;
  const root = chain.at(-1)?.signed;
  const isCurrent = rootsIn(tree, chain) === chain.length;
  if (renewal === "snapshot" || !isCurrent || root === undefined) {
    await publishDirected(shop, device, before.targets.targets, new Map(), chain);
    return true;
  }
  const online = { snapshot: [], timestamp: onlineKeys(shop, "director", "timestamp", { now: root }) };
  const bytes = await nextTimestamp(before, before.timestamp.snapshotMeta, {
    online,
    expires: { snapshot: "", timestamp: shop.expires("timestamp") },
    extra: bindTo(device),
  });
  shop.stillLocked();
  shop.disk.write(join(tree.metadata, "timestamp.json"), bytes);
  return true;
}

/** Brings the director's newest root to every device that has not got it, with metadata that it verifies. */
export async function renewDevices(shop: Workshop): Promise<void> {
  const chain = readChain(shop.at.directorRoot);
  for (const device of devicesOf(shop)) {
    if (rootsIn(shop.at.director(device), chain) < chain.length) await renewDevice(shop, device, "snapshot", chain);
  }
}

async function publishDirected(
  shop: Workshop,
  device: DeviceId,
  targets: Record<string, TargetFile>,
  files: ReadonlyMap<string, Uint8Array>,
  chain: Chain = readChain(shop.at.directorRoot),
): Promise<void> {
  const tree = shop.at.director(device);
  const before: TreeState | undefined = readTree(tree);
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
  if (has < chain.length) {
    refuseBroken({ repository: "director", device }, chain, { ...made, roles: new Map([["targets", signed]]) });
  }
  // Every version of the director's root is reachable under every device's base URL (DESIGN section 5). Clients read
  // meanwhile: new roots come after metadata that the old root accepts too, and before metadata that it does not.
  const copies = chain.slice(has).map((one) => ({
    path: join(tree.metadata, `${one.signed.version}.root.json`),
    bytes: unwrap(readBounded(join(shop.at.directorRoot, `${one.signed.version}.root.json`), ROOT_BYTES_MAX)),
  }));
  const top = { ...topFiles(made), targets: signed };
  const rootsLast = rootBefore !== undefined && verifiesUnder(rootBefore, top);
  const writes = rootsLast ? [...made.writes, ...copies] : [...copies, ...made.writes];
  shop.stillLocked();
  for (const write of [...targetWrites(tree, files), ...writes]) shop.disk.write(write.path, write.bytes);
}

function topFiles(made: { readonly timestamp: Uint8Array; readonly snapshot: Uint8Array }) {
  const json = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString("utf8"));
  return {
    timestamp: Metadata.fromJSON(MetadataKind.Timestamp, json(made.timestamp)),
    snapshot: Metadata.fromJSON(MetadataKind.Snapshot, json(made.snapshot)),
  };
}
