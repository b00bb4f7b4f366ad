/**
 * Metadata as somebody makes it who holds some keys: a file of a tree is read, changed, signed again with the keys that
 * were stolen and written where boards read it. What names it is left as it was; who has more keys forges that as well.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Metadata, MetaFile, Root, Snapshot, Targets, Timestamp } from "@tufjs/models";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { openKeyring } from "../../../updater/repository/keys.ts";
import type { Tree } from "../../../updater/repository/layout.ts";
import { addSignatures, sign } from "../../../updater/repository/metadata.ts";
import type { Site } from "../../unit/updater/site.ts";

/** The fields of a snapshot or timestamp, to be set. */
export interface Forged {
  version: number;
  expires: string;
  meta: Record<string, { version: number; length?: number; hashes?: Record<string, string> }>;
}

/** The document in a file. */
export function read(file: string): { signed: Record<string, unknown>; signatures: { keyid: string; sig: string }[] } {
  return JSON.parse(readFileSync(file, "utf8"));
}

export function write(file: string, document: unknown): void {
  writeFileSync(file, JSON.stringify(document));
}

/** The version that a tree's timestamp names for its snapshot. */
export function snapshotVersion(tree: Tree): number {
  const { meta } = read(join(tree.metadata, "timestamp.json")).signed as unknown as Forged;
  return meta["snapshot.json"]?.version ?? 0;
}

/** Which of the site's key files sign a tree's online roles. */
export function onlineKeyOf(site: Site, tree: Tree): string {
  return tree.metadata === site.image.metadata ? "image-online.pem" : "director-online.pem";
}

/** A timestamp, one version on unless the change says otherwise. */
export async function forgeTimestamp(site: Site, tree: Tree, key: string, change: (signed: Forged) => void) {
  const file = join(tree.metadata, "timestamp.json");
  const signed = read(file).signed as unknown as Forged;
  signed.version += 1;
  change(signed);
  const bytes = await sign(Timestamp.fromJSON(plain(signed)), [openKeyring(site.directory, undefined)(key)]);
  writeFileSync(file, bytes);
}

/** The second root of a tree, signed with these keys. */
export async function forgeRoot(
  site: Site,
  tree: Tree,
  keys: readonly string[],
  change: (signed: { expires: string }) => void,
): Promise<void> {
  const signed = read(join(tree.metadata, "1.root.json")).signed as { version: number; expires: string };
  signed.version = 2;
  change(signed);
  const bytes = await sign(Root.fromJSON(plain(signed)), keys.map(openKeyring(site.directory, undefined)));
  writeFileSync(join(tree.metadata, "2.root.json"), bytes);
}

/** A snapshot, one version on, signed with these keys, and the timestamp that names it, with the online key. */
export async function forgeSnapshot(
  site: Site,
  tree: Tree,
  change: (signed: Forged) => void,
  keys: readonly string[] = [onlineKeyOf(site, tree)],
) {
  const before = snapshotVersion(tree);
  const signed = read(join(tree.metadata, `${before}.snapshot.json`)).signed as unknown as Forged;
  signed.version = before + 1;
  change(signed);
  const bytes = await sign(Snapshot.fromJSON(plain(signed)), keys.map(openKeyring(site.directory, undefined)));
  writeFileSync(join(tree.metadata, `${signed.version}.snapshot.json`), bytes);
  await forgeTimestamp(site, tree, onlineKeyOf(site, tree), (timestamp) => {
    const { version } = signed;
    const meta = new MetaFile({ version, length: bytes.byteLength, hashes: { sha256: sha256(bytes) } });
    timestamp.meta["snapshot.json"] = plain(meta.toJSON());
  });
}

/** A file with no signature but these keys', whatever it was signed with before. */
export async function signAgain(site: Site, file: string, keys: readonly string[]): Promise<void> {
  const { signed } = read(file);
  const { _type: type } = signed;
  const keyring = openKeyring(site.directory, undefined);
  const kinds = { root: Root, timestamp: Timestamp, snapshot: Snapshot, targets: Targets };
  const made = kinds[type as keyof typeof kinds].fromJSON(plain(signed));
  const metadata = new Metadata<Root | Timestamp | Snapshot | Targets>(made);
  await addSignatures(metadata, keys.map(keyring));
  write(file, metadata.toJSON());
}

/** Where a role's current file lies. */
export function fileOf(tree: Tree, role: string): string {
  if (role === "timestamp") return join(tree.metadata, "timestamp.json");
  for (let version = 64; version > 0; version -= 1) {
    const file = join(tree.metadata, `${version}.${role}.json`);
    if (existsSync(file)) return file;
  }
  throw new Error(`there is no ${role} in ${tree.metadata}`);
}

function plain(value: unknown) {
  return JSON.parse(JSON.stringify(value));
}
