/**
 * Looks a whole repository over as its clients would: every role through the client's own refresh, every target and
 * delta against what was signed, every device's assignment against the image repository. It reads the public part
 * only, so a mirror or a stick can be looked over too, and it goes on after what it finds.
 */
import { createReadStream, existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { DeviceId } from "../../runtime/kernel/brand.ts";
import { sha256Stream } from "../../runtime/kernel/digest.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import { fileSource } from "../client/file-source.ts";
import type { Trust } from "../client/trust.ts";
import { assignedPaths, makeView } from "../client/view.ts";
import { fault } from "../faults.ts";
import { paths, type Tree } from "./layout.ts";
import { devicesIn, directorFiles, firstRoot, imageFiles, type NamedFile, readExpired } from "./public.ts";

export interface Finding {
  /** `image`, or `director/<device>`. */
  readonly where: string;
  /** What a client meets there. */
  readonly fault: Fault;
}

export interface Verified {
  readonly findings: readonly Finding[];
  readonly devices: number;
  readonly roles: number;
  readonly targets: number;
  readonly deltas: number;
  /** Bytes of the targets and deltas that were hashed. */
  readonly bytes: number;
  /** Files below the image's `targets` that nothing names: of no harm, and of no use. */
  readonly unnamed: readonly string[];
}

export interface VerifyOptions {
  now(): number;
  /** One device only; all without. */
  readonly device?: DeviceId;
  /** After each device and each hashed file: how much of the whole is done. */
  onProgress?(done: number, of: number): void;
}

/** What it finds is in the answer; nothing of it is thrown. */
export async function verifyTree(directory: string, options: VerifyOptions): Promise<Verified> {
  const at = paths(directory);
  const findings: Finding[] = [];
  const found = (where: string) => (what: Fault) => void findings.push({ where, fault: what });
  const count = { devices: 0, roles: 0, targets: 0, deltas: 0, bytes: 0 };

  const image = await readTreeOf(at.image, undefined, options.now(), found("image"));
  const files = image === undefined ? [] : imageFiles(image);
  const devices = options.device === undefined ? devicesIn(at.directors) : [options.device];
  let done = 0;
  const step = () => options.onProgress?.(++done, files.length + devices.length);
  const hash = async (tree: Tree, file: NamedFile, where: string) => {
    count[file.kind] += 1;
    count.bytes += await checkFile(join(tree.targets, file.place), file, found(where));
  };

  for (const file of files) {
    await hash(at.image, file, "image");
    step();
  }
  count.roles += image?.loadedRoles().length ?? 0;
  for (const device of devices) {
    const [where, tree] = [`director/${device}`, at.director(device)];
    const director = await readTreeOf(tree, device, options.now(), found(where));
    if (director !== undefined) {
      count.devices += 1;
      count.roles += director.loadedRoles().length;
      if (image !== undefined) for (const one of disagreements(image, director)) found(where)(one);
      for (const file of directorFiles(director)) await hash(tree, file, where);
    }
    step();
  }
  const named = new Set(files.map(({ place }) => place));
  const unnamed = image === undefined ? [] : listed(at.image.targets).filter((path) => !named.has(path));
  return { findings, ...count, unnamed };
}

async function readTreeOf(
  tree: Tree,
  device: DeviceId | undefined,
  at: number,
  report: (what: Fault) => void,
): Promise<Trust | undefined> {
  const root = firstRoot(tree);
  if (!root.ok) {
    report(root.error);
    return undefined;
  }
  const url = (folder: string) => `${pathToFileURL(folder).href}/`;
  const source = fileSource({ metadataUrl: url(tree.metadata), targetsUrl: url(tree.targets) });
  return readExpired({ source, root: root.value, at, ...(device === undefined ? {} : { device }) }, report);
}

function disagreements(image: Trust, director: Trust): readonly Fault[] {
  const view = makeView(image, director, new Map());
  return assignedPaths(director).flatMap((path) => {
    const agreed = view.agreed(path);
    return agreed.ok ? [] : [agreed.error];
  });
}

/** Hashes a file in pieces; answers how many bytes that was. */
async function checkFile(place: string, file: NamedFile, report: (what: Fault) => void): Promise<number> {
  const { path, length: expected } = file;
  const stats = lstatSync(place, { throwIfNoEntry: false });
  if (!stats?.isFile()) {
    report(fault("UPDATE_TARGET_MISSING", { path, repository: "image" }));
    return 0;
  }
  if (stats.size !== expected) {
    report(fault("UPDATE_TARGET_LENGTH", { path, expected, actual: stats.size }));
    return 0;
  }
  const hash = sha256Stream();
  for await (const chunk of createReadStream(place, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  const actual = hash.digest();
  if (actual !== file.sha256) report(fault("UPDATE_TARGET_HASH", { path, expected: file.sha256, actual }));
  return stats.size;
}

function listed(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name).slice(folder.length + 1))
    .sort();
}
