/**
 * The metadata directory of the conformance protocol, written one trusted file at a time. Each file lies there twice:
 * sealed under `history/` (with its digest, its role and the root in force; every root version is kept), then plain
 * under its name without a version, which is what the protocol shows. Each write is durable before the next, so a power
 * cut leaves the older or the newer file in each place and never half of one; a damaged one is replaced by its twin,
 * a damaged root by the chain from the root given at first. What is read is verified again like a download.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { equalBytes, fromUtf8, utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { ensureDirectory, readBounded, sweepTemporaries, writeDurable } from "../../../runtime/kernel/durable.ts";
import { attemptSync, unwrap } from "../../../runtime/kernel/result.ts";
import { integer, object, parseJson, string } from "../../../runtime/kernel/shape.ts";
import type { KeptFiles, TrustedFile } from "../../../updater/client/files.ts";
import { readHeader } from "../../../updater/client/header.ts";
import { genericTuf, roleFileName } from "../../../updater/client/profile.ts";
import { Trust } from "../../../updater/client/trust.ts";

const FILE_BYTES_MAX = 8 * 1024 * 1024;
const HEADER_BYTES_MAX = 4096;
const NAME_CHARS_MAX = 200;
const NEWLINE = 0x0a;

const sealShape = object({
  sha256: string({ max: 64 }),
  role: string({ max: 200 }),
  rootVersion: integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
});

export interface MetadataDir {
  /** The root to begin with. Throws when there is none. */
  readonly pinned: Uint8Array;
  readonly kept: KeptFiles;
  keep(file: TrustedFile): void;
}

/** `init`: the root is taken as it is; whether it is one is asked at the first refresh. */
export function initialize(directory: string, rootFile: string): void {
  const bytes = unwrap(readBounded(rootFile, FILE_BYTES_MAX));
  ensureDirectory(join(directory, "history"));
  writeSealed(directory, "pinned", { role: "root", bytes, rootVersion: 0 });
  writeDurable(join(directory, "root.json"), bytes);
}

export function openMetadataDir(directory: string): MetadataDir {
  ensureDirectory(join(directory, "history"));
  sweepTemporaries(directory);
  sweepTemporaries(join(directory, "history"));
  const shown = plain(directory, "root");
  const pinned = readSealed(directory, "pinned")?.bytes ?? shown;
  const { roots, delegated } = readHistory(directory);
  const chain = pinned === undefined ? [] : follow(pinned, roots, shown);
  const root = chain.at(-1) ?? pinned;
  if (root !== undefined && (shown === undefined || !equalBytes(shown, root))) {
    writeDurable(join(directory, "root.json"), root);
  }
  const timestamp = newest(directory, "timestamp");
  const snapshot = newest(directory, "snapshot");
  const kept: KeptFiles = {
    roots: chain,
    timestamp: timestamp?.bytes,
    snapshot: snapshot?.bytes,
    targets: newest(directory, "targets")?.bytes,
    delegated,
    under: { timestamp: timestamp?.rootVersion, snapshot: snapshot?.rootVersion },
  };
  return {
    pinned: pinned ?? unwrap(readBounded(join(directory, "root.json"), FILE_BYTES_MAX)),
    kept,
    keep(file) {
      const { role, bytes, rootVersion } = file;
      writeSealed(directory, role === "root" ? `${rootVersion}.root` : storedName(role), file);
      writeDurable(join(directory, `${storedName(role)}.json`), bytes);
    },
  };
}

/** The roots that follow one another from the first, each signed as it has to be; the shown one where one is missing. */
function follow(
  pinned: Uint8Array,
  roots: ReadonlyMap<number, Uint8Array>,
  shown: Uint8Array | undefined,
): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  const trust = attemptSync(() => new Trust({ repository: "image", pinned, at: 0, profile: genericTuf }));
  if (!trust.ok) return [];
  for (;;) {
    const next = roots.get(trust.value.rootVersion + 1) ?? shown;
    if (next === undefined || !attemptSync(() => trust.value.root(next)).ok) return found;
    found.push(next);
  }
}

function readHistory(directory: string) {
  const roots = new Map<number, Uint8Array>();
  const delegated: { role: string; bytes: Uint8Array }[] = [];
  for (const file of readdirSync(join(directory, "history")).sort()) {
    const name = file.replace(/\.json$/, "");
    const sealed = readSealed(directory, name);
    if (sealed === undefined || ["pinned", "timestamp", "snapshot", "targets"].includes(name)) continue;
    if (sealed.role === "root") roots.set(sealed.rootVersion, sealed.bytes);
    else delegated.push(sealed);
  }
  return { roots, delegated };
}

/** The newer of the two copies of a role, put in both places where they differ. */
function newest(directory: string, role: string): { bytes: Uint8Array; rootVersion: number | undefined } | undefined {
  const sealed = readSealed(directory, role);
  const shown = plain(directory, role);
  if (sealed === undefined) return shown === undefined ? undefined : { bytes: shown, rootVersion: undefined };
  if (shown !== undefined && equalBytes(shown, sealed.bytes)) return sealed;
  writeDurable(join(directory, `${role}.json`), sealed.bytes);
  return sealed;
}

/** A plain file that at least looks like metadata, or undefined. */
function plain(directory: string, role: string): Uint8Array | undefined {
  const bytes = readBounded(join(directory, `${role}.json`), FILE_BYTES_MAX);
  return bytes.ok && versionOf(bytes.value) > 0 ? bytes.value : undefined;
}

/** Zero for what has no version. */
function versionOf(bytes: Uint8Array): number {
  const header = attemptSync(() => readHeader(bytes, { repository: "image", role: "kept" }, Number.POSITIVE_INFINITY));
  return header.ok ? header.value.version : 0;
}

function writeSealed(directory: string, name: string, file: TrustedFile): void {
  const { role, bytes, rootVersion } = file;
  const head = utf8(`${JSON.stringify({ sha256: sha256(bytes), role, rootVersion })}\n`);
  writeDurable(join(directory, "history", `${name}.json`), Buffer.concat([head, bytes]));
}

function readSealed(directory: string, name: string): TrustedFile | undefined {
  const file = readBounded(join(directory, "history", `${name}.json`), FILE_BYTES_MAX + HEADER_BYTES_MAX);
  if (!file.ok) return undefined;
  const end = file.value.indexOf(NEWLINE);
  const seal = parseJson(sealShape, file.value.subarray(0, Math.max(end, 0)), "a seal", HEADER_BYTES_MAX);
  const bytes = file.value.subarray(end + 1);
  if (!seal.ok || sha256(bytes) !== seal.value.sha256 || fromUtf8(bytes) === undefined) return undefined;
  return { role: seal.value.role, rootVersion: seal.value.rootVersion, bytes };
}

/** A role's file name: its encoded name, or its digest where that is longer than a file name may be. */
function storedName(role: string): string {
  const name = roleFileName(role).replace(/^\./, "%2E");
  return name.length <= NAME_CHARS_MAX ? name : sha256(utf8(role));
}
