/**
 * The content-addressed store: `blobs/<sha256>`. A blob is hashed on every read, so a worn medium or a hand on the disk
 * shows as "not there" and the bytes are fetched again. Bytes get here only after their hash was checked.
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

export interface Blobs {
  /** The bytes if they are there and still are what their name says. */
  read(name: Sha256, length: number): Uint8Array | undefined;
  write(name: Sha256, bytes: Uint8Array): void;
  /** Removes every blob that is not named; returns how many went. */
  prune(keep: ReadonlySet<string>): number;
}

export function openBlobs(directory: string): Blobs {
  ensureDirectory(directory, 0o700);
  sweepTemporaries(directory);
  return {
    read(name, length) {
      const bytes = readBounded(join(directory, name), length);
      return bytes.ok && sha256(bytes.value) === name ? bytes.value : undefined;
    },
    write: (name, bytes) => writeDurable(join(directory, name), bytes, 0o600),
    prune(keep) {
      const unwanted = readdirSync(directory).filter((name) => !keep.has(name));
      for (const name of unwanted) rmSync(join(directory, name), { force: true });
      if (unwanted.length > 0) syncDirectory(directory);
      return unwanted.length;
    },
  };
}
