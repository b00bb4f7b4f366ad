/**
 * What a board can show its neighbours of the image repository, by the names that a client asks for: metadata as it was
 * verified last, and targets and deltas that this metadata names, by digest. Nothing of the director is here. A client
 * that began to read the state before finds its files as well.
 */
import { type Sha256, sha256Hex } from "../../runtime/kernel/brand.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { attemptSync } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { deltaPath, deltasOf } from "../delta.ts";
import { hashedPath } from "../layout.ts";
import { roleFileName } from "./profile.ts";
import type { Trust } from "./trust.ts";
import { SEARCH_WORK_MAX } from "./walk.ts";

/** One file: metadata in memory, or a blob of the store, if the store has it. */
export type Shelved =
  | { readonly kind: "metadata"; readonly bytes: Uint8Array; readonly sha256: Sha256 }
  | { readonly kind: "blob"; readonly length: number; readonly sha256: Sha256; readonly file: string };

export interface Shelf {
  /** By the path below the repository's address: `metadata/…`, `targets/…`. */
  find(path: string): Shelved | undefined;
}

export interface ShelfOptions {
  /** The image repository as it was committed last. */
  committed(): Trust | undefined;
  /** The root that provisioning pinned. */
  readonly pinned: Uint8Array;
  /** Where the store of downloads keeps a digest. */
  file(name: Sha256): string;
}

export function openShelf({ committed, pinned, file }: ShelfOptions): Shelf {
  let of: Trust | undefined;
  let [now, before]: ReadonlyMap<string, Shelved>[] = [new Map(), new Map()];
  return {
    find(path) {
      const image = committed();
      if (image === undefined) return undefined;
      if (image !== of) {
        if (of === undefined || !isSame(of, image)) [now, before] = [filesOf(image, pinned, file), now];
        of = image;
      }
      return now?.get(path) ?? before?.get(path);
    },
  };
}

/** An idle look makes another object of the same files. */
function isSame(one: Trust, other: Trust): boolean {
  const state = (trust: Trust) => JSON.stringify([trust.versions(), trust.files().delegated.map(({ role }) => role)]);
  return state(one) === state(other);
}

function filesOf(image: Trust, pinned: Uint8Array, file: (name: Sha256) => string): Map<string, Shelved> {
  const shelf = new Map<string, Shelved>();
  const put = (name: string, bytes: Uint8Array) =>
    shelf.set(`metadata/${name}`, { kind: "metadata", bytes, sha256: sha256(bytes) });
  const blob = (path: string, length: number, digest: Sha256) =>
    shelf.set(`targets/${path}`, { kind: "blob", length, sha256: digest, file: file(digest) });

  const { roots, timestamp, snapshot, targets, delegated } = image.files();
  const consistent = image.consistentSnapshot;
  const named = (role: string, version: number) =>
    consistent ? `${version}.${roleFileName(role)}.json` : `${roleFileName(role)}.json`;
  for (const [at, root] of [pinned, ...roots].entries())
    put(`${image.rootVersion - roots.length + at}.root.json`, root);
  put("timestamp.json", timestamp);
  put(named("snapshot", image.versions().snapshot), snapshot);
  put(named("targets", image.versions().targets), targets);
  for (const { role, bytes } of delegated) put(named(role, image.targetsWanted(role).version), bytes);

  const work = { left: SEARCH_WORK_MAX };
  for (const { role, targets: signed } of image.loadedRoles()) {
    for (const [path, target] of Object.entries(signed.targets)) {
      const search = attemptSync(() => image.find(path, work));
      // Delegations that take hours to follow: what is on the shelf by then has to do.
      if (!search.ok) return shelf;
      const found = search.value;
      const digest = parseShape(sha256Hex, target.hashes["sha256"], "a target's hash");
      // What no search ends at is nobody's target.
      if (!digest.ok || found.kind !== "found" || found.role !== role) continue;
      blob(consistent ? hashedPath(path, digest.value) : path, target.length, digest.value);
      for (const delta of deltasOf(target.unrecognizedFields["custom"])) {
        blob(deltaPath(digest.value, delta.from), delta.length, delta.sha256);
      }
    }
  }
  return shelf;
}
