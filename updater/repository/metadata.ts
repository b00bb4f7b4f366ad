/**
 * Making, signing, reading and writing metadata of a repository we own. Publication keeps TUF's order (targets, then
 * what names them, the timestamp last, each file durable before the next), so that a client sees the old state or the
 * new one at every moment, and a crash leaves only files that nothing names yet.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  Metadata,
  MetadataKind,
  MetaFile,
  type Root,
  Signature,
  Snapshot,
  TargetFile,
  Targets,
  Timestamp,
} from "@tufjs/models";
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { hex, utf8 } from "../../runtime/kernel/bytes.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { readBounded } from "../../runtime/kernel/durable.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { DEVICE_FIELD, hashedPath } from "../layout.ts";
import { type Disk, realDisk } from "./disk.ts";
import { fault } from "./faults.ts";
import type { Tree } from "./layout.ts";
import { lazyRoles, type Roles } from "./roles.ts";
import type { RoleKey } from "./tuf-key.ts";

const METADATA_BYTES_MAX = 16 * 1024 * 1024;

/** What names the files of a tree that are current. */
export interface Named {
  readonly timestamp: Timestamp;
  readonly snapshot: Snapshot;
}

/** The current state of one tree, as its timestamp names it. Our own files: read, not judged. */
export interface TreeState extends Named {
  readonly targets: Targets;
  /** Read when asked for, as are their bytes. Both throw REPO_UNREADABLE. */
  readonly delegated: Roles<Targets>;
  text(role: string): string;
}

/** A role to be signed anew. */
export interface SignedRole {
  readonly role: string;
  readonly targets: Targets;
  readonly keys: readonly RoleKey[];
}

