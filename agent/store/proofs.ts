/**
 * Proofs as files, one for each release that is on the board: `<team>.<name>.<version>.proof.json`, and beside it what
 * is made for the next link, `.vsa.json`. Replaced whole; they go when their release does.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import {
  ensureDirectory,
  readBounded,
  sweepTemporaries,
  syncDirectory,
  writeDurable,
} from "../../runtime/kernel/durable.ts";
import type { Result } from "../../runtime/kernel/result.ts";
import { PROOF_BYTES_MAX } from "../proof/index.ts";

export interface Named {
  readonly team: string;
  readonly name: string;
  readonly version: string;
}

export type ProofKind = "proof" | "vsa";

export interface ProofStore {
  read(release: Named, kind: ProofKind): Result<Uint8Array>;
  /** Throws DISK_WRITE. */
  write(release: Named, kind: ProofKind, bytes: Uint8Array): void;
  /** Of the proof of this release, where there is one; read at most once after each writing. */
  digest(release: Named): Sha256 | undefined;
  /** Removes what is of no release in the list; what the disk does not let go of is tried again the next time. */
  prune(keep: readonly Named[]): void;
}

/** Made before the first write and not before: a board that has admitted nothing has no such directory. */
export function openProofStore(directory: string): ProofStore {
  const path = (release: Named, kind: ProofKind) => join(directory, fileName(release, kind));
  const digests = new Map<string, Sha256>();
  const read = (release: Named, kind: ProofKind) => readBounded(path(release, kind), PROOF_BYTES_MAX);
  return {
    read,
    digest(release) {
      const name = fileName(release, "proof");
      const known = digests.get(name);
      if (known !== undefined) return known;
      const bytes = read(release, "proof");
      if (!bytes.ok) return undefined;
      digests.set(name, sha256(bytes.value));
      return digests.get(name);
    },
    write(release, kind, bytes) {
      digests.delete(fileName(release, kind));
      ensureDirectory(directory, 0o700);
      writeDurable(path(release, kind), bytes, 0o600);
    },
    prune(keep) {
      const names = new Set(keep.flatMap((one) => [fileName(one, "proof"), fileName(one, "vsa")]));
      const old = filesIn(directory).filter((name) => !names.has(name));
      if (old.length === 0) return;
      for (const name of old) digests.delete(name);
      try {
        for (const name of old) rmSync(join(directory, name), { force: true });
        sweepTemporaries(directory);
        syncDirectory(directory);
      } catch {
        // An old proof is no harm, and the medium says of itself what is wrong with it where something has to be kept.
      }
    },
  };
}

/** The releases that have a proof, by name; none where there is no such directory. */
export function listProofs(directory: string): readonly Named[] {
  const found = filesIn(directory).map((file) => FILE.exec(file)?.groups);
  return found.flatMap((one) => {
    const { team, name, version, kind } = one ?? {};
    return team === undefined || name === undefined || version === undefined || kind !== "proof"
      ? []
      : [{ team, name, version }];
  });
}

/** Team and name hold no dot, a version has two. */
const FILE = /^(?<team>[a-z0-9-]+)\.(?<name>[a-z0-9-]+)\.(?<version>\d+\.\d+\.\d+)\.(?<kind>proof|vsa)\.json$/;

function fileName({ team, name, version }: Named, kind: ProofKind): string {
  return `${team}.${name}.${version}.${kind}.json`;
}

function filesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter((name) => FILE.test(name))
      .sort();
  } catch {
    return [];
  }
}
