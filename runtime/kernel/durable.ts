/**
 * The one way this project replaces a file: temporary file in the same directory, write, fsync, rename, fsync of the
 * directory. After a power cut there is the old file or the new one, never half of one. Leftover temporaries are
 * swept by `sweepTemporaries` at start.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { declareFaults, type Fault, reasonOf } from "./fault.ts";
import { err, ok, type Result, unwrap } from "./result.ts";

export const { catalogue, fault } = declareFaults("DISK", {
  DISK_READ: {
    kind: "disk",
    says: "cannot read {path}: {reason}",
    means: "A file could not be read from the local file system.",
    todo: "Check that the path exists, that the user may read it and that the medium is healthy.",
  },
  DISK_WRITE: {
    kind: "disk",
    says: "cannot write {path}: {reason}",
    means: "A file could not be written durably. The previous content, if any, is still in place.",
    todo: "Check free space, permissions and the medium. The operation is repeated when it is asked for again.",
  },
  DISK_NOT_A_DISK: {
    kind: "refusal",
    says: "{path} lies in {where}, which the kernel makes up: nothing is kept there",
    means: "A directory for files that shall last was asked for where there is no file system that could keep them.",
    todo: "Choose a directory on a disk.",
  },
  DISK_TOO_LARGE: {
    kind: "refusal",
    says: "{path} has {size} bytes, at most {max} are read",
    means: "A file on disk is larger than any honest one would be; it was not read.",
    todo: "Check what wrote it.",
  },
});

const TEMPORARY = /^\.tmp-/;
let serial = 0;

/** Replaces `path` by `bytes`; returns when it would survive a power cut. Throws DISK_WRITE. */
export function writeDurable(path: string, bytes: Uint8Array, mode = 0o644): void {
  const directory = dirname(path);
  serial += 1;
  const temporary = join(directory, `.tmp-${process.pid}-${serial}-${basename(path)}`);
  try {
    const fd = openSync(temporary, "wx", mode);
    try {
      for (let at = 0; at < bytes.byteLength; ) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    syncDirectory(directory);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fault("DISK_WRITE", { path, reason: reasonOf(error) }, error);
  }
}

/** Makes a rename or unlink in `directory` durable. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Mounted on every Linux; below some of them `mkdir` asks for ever for the directory above. */
const MADE_UP = ["/proc", "/sys", "/dev"];
/** A disk in memory, which a test or a board without another may want. */
const EXCEPT = "/dev/shm";

/** DISK_NOT_A_DISK where a path, by whatever links, leads into what the kernel makes up. Makes nothing. */
export function checkDirectory(path: string): Result<void, Fault> {
  const real = realPath(resolve(path));
  const within = (top: string) => real === top || real.startsWith(`${top}/`);
  const where = MADE_UP.find(within);
  return where === undefined || within(EXCEPT) ? ok(undefined) : err(fault("DISK_NOT_A_DISK", { path, where }));
}

/** With the links of as much of it as there is. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(realPath(above), basename(path));
  }
}

/** Throws DISK_NOT_A_DISK, DISK_WRITE. */
export function ensureDirectory(path: string, mode = 0o755): void {
  unwrap(checkDirectory(path));
  try {
    mkdirSync(path, { recursive: true, mode });
  } catch (error) {
    throw fault("DISK_WRITE", { path, reason: reasonOf(error) }, error);
  }
}

/** Reads a whole file that must not exceed `maxBytes`. */
export function readBounded(path: string, maxBytes: number): Result<Uint8Array, Fault> {
  try {
    const { size } = statSync(path);
    if (size > maxBytes) return err(fault("DISK_TOO_LARGE", { path, size, max: maxBytes }));
    return ok(new Uint8Array(readFileSync(path)));
  } catch (error) {
    return err(fault("DISK_READ", { path, reason: reasonOf(error) }, error));
  }
}

/** Removes what an interrupted `writeDurable` left behind. Call before anything else uses the directory. */
export function sweepTemporaries(directory: string): void {
  try {
    for (const name of readdirSync(directory)) {
      if (TEMPORARY.test(name)) rmSync(join(directory, name), { force: true });
    }
  } catch (error) {
    throw fault("DISK_READ", { path: directory, reason: reasonOf(error) }, error);
  }
}
