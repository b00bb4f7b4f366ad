/**
 * Directed metadata as in Uptane: one small repository for each device, whose targets are the desired state and the
 * entries of every file that it may then fetch, copied from the image repository. All of it carries the device's id.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { TargetFile } from "@tufjs/models";
import {
  DESIRED_BYTES_MAX,
  DESIRED_PATH,
  type Desired,
  type DesiredModule,
  desiredShape,
  parseDesired,
} from "../../runtime/kernel/authority/desired.ts";
import { releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import { type DeviceId, deviceId, sha256Hex } from "../../runtime/kernel/brand.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { ensureDirectory, readBounded, writeDurable } from "../../runtime/kernel/durable.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { fault } from "./faults.ts";
import { imageState } from "./image.ts";
import { teamRole } from "./layout.ts";
import { bindTo, nextTargets, publish, readTree, type TreeState, targetEntry, targetFile } from "./metadata.ts";
import type { Workshop } from "./workshop.ts";

const ROOT_BYTES_MAX = 512_000;

/** Makes `modules` the desired state of a device, with the next revision. Throws a Fault. */
export async function assign(shop: Workshop, id: string, modules: readonly DesiredModule[]): Promise<Desired> {
  const device = unwrap(parseShape(deviceId, id, "the device"));
  const rev = (desiredOf(shop, device)?.rev ?? 0) + 1;
  const draft = { schema: "sallyport.desired/1", device, rev, modules };
  const desired = unwrap(parseShape(desiredShape, draft, "the desired state"));
  const bytes = utf8(canonicalJson(desired));
  if (bytes.byteLength > DESIRED_BYTES_MAX) {
    throw fault("REPO_TOO_LARGE", { what: "the desired state", size: bytes.byteLength, max: DESIRED_BYTES_MAX });
  }
  const targets: Record<string, TargetFile> = { [DESIRED_PATH]: targetEntry(DESIRED_PATH, bytes) };
  const image = imageState(shop);
  for (const module of desired.modules) {
    const role = image.delegated.get(teamRole(module.team));
    for (const path of Object.values(releasePaths(module.team, module.name, module.version))) {
      const released = role !== undefined && Object.hasOwn(role.targets, path) ? role.targets[path] : undefined;
      if (released === undefined) {
        const { team, name, version } = module;
        throw fault("REPO_NOT_RELEASED", { team, name, version });
      }
      targets[path] = released;
    }
  }
  await publishDirected(shop, device, targets, new Map([[DESIRED_PATH, bytes]]));
  return desired;
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

/** Renews a device's metadata with the online key; its desired state stays as it is. */
export async function resignDevice(shop: Workshop, device: DeviceId): Promise<boolean> {
  const before = readTree(shop.at.director(device));
  if (before === undefined) return false;
  await publishDirected(shop, device, before.targets.targets, new Map());
  return true;
}

async function publishDirected(
  shop: Workshop,
  device: DeviceId,
  targets: Record<string, TargetFile>,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  const tree = shop.at.director(device);
  const before: TreeState | undefined = readTree(tree);
  const online = shop.keyring(shop.config.keys.directorOnline);
  const extra = bindTo(device);
  copyRoots(shop, tree.metadata);
  const next = nextTargets(before?.targets, { expires: shop.expires("director"), targets, extra });
  await publish({
    tree,
    before,
    files,
    roles: [{ role: "targets", targets: next, keys: [online] }],
    online,
    expires: { snapshot: shop.expires("director"), timestamp: shop.expires("timestamp") },
    extra,
  });
}

/** Every version of the director's root is reachable under every device's base URL (DESIGN section 5). */
function copyRoots(shop: Workshop, metadata: string): void {
  ensureDirectory(metadata);
  for (const name of readdirSync(shop.at.directorRoot)) {
    if (!/^\d+\.root\.json$/.test(name) || existsSync(join(metadata, name))) continue;
    writeDurable(join(metadata, name), unwrap(readBounded(join(shop.at.directorRoot, name), ROOT_BYTES_MAX)));
  }
}
