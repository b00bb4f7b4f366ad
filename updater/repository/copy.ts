/**
 * A verified copy of the public part: from a directory, an archive or a server into a directory or one archive. What a
 * mirror's operator runs, and what makes a stick for boards without a network. The copy is read as a board would read
 * it and taken whole, so it is one consistent state even while somebody publishes; names that give away the content go
 * first and the timestamps last, so whoever reads the copy meanwhile sees the old state or the new one.
 */
import type { DeviceId } from "../../runtime/kernel/brand.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { memorySink, type Source } from "../client/source.ts";
import type { Trust } from "../client/trust.ts";
import { assignedPaths } from "../client/view.ts";
import { fault as updateFault } from "../faults.ts";
import { directorFiles, imageFiles, type NamedFile, readPublic } from "./public.ts";

/** Where a copy goes: whole files by path below its base, in the order in which they shall appear. */
export interface CopyPlace {
  /** Whether the bytes of that length are there already; only asked for names that give away the content. */
  has(path: string, length: number, digest: string): boolean | Promise<boolean>;
  put(path: string, bytes: Uint8Array): void | Promise<void>;
}

export interface CopyOptions {
  readonly image: { readonly source: Source; readonly root: Uint8Array };
  /** The devices whose directed metadata is copied too. */
  readonly devices: readonly DeviceId[];
  director(device: DeviceId): { readonly source: Source; readonly root: Uint8Array };
  /** Only what these devices are assigned, and the owner's targets; everything otherwise. */
  readonly assignedOnly: boolean;
  now(): number;
  onProgress?(doneBytes: number, ofBytes: number): void;
}

export interface Copied {
  readonly files: number;
  readonly bytes: number;
  /** Files that were there already. */
  readonly kept: number;
}

interface Job {
  readonly source: Source;
  readonly base: string;
  readonly file: NamedFile;
}

/** Throws a Fault: what a board would refuse is not copied. */
export async function copyPublic(options: CopyOptions, place: CopyPlace): Promise<Copied> {
  const at = options.now();
  const image = unwrap(await readPublic({ ...options.image, at }));
  const directors = new Map<DeviceId, { readonly trust: Trust; readonly source: Source; readonly root: Uint8Array }>();
  for (const device of options.devices) {
    const from = options.director(device);
    directors.set(device, { ...from, trust: unwrap(await readPublic({ ...from, device, at })) });
  }

  const wanted = new Set([...directors.values()].flatMap(({ trust }) => assignedPaths(trust)));
  const owners = new Set(Object.keys(image.topTargets().targets));
  const needed = (file: NamedFile) =>
    !options.assignedOnly || (file.kind === "targets" && (wanted.has(file.path) || owners.has(file.path)));
  const jobs: Job[] = imageFiles(image)
    .filter(needed)
    .map((file) => ({ source: options.image.source, base: "image", file }));
  for (const [device, { trust, source }] of directors) {
    for (const file of directorFiles(trust)) jobs.push({ source, base: `director/${device}`, file });
  }

  const count = { files: 0, bytes: 0, kept: 0 };
  const all = jobs.reduce((sum, { file }) => sum + file.length, 0);
  let done = 0;
  for (const { source, base, file } of jobs) {
    const path = `${base}/targets/${file.place}`;
    if (await place.has(path, file.length, file.sha256)) count.kept += 1;
    else {
      await place.put(path, await bytesOf(source, file));
      count.files += 1;
      count.bytes += file.length;
    }
    done += file.length;
    options.onProgress?.(done, all);
  }
  const trees = [
    { base: "image", trust: image, root: options.image.root },
    ...[...directors].map(([device, { trust, root }]) => ({ base: `director/${device}`, trust, root })),
  ];
  for (const { base, trust, root } of trees) {
    for (const [name, bytes] of metadataFiles(trust, root)) {
      await place.put(`${base}/metadata/${name}`, bytes);
      count.files += 1;
      count.bytes += bytes.byteLength;
    }
  }
  for (const { base, trust } of trees) await place.put(`${base}/metadata/timestamp.json`, trust.files().timestamp);
  return { ...count, files: count.files + trees.length };
}

async function bytesOf(source: Source, { path, place, length, sha256: expected }: NamedFile): Promise<Uint8Array> {
  const sink = memorySink(length);
  await source.target(place, length, sink);
  const actual = sha256(sink.bytes());
  if (actual !== expected) throw updateFault("UPDATE_TARGET_HASH", { path, expected, actual });
  return sink.bytes();
}

/** Everything but the timestamp, by name: roots from the given one on, snapshot, targets roles. */
function metadataFiles(trust: Trust, first: Uint8Array): readonly (readonly [string, Uint8Array])[] {
  const { roots, snapshot, targets, delegated } = trust.files();
  const { root: newest, ...versions } = trust.versions();
  const oldest = newest - roots.length;
  return [
    ...[first, ...roots].map((bytes, at) => [`${oldest + at}.root.json`, bytes] as const),
    ...delegated.map(({ role, bytes }) => [`${trust.targetsWanted(role).version}.${role}.json`, bytes] as const),
    [`${versions.targets}.targets.json`, targets],
    [`${versions.snapshot}.snapshot.json`, snapshot],
  ];
}
