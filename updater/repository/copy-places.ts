/** Where verified copies go: a directory that a web server or a stick holds, or one archive. */
import { closeSync, fsyncSync, lstatSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { sha256 } from "../../runtime/kernel/digest.ts";
import {
  fault as diskFault,
  ensureDirectory,
  readBounded,
  syncDirectory,
  writeDurable,
} from "../../runtime/kernel/durable.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { archiveEnd, isMemberPath, memberHeader, memberPadding } from "../archive.ts";
import type { CopyPlace } from "./copy.ts";
import { fault } from "./faults.ts";

/** A directory: files that are there already with the right content stay. Each write is durable before the next. */
export function directoryPlace(directory: string): CopyPlace {
  return {
    has(path, length, digest) {
      const bytes = readBounded(join(directory, path), length);
      return bytes.ok && sha256(bytes.value) === digest;
    },
    put(path, bytes) {
      if (!isMemberPath(path)) throw fault("REPO_PATH", { path });
      const file = join(directory, path);
      ensureDirectory(dirname(file));
      writeDurable(file, bytes);
    },
  };
}

export interface ArchivePlace extends CopyPlace {
  /** Puts the finished archive in place. Throws DISK_WRITE. */
  finish(): void;
  /** Removes what was written, unless it was finished. */
  abandon(): void;
}

/** One archive at `file`, which appears when it is complete. Throws DISK_WRITE. */
export function archivePlace(file: string): ArchivePlace {
  const temporary = `${file}.part`;
  const guarded = <T>(what: () => T): T => {
    try {
      return what();
    } catch (error) {
      throw diskFault("DISK_WRITE", { path: file, reason: reasonOf(error) }, error);
    }
  };
  const fd = guarded(() => openSync(temporary, "w", 0o644));
  let open = true;
  const append = (bytes: Uint8Array) =>
    guarded(() => {
      for (let at = 0; at < bytes.byteLength; ) at += writeSync(fd, bytes, at);
    });
  return {
    has: () => false,
    put(path, bytes) {
      if (!isMemberPath(path)) throw fault("REPO_PATH", { path });
      append(memberHeader(path, bytes.byteLength));
      append(bytes);
      append(memberPadding(bytes.byteLength));
    },
    finish() {
      append(archiveEnd());
      guarded(() => {
        fsyncSync(fd);
        closeSync(fd);
        open = false;
        renameSync(temporary, file);
        syncDirectory(dirname(file));
      });
    },
    abandon() {
      if (!open) return;
      open = false;
      closeSync(fd);
      rmSync(temporary, { force: true });
    },
  };
}

/** Whether a destination is meant to be an archive: it ends in `.tar`, and no directory of that name is there. */
export function isArchiveName(path: string): boolean {
  return path.endsWith(".tar") && !(lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);
}