/** A targets role that is signed already. */
export interface RoleFile {
  readonly role: string;
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** The keys that sign what is renewed without people. */
export interface OnlineKeys {
  readonly snapshot: readonly RoleKey[];
  readonly timestamp: readonly RoleKey[];
}

interface Edition {
  readonly tree: Tree;
  readonly before: Named | undefined;
  readonly online: OnlineKeys;
  readonly expires: { readonly snapshot: string; readonly timestamp: string };
  /** Fields inside `signed` of snapshot and timestamp: the device binding. */
  readonly extra: Record<string, string>;
}

export interface Publication extends Edition {
  /** New target files by path. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** New targets metadata, delegated roles before the role that delegates. */
  readonly roles: readonly SignedRole[];
  readonly disk?: Disk;
}

/** What is signed anew when nothing else changed: the timestamp alone, or the snapshot with it. */
export type Renewal = "snapshot" | "timestamp";

/** One file to be put in place; a publication is a list of them, in order. */
export interface Write {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export const SPEC_VERSION = "1.0.31";

/** The device binding of directed metadata; empty for the image repository. */
export function bindTo(device: string | undefined): Record<string, string> {
  return device === undefined ? {} : { [DEVICE_FIELD]: device };
}

/** TUF 4.2: seconds, in UTC. */
export function expiryAfter(now: number, days: number): string {
  return new Date(now + days * 86_400_000).toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** The bytes that are signed: the library's canonical form. */
export function canonicalBytes(signed: Root | Targets | Snapshot | Timestamp): Uint8Array {
  let message: Uint8Array = new Uint8Array();
  // The library's `sign` does not wait, a Signer may have to (a token, a KMS): take its canonical bytes only.
  new Metadata(signed).sign((bytes) => {
    message = bytes;
    return new Signature({ keyID: "", sig: "" });
  });
  return message;
}

/** The digest that names a document, whoever has signed it. */
export function signedDigest({ signed }: { readonly signed: Root | Targets | Snapshot | Timestamp }): Sha256 {
  return sha256(canonicalBytes(signed));
}

/** Signs through the port with every given key and returns the file. */
export async function sign(
  signed: Root | Targets | Snapshot | Timestamp,
  keys: readonly RoleKey[],
): Promise<Uint8Array> {
  const metadata = new Metadata(signed);
  await addSignatures(metadata, keys);
  return fileOf(metadata);
}

/** Adds the signature of each key, in place of one that the key made before. */
export async function addSignatures(
  metadata: Metadata<Root | Targets | Snapshot | Timestamp>,
  keys: readonly RoleKey[],
): Promise<void> {
  const message = canonicalBytes(metadata.signed);
  for (const { key, signer } of keys) {
    metadata.signatures[key.keyID] = new Signature({ keyID: key.keyID, sig: hex(await signer.sign(message)) });
  }
}

/** The bytes of a metadata file. */
export function fileOf(metadata: Metadata<Root | Targets | Snapshot | Timestamp>): Uint8Array {
  return utf8(JSON.stringify(metadata.toJSON()));
}

/** Writes a publication in TUF's order. Throws a Fault; whatever was written before it is named by nothing. */
export async function publish(publication: Publication): Promise<void> {
  const { tree, disk = realDisk } = publication;
  for (const write of targetWrites(tree, publication.files)) disk.write(write.path, write.bytes);
  const roles: RoleFile[] = [];
  for (const { role, targets, keys } of publication.roles) {
    roles.push({ role, version: targets.version, bytes: await sign(targets, keys) });
  }
  for (const write of (await edition(publication, roles)).writes) disk.write(write.path, write.bytes);
}

/** The files that make `roles` the current ones, the timestamp last: putting that in place is the publication. */
export async function edition(
  { tree, before, online, expires, extra }: Edition,
  roles: readonly RoleFile[],
): Promise<{ readonly writes: readonly Write[]; readonly snapshot: Uint8Array; readonly timestamp: Uint8Array }> {
  const at = (name: string) => join(tree.metadata, name);
  const meta = { ...before?.snapshot.meta };
  const writes: Write[] = roles.map(({ role, version, bytes }) => {
    meta[`${role}.json`] = metaFile(version, bytes);
    return { path: at(`${version}.${role}.json`), bytes };
  });
  const version = (before?.snapshot.version ?? 0) + 1;
  const signed = { specVersion: SPEC_VERSION, version, expires: expires.snapshot, meta, unrecognizedFields: extra };
  const snapshot = await sign(new Snapshot(signed), online.snapshot);
  const timestamp = await nextTimestamp(before, metaFile(version, snapshot), { online, expires, extra });
  writes.push({ path: at(`${version}.snapshot.json`), bytes: snapshot });
  writes.push({ path: at("timestamp.json"), bytes: timestamp });
  return { writes, snapshot, timestamp };
}

/** A timestamp one version on; on its own it renews what it names. */
export function nextTimestamp(
  before: Named | undefined,
  snapshotMeta: MetaFile,
  { online, expires, extra }: Pick<Edition, "online" | "expires" | "extra">,
): Promise<Uint8Array> {
  const version = (before?.timestamp.version ?? 0) + 1;
  const signed = { specVersion: SPEC_VERSION, version, expires: expires.timestamp, snapshotMeta };
  return sign(new Timestamp({ ...signed, unrecognizedFields: extra }), online.timestamp);
}

/** Where a target's bytes lie (consistent snapshots). */
export function targetFile(tree: Tree, path: string, digest: Sha256): string {
  return join(tree.targets, hashedPath(path, digest));
}

/** Target files under the names that their content gives. */
export function targetWrites(tree: Tree, files: ReadonlyMap<string, Uint8Array>): readonly Write[] {
  return [...files].map(([path, bytes]) => ({ path: targetFile(tree, path, sha256(bytes)), bytes }));
}

function metaFile(version: number, bytes: Uint8Array): MetaFile {
  return new MetaFile({ version, length: bytes.byteLength, hashes: { sha256: sha256(bytes) } });
}

/** The entry for a target's bytes. */
export function targetEntry(path: string, bytes: Uint8Array, custom?: object): TargetFile {
  return new TargetFile({
    path,
    length: bytes.byteLength,
    hashes: { sha256: sha256(bytes) },
    // Custom facts are JSON by construction; the cast says so to the library's type.
    unrecognizedFields: custom === undefined ? {} : { custom: JSON.parse(JSON.stringify(custom)) },
  });
}

/** Reads a tree's current state; undefined when nothing was published in it yet. Throws REPO_UNREADABLE. */
export function readTree(tree: Tree): TreeState | undefined {
  if (!existsSync(join(tree.metadata, "timestamp.json"))) return undefined;
  return orUnreadable(tree, () => {
    const timestamp = Metadata.fromJSON(MetadataKind.Timestamp, readJson(tree, "timestamp.json")).signed;
    const version = timestamp.snapshotMeta.version;
    const snapshot = Metadata.fromJSON(MetadataKind.Snapshot, readJson(tree, `${version}.snapshot.json`)).signed;
    const text = (role: string) => readText(tree, `${snapshot.meta[`${role}.json`]?.version}.${role}.json`);
    const read = (role: string) => Metadata.fromJSON(MetadataKind.Targets, JSON.parse(text(role))).signed;
    const names = Object.keys(snapshot.meta).map((file) => file.replace(/\.json$/, ""));
    if (!names.includes("targets")) throw new Error("the snapshot names no targets.json");
    const delegated = lazyRoles(
      names.filter((name) => name !== "targets"),
      (role) => orUnreadable(tree, () => read(role)),
    );
    const targets = read("targets");
    return { timestamp, snapshot, targets, delegated, text: (role) => orUnreadable(tree, () => text(role)) };
  });
}

function orUnreadable<T>(tree: Tree, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw fault("REPO_UNREADABLE", { directory: tree.metadata, reason: reasonOf(error) }, error);
  }
}

function readText(tree: Tree, name: string): string {
  return Buffer.from(unwrap(readBounded(join(tree.metadata, name), METADATA_BYTES_MAX))).toString("utf8");
}

function readJson(tree: Tree, name: string) {
  return JSON.parse(readText(tree, name));
}

/** The successor of a targets role: one version on, a new expiry, changed entries. */
export function nextTargets(
  before: Targets | undefined,
  change: { expires: string; targets: Record<string, TargetFile>; extra?: Record<string, string> },
): Targets {
  return new Targets({
    specVersion: SPEC_VERSION,
    version: (before?.version ?? 0) + 1,
    expires: change.expires,
    targets: change.targets,
    ...(before?.delegations === undefined ? {} : { delegations: before.delegations }),
    unrecognizedFields: change.extra ?? before?.unrecognizedFields ?? {},
  });
}
