/**
 * The one place where WASI touches files. A path that the kernel sees is `/proc/self/fd/N`, N being a descriptor that we
 * hold, alone or with one name behind it that has no slash and is neither `.` nor `..`. The kernel follows no link of the
 * guest's: every call here either does not follow the last name, or says O_NOFOLLOW, or goes to N itself.
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  statfsSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { ERRNO, errnoOfSystem, FDFLAG, FILETYPE } from "./preview1.ts";

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY, O_NOFOLLOW } = constants;
const { O_NONBLOCK, O_NOCTTY, O_SYNC, O_DSYNC } = constants;
/** Not among Node's constants. On every architecture that Node runs on. */
const O_PATH = 0x20_0000;
const PROC_MAGIC = 0x9fa0;

const FILE_MODE = 0o666;
const DIRECTORY_MODE = 0o777;

export interface FileStat {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly type: number;
  readonly nlink: bigint;
  readonly size: bigint;
  readonly atim: bigint;
  readonly mtim: bigint;
  readonly ctim: bigint;
}

/** A name in a directory that is held open. */
const at = (directory: number, name: string): string => `/proc/self/fd/${directory}/${name}`;
/** What a descriptor refers to. */
const itself = (fd: number): string => `/proc/self/fd/${fd}`;

/** The operating system's name of what it refused, `ENOENT`. */
export function systemCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
}

/** The error number of what a call of this file threw; undefined when it was no answer of the operating system's. */
export function errnoOf(thrown: unknown): number | undefined {
  const code = systemCode(thrown);
  if (code !== undefined && /^E[A-Z0-9]+$/.test(code)) return errnoOfSystem(code);
  return code === "ERR_OUT_OF_RANGE" ? ERRNO.overflow : undefined;
}

// --- directories

/** A directory by the embedder's own path. Undefined on a file system whose files are the host's processes. */
export function openRoot(hostPath: string, noLink = false): number | undefined {
  const fd = openSync(hostPath, O_PATH | O_DIRECTORY | (noLink ? O_NOFOLLOW : 0));
  if (statfsSync(itself(fd)).type !== PROC_MAGIC) return fd;
  closeSync(fd);
  return undefined;
}

export const openDirectory = (directory: number, name: string): number =>
  openSync(at(directory, name), O_PATH | O_DIRECTORY | O_NOFOLLOW);

/** The same directory by a descriptor of its own. */
export const openItself = (directory: number): number => openSync(itself(directory), O_PATH | O_DIRECTORY);

/** Whatever bears that name, without opening what it stands for. */
export const openPlace = (directory: number, name: string): number =>
  openSync(at(directory, name), O_PATH | O_NOFOLLOW);

/** The mount it is on, as the kernel numbers them: bind mounts have numbers of their own, other than `st_dev`. */
export function mountOf(fd: number): number | undefined {
  const info = openSync(`/proc/self/fdinfo/${fd}`, O_RDONLY);
  try {
    const length = readSync(info, infoBytes, 0, infoBytes.length, 0);
    const found = /^mnt_id:\s*(\d+)/m.exec(infoBytes.toString("latin1", 0, length));
    return found === null ? undefined : Number(found[1]);
  } finally {
    closeSync(info);
  }
}

/** Longer than what the kernel says of a descriptor that was opened with O_PATH. */
const infoBytes = Buffer.alloc(512);

/** The device it is on: a cheap look that sees most mounts, but no bind mount of the same file system. */
export const deviceOf = (fd: number): number => fstatSync(fd).dev;

/** Names and types, without `.` and `..`; undefined when there are more. */
export function listDirectory(fd: number, most: number): { name: Uint8Array; type: number }[] | undefined {
  // The types know no buffers here; Node does.
  const directory = opendirSync(itself(fd), { encoding: "buffer" as "utf8" });
  try {
    const entries: { name: Uint8Array; type: number }[] = [];
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      if (entries.length === most) return undefined;
      entries.push({ name: entry.name as unknown as Uint8Array, type: typeOfEntry(entry) });
    }
    return entries;
  } finally {
    directory.closeSync();
  }
}

interface Typed {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isBlockDevice(): boolean;
  isCharacterDevice(): boolean;
  isSocket(): boolean;
}

