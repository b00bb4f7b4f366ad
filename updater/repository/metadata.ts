/**
 * Making, signing, reading and writing metadata of a repository we own. Publication keeps TUF's order (targets, then
 * what names them, the timestamp last, each file durable before the next), so that a client sees the old state or the
 * new one at every moment, and a crash leaves only files that nothing names yet.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
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
import { ensureDirectory, readBounded, writeDurable } from "../../runtime/kernel/durable.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { DEVICE_FIELD, hashedPath } from "../layout.ts";
import { fault } from "./faults.ts";
import type { RoleKey } from "./keys.ts";
import type { Tree } from "./layout.ts";

const METADATA_BYTES_MAX = 16 * 1024 * 1024;

/** The current state of one tree, as its timestamp names it. Our own files: read, not judged. */
export interface TreeState {
  readonly timestamp: Timestamp;
  readonly snapshot: Snapshot;
  readonly targets: Targets;
  readonly delegated: ReadonlyMap<string, Targets>;
}

/** A role to be signed anew. */
export interface SignedRole {
  readonly role: string;
  readonly targets: Targets;
  readonly keys: readonly RoleKey[];
}

export interface Publication {
  readonly tree: Tree;
  readonly before: TreeState | undefined;
  /** New target files by path. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** New targets metadata, delegated roles before the role that delegates. */
  readonly roles: readonly SignedRole[];
  /** Signs snapshot and timestamp. */
  readonly online: RoleKey;
  readonly expires: { readonly snapshot: string; readonly timestamp: string };
  /** Fields inside `signed` of snapshot and timestamp: the device binding. */
  readonly extra: Record<string, string>;
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

/** Signs through the port with every given key and returns the file. */
export async function sign(
  signed: Root | Targets | Snapshot | Timestamp,
  keys: readonly RoleKey[],
): Promise<Uint8Array> {
  const metadata = new Metadata(signed);
  let message: Uint8Array = new Uint8Array();
  // The library's `sign` does not wait, a Signer may have to (a token, a KMS): take its canonical bytes only.
  metadata.sign((bytes) => {
    message = bytes;
    return new Signature({ keyID: "", sig: "" });
  });
  metadata.signatures = {};
  for (const { key, signer } of keys) {
    metadata.signatures[key.keyID] = new Signature({ keyID: key.keyID, sig: hex(await signer.sign(message)) });
  }
  return utf8(JSON.stringify(metadata.toJSON()));
}

/** Writes a publication in TUF's order. Throws a Fault; whatever was written before it is named by nothing. */
export async function publish(publication: Publication): Promise<void> {
  const { tree, before, roles, online, expires, extra } = publication;
  ensureDirectory(tree.metadata);
  for (const [path, bytes] of publication.files) writeTarget(tree, path, bytes);

  const meta = { ...before?.snapshot.meta };
  for (const { role, targets, keys } of roles) {
    const bytes = await sign(targets, keys);
    writeDurable(join(tree.metadata, `${targets.version}.${role}.json`), bytes);
    meta[`${role}.json`] = metaFile(targets.version, bytes);
  }
  const snapshot = new Snapshot({
    specVersion: SPEC_VERSION,
    version: (before?.snapshot.version ?? 0) + 1,
    expires: expires.snapshot,
    meta,
    unrecognizedFields: extra,
  });
  const snapshotBytes = await sign(snapshot, [online]);
  writeDurable(join(tree.metadata, `${snapshot.version}.snapshot.json`), snapshotBytes);

  const timestamp = new Timestamp({
    specVersion: SPEC_VERSION,
    version: (before?.timestamp.version ?? 0) + 1,
    expires: expires.timestamp,
    snapshotMeta: metaFile(snapshot.version, snapshotBytes),
    unrecognizedFields: extra,
  });
  // Last: this replacement is the publication.
  writeDurable(join(tree.metadata, "timestamp.json"), await sign(timestamp, [online]));
}

/** Where a target's bytes lie (consistent snapshots). */
export function targetFile(tree: Tree, path: string, digest: Sha256): string {
  return join(tree.targets, hashedPath(path, digest));
}

function writeTarget(tree: Tree, path: string, bytes: Uint8Array): void {
  const file = targetFile(tree, path, sha256(bytes));
  ensureDirectory(dirname(file));
  writeDurable(file, bytes);
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
  try {
    const timestamp = Metadata.fromJSON(MetadataKind.Timestamp, readJson(tree, "timestamp.json")).signed;
    const version = timestamp.snapshotMeta.version;
    const snapshot = Metadata.fromJSON(MetadataKind.Snapshot, readJson(tree, `${version}.snapshot.json`)).signed;
    const roles = new Map<string, Targets>();
    for (const [file, meta] of Object.entries(snapshot.meta)) {
      const { signed } = Metadata.fromJSON(MetadataKind.Targets, readJson(tree, `${meta.version}.${file}`));
      roles.set(file.replace(/\.json$/, ""), signed);
    }
    const targets = roles.get("targets");
    if (targets === undefined) throw new Error("the snapshot names no targets.json");
    roles.delete("targets");
    return { timestamp, snapshot, targets, delegated: roles };
  } catch (error) {
    throw fault("REPO_UNREADABLE", { directory: tree.metadata, reason: reasonOf(error) }, error);
  }
}

function readJson(tree: Tree, name: string) {
  return JSON.parse(Buffer.from(unwrap(readBounded(join(tree.metadata, name), METADATA_BYTES_MAX))).toString("utf8"));
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
    unrecognizedFields: change.extra ?? {},
  });
}
