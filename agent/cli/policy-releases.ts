/**
 * Releases as files on a desk: folders that hold a manifest, its code and an evidence file, as they are built or as a
 * repository publishes them, where each name may have its digest in front.
 */
import { type Dirent, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Artifact, BUNDLE_BYTES_MAX } from "../../attest/index.ts";
import {
  MANIFEST_BYTES_MAX,
  type Manifest,
  MODULE_BYTES_MAX,
  parseManifest,
} from "../../runtime/kernel/authority/manifest.ts";
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { readFile } from "./files.ts";
import { usageFault } from "./verb.ts";

export interface ReleaseFiles {
  /** Where it was found. */
  readonly at: string;
  readonly manifest: Manifest;
  /** Of the code, then of the manifest. The bytes are not kept: a repository holds more than memory does. */
  readonly artifacts: readonly [Artifact, Artifact];
  readonly evidence: Uint8Array;
}

const DEPTH_MAX = 12;
const FOLDERS_MAX = 20_000;
const NAMED = /^(?:[0-9a-f]{64}\.)?(manifest\.json|module\.wasm|bundle\.sigstore\.json)$/;

/** Every release below a folder, in the order of their paths. Faults for files that are no release's. */
export function findReleases(folder: string): readonly ReleaseFiles[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw usageFault(`${folder} is no folder`);
  const found: ReleaseFiles[] = [];
  let folders = 0;
  const visit = (path: string, depth: number): void => {
    folders += 1;
    if (folders > FOLDERS_MAX) throw usageFault(`${folder} has more than ${FOLDERS_MAX} folders: name one with fewer`);
    const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    found.push(...releasesIn(path, entries));
    if (depth === DEPTH_MAX) return;
    for (const one of entries) if (one.isDirectory()) visit(join(path, one.name), depth + 1);
  };
  visit(folder, 0);
  return found;
}

/** A name may be there several times, after a release was published again: each evidence file is tried by itself. */
function releasesIn(path: string, entries: readonly Dirent[]): readonly ReleaseFiles[] {
  const named = (name: string) =>
    entries.filter((one) => one.isFile() && NAMED.exec(one.name)?.[1] === name).map((one) => join(path, one.name));
  const manifests = named("manifest.json");
  const modules = named("module.wasm");
  const bundles = named("bundle.sigstore.json");
  return manifests.flatMap((manifestPath) => {
    if (modules.length === 0 || bundles.length === 0) return [];
    const manifestBytes = readFile(manifestPath, MANIFEST_BYTES_MAX);
    const manifest = unwrap(parseManifest(manifestBytes));
    const digests = modules.map(digestOf);
    const code = digests.find((one) => one === manifest.entry.sha256) ?? digests[0];
    if (code === undefined) return [];
    return bundles.map((bundle) => ({
      at: manifests.length + bundles.length > 2 ? bundle : path,
      manifest,
      artifacts: artifactsOf(code, manifestBytes),
      evidence: readFile(bundle, BUNDLE_BYTES_MAX),
    }));
  });
}

export function readRelease(manifest: string, module: string, evidence: string): ReleaseFiles {
  const manifestBytes = readFile(manifest, MANIFEST_BYTES_MAX);
  return {
    at: manifest,
    manifest: unwrap(parseManifest(manifestBytes)),
    artifacts: artifactsOf(digestOf(module), manifestBytes),
    evidence: readFile(evidence, BUNDLE_BYTES_MAX),
  };
}

function digestOf(path: string): Sha256 {
  return sha256(readFile(path, MODULE_BYTES_MAX));
}

function artifactsOf(code: Sha256, manifest: Uint8Array): readonly [Artifact, Artifact] {
  return [
    { name: "module.wasm", sha256: code },
    { name: "manifest.json", sha256: sha256(manifest) },
  ];
}
