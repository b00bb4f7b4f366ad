/**
 * The roots beyond the pinned one, each in a file of its own: `roots/<repository>/<n>.root.json`. A root is kept the
 * moment it is verified (TUF 5.3.8), whatever becomes of the rest of its refresh, and is still there when the vault is
 * not. What is read is verified again; from the first damaged file on the network is asked as if nothing were kept.
 */
import { join } from "node:path";
import { ensureDirectory, readBounded, sweepTemporaries, writeDurable } from "../../runtime/kernel/durable.ts";
import { attemptSync } from "../../runtime/kernel/result.ts";
import type { RepositoryName } from "./header.ts";
import { Trust, type TrustOptions } from "./trust.ts";

export interface RootChain {
  /** The verified roots after the one that `options` pins, by version, in order, without a gap. */
  read(options: TrustOptions): Map<number, Uint8Array>;
  /** Keeps a verified root; what is there already is not written again. Throws DISK_WRITE. */
  keep(repository: RepositoryName, version: number, bytes: Uint8Array): void;
}

const ROOT_BYTES_MAX = 4_000_000;
const ROOTS_MAX = 1000;

export function openRootChain(directory: string): RootChain {
  const folder = (repository: RepositoryName) => join(directory, "roots", repository);
  const file = (repository: RepositoryName, version: number) => join(folder(repository), `${version}.root.json`);
  for (const repository of ["image", "director"] as const) {
    ensureDirectory(folder(repository), 0o700);
    sweepTemporaries(folder(repository));
  }
  return {
    read(options) {
      const trust = new Trust(options);
      const roots = new Map<number, Uint8Array>();
      while (roots.size < ROOTS_MAX) {
        const bytes = readBounded(file(options.repository, trust.rootVersion + 1), ROOT_BYTES_MAX);
        if (!bytes.ok || !attemptSync(() => trust.root(bytes.value)).ok) break;
        roots.set(trust.rootVersion, bytes.value);
      }
      return roots;
    },
    keep(repository, version, bytes) {
      const path = file(repository, version);
      const kept = readBounded(path, ROOT_BYTES_MAX);
      if (kept.ok && Buffer.compare(kept.value, bytes) === 0) return;
      writeDurable(path, bytes, 0o600);
    },
  };
}
