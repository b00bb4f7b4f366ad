/**
 * The publisher's part of the story: build the guest, make its provenance, sign it keyless, publish it. The CI identity
 * is what the owner's policy names; an attack uses another one.
 */
import { provenanceStatement, signKeyless } from "../../attest/publisher/index.ts";
import type { Wish } from "../../runtime/kernel/authority/capability.ts";
import { type Manifest, parseManifest, releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import type { Repositories } from "../../updater/repository/index.ts";
import { buildRoomClimate } from "../room-climate/build.ts";
import type { Sigstore } from "./stage.ts";

export const CI = {
  issuer: "https://ci.example",
  subject: "https://git.example/acme/room-climate/.ci/release.yml@refs/heads/main",
  builder: "https://ci.example/runner/v1",
  buildType: "https://ci.example/assemblyscript@v1",
  source: "git+https://git.example/acme/room-climate@refs/heads/main",
} as const;

export interface Signed {
  readonly manifest: Uint8Array;
  readonly module: Uint8Array;
  readonly bundle: Uint8Array;
  readonly parsed: Manifest;
}

export type Source = "1.0.0" | "2.0.0" | "3.0.0";

export interface MakeOptions {
  /** Version the release is published under; the source's own by default. */
  readonly version?: string;
  readonly extraWishes?: readonly Wish[];
  /** Who signs; the CI of the policy by default. */
  readonly subject?: string;
}

/** Builds, attests and signs one release of room-climate. */
export async function makeRelease(sigstore: Sigstore, source: Source, options: MakeOptions = {}): Promise<Signed> {
  const built = await buildRoomClimate({ release: source, extraWishes: options.extraWishes ?? [] });
  return attest(sigstore, options.version === undefined ? built : stamped(built, options.version), options.subject);
}

/** Provenance over code and manifest, signed keyless by the CI's identity or another one. */
export async function attest(
  sigstore: Sigstore,
  { module, manifest }: { readonly module: Uint8Array; readonly manifest: Uint8Array },
  subject: string = CI.subject,
): Promise<Signed> {
  const now = new Date().toISOString();
  const statement = provenanceStatement({
    artifacts: [
      { name: "module.wasm", sha256: sha256(module) },
      { name: "manifest.json", sha256: sha256(manifest) },
    ],
    builderId: CI.builder,
    buildType: CI.buildType,
    sourceUri: CI.source,
    startedOn: now,
    finishedOn: now,
  });
  const identityToken = sigstore.tokenFor({ issuer: CI.issuer, subject });
  const { fulcioUrl, rekorUrl, tsaUrl } = sigstore;
  const bundle = await signKeyless(statement, { identityToken, fulcioUrl, rekorUrl, tsaUrl });
  return { manifest, module, bundle, parsed: unwrap(parseManifest(manifest)) };
}

export async function publish(repo: Repositories, release: Signed): Promise<void> {
  const { manifest, module, bundle } = release;
  unwrap(await repo.publishRelease({ manifest, module, bundle, hardware: ["any/core-v1"] }));
}

/** The same code under another version number, stamped into a custom section as a publisher's build would do. */
function stamped(built: { readonly module: Uint8Array; readonly manifest: Uint8Array }, version: string) {
  const section = [...utf8("\u0007release"), ...utf8(version)];
  const module = Uint8Array.from([...built.module, 0, section.length, ...section]);
  const document = JSON.parse(new TextDecoder().decode(built.manifest));
  const path = releasePaths(document.team, document.name, version).module;
  const entry = { path, sha256: sha256(module), size: module.byteLength };
  return { module, manifest: utf8(JSON.stringify({ ...document, version, entry })) };
}