function typeOfEntry(entry: Typed): number {
  if (entry.isFile()) return FILETYPE.regular;
  if (entry.isDirectory()) return FILETYPE.directory;
  if (entry.isSymbolicLink()) return FILETYPE.symlink;
  if (entry.isBlockDevice()) return FILETYPE.block;
  if (entry.isCharacterDevice()) return FILETYPE.character;
  return entry.isSocket() ? FILETYPE.stream : FILETYPE.unknown;
}

/** Of the name itself, a link not followed; undefined when it is gone. */
export function statOfName(directory: number, name: string): FileStat | undefined {
  const stats = lstatSync(at(directory, name), { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : fromStats(stats);
}

// --- files

export type Access = "read" | "write" | "both" | "truncate";

const ACCESS: Readonly<Record<Access, number>> = {
  read: O_RDONLY,
  write: O_WRONLY,
  both: O_RDWR,
  truncate: O_WRONLY | O_TRUNC,
};

function openFlags(access: Access, fdflags: number): number {
  let flags = ACCESS[access] | O_NONBLOCK | O_NOCTTY;
  if ((fdflags & FDFLAG.append) !== 0) flags |= O_APPEND;
  if ((fdflags & FDFLAG.dsync) !== 0) flags |= O_DSYNC;
  if ((fdflags & (FDFLAG.sync | FDFLAG.rsync)) !== 0) flags |= O_SYNC;
  return flags;
}

/** Fails with EEXIST when anything has that name, a link that leads nowhere included. */
export const createFile = (directory: number, name: string, access: Access, fdflags: number): number =>
  openSync(at(directory, name), openFlags(access, fdflags) | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);

/** Opens again what a descriptor refers to, which has to be known to be a regular file: it is the same one. */
export const reopen = (fd: number, access: Access, fdflags: number): number =>
  openSync(itself(fd), openFlags(access, fdflags));

export const closeFile = (fd: number): void => closeSync(fd);

export function statOf(fd: number): FileStat {
  return fromStats(fstatSync(fd, { bigint: true }));
}

function fromStats(stats: BigIntStats): FileStat {
  return {
    dev: stats.dev,
    ino: stats.ino,
    type: typeOfEntry(stats),
    nlink: stats.nlink,
    size: stats.size,
    atim: stats.atimeNs,
    mtim: stats.mtimeNs,
    ctim: stats.ctimeNs,
  };
}

export const readFile = (fd: number, into: Uint8Array, position: number): number =>
  readSync(fd, into, 0, into.length, position);

/** Without a position, where the file's end is: for descriptors that append. */
export const writeFile = (fd: number, bytes: Uint8Array, position: number | null): number =>
  writeSync(fd, bytes, 0, bytes.length, position);

export const truncateFile = (fd: number, size: number): void => ftruncateSync(fd, size);
export const syncFile = (fd: number): void => fsyncSync(fd);
export const syncData = (fd: number): void => fdatasyncSync(fd);

/** A directory is held by a descriptor that cannot be synchronised itself. */
export function syncDirectory(fd: number): void {
  const opened = openSync(itself(fd), O_RDONLY | O_DIRECTORY);
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

// --- names

/** EINVAL when it is no link. */
export const readLink = (directory: number, name: string): string => readlinkSync(at(directory, name));
export const makeDirectory = (directory: number, name: string): void => mkdirSync(at(directory, name), DIRECTORY_MODE);
export const removeDirectory = (directory: number, name: string): void => rmdirSync(at(directory, name));
export const removeFile = (directory: number, name: string): void => unlinkSync(at(directory, name));
export const makeLink = (target: string, directory: number, name: string): void =>
  symlinkSync(target, at(directory, name));

export const renameEntry = (from: number, name: string, to: number, newName: string): void =>
  renameSync(at(from, name), at(to, newName));

/** Another name for the same file; a symbolic link is not followed (link(2)). */
export const linkEntry = (from: number, name: string, to: number, newName: string): void =>
  linkSync(at(from, name), at(to, newName));

/** A name as the kernel gave it. One that is no UTF-8 finds nothing. */
export const nameText = (name: Uint8Array): string => new TextDecoder().decode(name);
