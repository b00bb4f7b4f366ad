/** Publishing into the image repository: the owner's targets and the teams' releases. Throws Faults. */
import type { Targets } from "@tufjs/models";
import { assert } from "../../runtime/kernel/assert.ts";
import { MODULE_BYTES_MAX, releasePaths, targetPath } from "../../runtime/kernel/authority/manifest.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { isOwners } from "../layout.ts";
import { fault } from "./faults.ts";
import { teamRole } from "./layout.ts";
import { nextTargets, publish, readTree, type SignedRole, type TreeState, targetEntry } from "./metadata.ts";
import { checkInput, nextFacts, type Release, type ReleaseInput, releasesIn } from "./releases.ts";
import type { Workshop } from "./workshop.ts";

/** Boards read at most this many entries of one role. */
const ENTRIES_MAX = 2000;

export function imageState(shop: Workshop): TreeState {
  const state = readTree(shop.at.image);
  if (state === undefined) throw fault("REPO_UNREADABLE", { directory: shop.directory, reason: "no image metadata" });
  return state;
}

/** Adds or replaces targets of the owner's role, signed with the owner keys at their threshold. */
export async function putOwnerTargets(shop: Workshop, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const before = imageState(shop);
  const targets = { ...before.targets.targets };
  for (const [path, bytes] of files) {
    if (!isOwners(path) || !parseShape(targetPath, path, "a target path").ok) throw fault("REPO_PATH", { path });
    if (bytes.byteLength > MODULE_BYTES_MAX) {
      throw fault("REPO_TOO_LARGE", { what: path, size: bytes.byteLength, max: MODULE_BYTES_MAX });
    }
    targets[path] = targetEntry(path, bytes);
  }
  const keys = shop.config.keys.owner.slice(0, shop.config.thresholds.targets).map(shop.keyring);
  const next = nextTargets(before.targets, { expires: shop.expires("targets"), targets });
  await publishImage(shop, before, files, { role: "targets", targets: next, keys });
}

/** Signs a release with its team's key. The same release again is answered, not published twice. */
export async function publishRelease(shop: Workshop, input: ReleaseInput): Promise<Release> {
  const manifest = checkInput(input);
  const { team, name, version } = manifest;
  const before = imageState(shop);
  const role = teamRole(team);
  const current = before.delegated.get(role);
  const keyFile = shop.config.keys.teams[team];
  if (current === undefined || keyFile === undefined) {
    throw fault("REPO_UNKNOWN_TEAM", { team, teams: shop.config.teams });
  }

  const files = releasePaths(team, name, version);
  const content = new Map([
    [files.manifest, input.manifest],
    [files.module, input.module],
    [files.bundle, input.bundle],
  ]);
  const siblings = releasesIn(current).filter((one) => one.name === name);
  const existing = siblings.find((one) => one.version === version);
  if (existing !== undefined) {
    const same =
      [...content].every(([path, bytes]) => hashOf(current, path) === sha256(bytes)) &&
      canonicalJson(existing.hardware) === canonicalJson(input.hardware) &&
      (input.releaseFloor ?? existing.releaseFloor) === existing.releaseFloor;
    if (same) return existing;
    throw fault("REPO_VERSION_EXISTS", { team, name, version });
  }

  const facts = nextFacts(manifest, input, siblings);
  const targets = { ...current.targets };
  for (const [kind, path] of Object.entries(files)) {
    const bytes = content.get(path);
    assert(bytes !== undefined, "every part of a release has bytes");
    targets[path] = targetEntry(path, bytes, { sallyport: { kind, ...facts } });
  }
  const count = Object.keys(targets).length;
  if (count > ENTRIES_MAX) throw fault("REPO_FULL", { role, count, max: ENTRIES_MAX });
  const next = nextTargets(current, { expires: shop.expires("team"), targets });
  await publishImage(shop, before, content, { role, targets: next, keys: [shop.keyring(keyFile)] });
  const release = releasesIn(next).find((one) => one.name === name && one.version === version);
  assert(release !== undefined, "a published release is listed");
  return release;
}

/** Renews snapshot and timestamp with the online key. */
export async function resignImage(shop: Workshop): Promise<void> {
  await publishImage(shop, imageState(shop), new Map());
}

async function publishImage(
  shop: Workshop,
  before: TreeState,
  files: ReadonlyMap<string, Uint8Array>,
  ...roles: readonly SignedRole[]
): Promise<void> {
  await publish({
    tree: shop.at.image,
    before,
    files,
    roles,
    online: shop.keyring(shop.config.keys.imageOnline),
    expires: { snapshot: shop.expires("snapshot"), timestamp: shop.expires("timestamp") },
    extra: {},
  });
}

function hashOf(role: Targets, path: string): string | undefined {
  const { sha256: hash } = role.targets[path]?.hashes ?? {};
  return hash;
}
