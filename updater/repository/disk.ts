/** The writes of every verb, through one seam: a test puts a disk here that dies at the N-th write. */
import { existsSync, linkSync, readdirSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
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
  /** The same for files in any order: all of them are durable when it resolves. Rejects with DISK_WRITE. */
  writeAll?(writes: readonly { readonly path: string; readonly bytes: Uint8Array }[]): Promise<void>;
  /** Gives a file another name, durable with the next write to that folder. False where that cannot be: another file system, too many names, something there. */
  link?(from: string, path: string): boolean;
  /** Removes a file, if it is there, durably. Throws DISK_WRITE. */
  remove(path: string): void;
}

export const realDisk: Disk = {
  write(path, bytes, mode) {
    ensureDirectory(dirname(path));
    writeDurable(path, bytes, mode);
  },
  writeAll: (writes) => writeTogether(writes),
  link(from, path) {
    ensureDirectory(dirname(path));
    try {
      linkSync(from, path);
      return true;
    } catch {
      return false;
    }
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

/** What waits for the disk at a time: more than the threads that Node has for it brings nothing. */
const AT_ONCE = 16;
let serial = 0;

/** Temporaries first, all synced; then the renames; then each folder once. */
async function writeTogether(writes: readonly { readonly path: string; readonly bytes: Uint8Array }[]): Promise<void> {
  const folders = [...new Set(writes.map(({ path }) => dirname(path)))];
  const drafts = writes.map((write) => {
    serial += 1;
    const name = `.tmp-${process.pid}-all-${serial}-${basename(write.path)}`;
    return { ...write, draft: join(dirname(write.path), name) };
  });
  try {
    for (const folder of folders) ensureDirectory(folder);
    await each(drafts, async ({ path, draft, bytes }) => {
      await naming(path, async () => {
        const file = await open(draft, "wx", 0o644);
        try {
          await file.writeFile(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
      });
    });
    for (const { path, draft } of drafts) await naming(path, async () => renameSync(draft, path));
    await each(folders, async (folder) => {
      await naming(folder, async () => {
        const directory = await open(folder, "r");
        try {
          await directory.sync();
        } finally {
          await directory.close();
        }
      });
    });
  } catch (error) {
    for (const { draft } of drafts) rmSync(draft, { force: true });
    throw error;
  }
}

async function naming(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw diskFault("DISK_WRITE", { path, reason: reasonOf(error) }, error);
  }
}

/** A few at a time; when it rejects, none is under way any more. */
async function each<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const queue = all.values();
  const worker = async () => {
    for (const one of queue) await work(one);
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(AT_ONCE, all.length) }, worker));
  for (const one of ended) if (one.status === "rejected") throw one.reason;
}
