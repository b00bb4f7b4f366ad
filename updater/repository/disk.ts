/** The writes of every verb, through one seam: a test puts a disk here that dies at the N-th write. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import {
  fault as diskFault,
  ensureDirectory,
  readBounded,
  syncDirectory,
  writeDurable,
} from "../../runtime/kernel/durable.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { unwrap } from "../../runtime/kernel/result.ts";

export interface Disk {
  /** Replaces a file durably, its folder made if need be. Throws DISK_WRITE. */
  write(path: string, bytes: Uint8Array, mode?: number): void;
  /** Removes a file, if it is there, durably. Throws DISK_WRITE. */
  remove(path: string): void;
}

export const realDisk: Disk = {
  write(path, bytes, mode) {
    ensureDirectory(dirname(path));
    writeDurable(path, bytes, mode);
  },
  remove(path) {
    try {
      rmSync(path, { force: true });
      if (existsSync(dirname(path))) syncDirectory(dirname(path));
    } catch (error) {
      throw diskFault("DISK_WRITE", { path, reason: reasonOf(error) }, error);
    }
  },
};

/** A whole file of at most `maxBytes`, or undefined if there is none. Throws DISK_READ, DISK_TOO_LARGE. */
export function readIfThere(path: string, maxBytes: number): Uint8Array | undefined {
  return existsSync(path) ? unwrap(readBounded(path, maxBytes)) : undefined;
}

/** For what is written to be read again within a bound. Throws DISK_TOO_LARGE. */
export function refuseLarger(path: string, { byteLength: size }: Uint8Array, max: number): void {
  if (size > max) throw diskFault("DISK_TOO_LARGE", { path, size, max });
}

/** The names in a folder; none if there is no folder. */
export function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
