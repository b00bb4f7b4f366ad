/** What a descriptor is: its state, rights, flags and times, its number, and the names of preopened directories. */

import { utf8 } from "../kernel/bytes.ts";
import type { Calls, Context } from "./context.ts";
import type { Entry } from "./descriptors.ts";
import { type FileTime, setTimes } from "./file-times.ts";
import * as host from "./host-files.ts";
import { ALL_RIGHTS, FDFLAG, FILETYPE, FSTFLAG, RIGHT, WasiError } from "./preview1.ts";

type EntryCalls = Pick<
  Calls,
  | "fd_close"
  | "fd_renumber"
  | "fd_fdstat_get"
  | "fd_fdstat_set_flags"
  | "fd_fdstat_set_rights"
  | "fd_filestat_get"
  | "fd_filestat_set_times"
  | "fd_prestat_get"
  | "fd_prestat_dir_name"
>;

export function entryCalls(ctx: Context): EntryCalls {
  const { memory, descriptors } = ctx;
  const preopen = (fd: number): Uint8Array => {
    const entry = descriptors.get(fd);
    if (entry.kind !== "directory" || entry.preopen === undefined) throw new WasiError("badf");
    return utf8(entry.preopen);
  };
  return {
    fd_close: (fd) => descriptors.close(fd),
    fd_renumber: (from, to) => descriptors.renumber(from, to),
    fd_fdstat_get(fd, at) {
      const entry = descriptors.get(fd);
      const bytes = new Uint8Array(24);
      const view = new DataView(bytes.buffer);
      bytes[0] = typeOf(entry);
      view.setUint16(2, entry.flags, true);
      view.setBigUint64(8, BigInt(entry.rights), true);
      view.setBigUint64(16, BigInt(entry.inheriting), true);
      memory.put(at, bytes);
    },
    fd_fdstat_set_flags(fd, flags) {
      const entry = descriptors.get(fd, RIGHT.fd_fdstat_set_flags);
      if ((flags & ~FDFLAG.all) !== 0) throw new WasiError("inval");
      const changed = flags ^ entry.flags;
      if ((changed & ~FDFLAG.nonblock) !== 0) {
        // The host's flags are those a file was opened with: it is opened once more.
        if (entry.kind !== "file") throw new WasiError("notsup");
        const fresh = host.reopen(entry.fd, entry.access, flags);
        host.closeFile(entry.fd);
        entry.fd = fresh;
      }
      entry.flags = flags;
    },
    fd_fdstat_set_rights(fd, base, inheriting) {
      const entry = descriptors.get(fd);
      const more = (wanted: bigint, has: number) => (wanted & ~BigInt(has)) !== 0n;
      if (more(base, entry.rights) || more(inheriting, entry.inheriting)) throw new WasiError("notcapable");
      entry.rights = Number(base);
      entry.inheriting = Number(inheriting);
    },
    fd_filestat_get(fd, at) {
      const entry = descriptors.get(fd, RIGHT.fd_filestat_get);
      const held = entry.kind === "file" || entry.kind === "directory";
      memory.put(at, filestat(held ? host.statOf(entry.fd) : { ...NOTHING, type: typeOf(entry) }));
    },
    fd_filestat_set_times(fd, atim, mtim, flags) {
      const entry = descriptors.get(fd, RIGHT.fd_filestat_set_times);
      const [atime, mtime] = fileTimes(atim, mtim, flags);
      if (entry.kind !== "file" && entry.kind !== "directory") throw new WasiError("inval");
      setTimes(entry.fd, atime, mtime);
    },
    fd_prestat_get(fd, at) {
      const name = preopen(fd);
      memory.expect(at, 8);
      // A tag of 0: a directory.
      memory.putU32(at, 0);
      memory.putU32(at + 4, name.length);
    },
    fd_prestat_dir_name(fd, at, length) {
      const name = preopen(fd);
      if (length < name.length) throw new WasiError("nametoolong");
      memory.put(at, name);
    },
  };
}

function typeOf(entry: Entry): number {
  switch (entry.kind) {
    case "file":
      return FILETYPE.regular;
    case "directory":
      return FILETYPE.directory;
    case "socket":
      return FILETYPE.stream;
    case "stream":
      return entry.terminal ? FILETYPE.character : FILETYPE.unknown;
  }
}

const NOTHING = { dev: 0n, ino: 0n, nlink: 0n, size: 0n, atim: 0n, mtim: 0n, ctim: 0n };

export function filestat(stat: host.FileStat): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, stat.dev, true);
  view.setBigUint64(8, stat.ino, true);
  bytes[16] = stat.type;
  view.setBigUint64(24, stat.nlink, true);
  view.setBigUint64(32, stat.size, true);
  view.setBigUint64(40, stat.atim, true);
  view.setBigUint64(48, stat.mtim, true);
  view.setBigUint64(56, stat.ctim, true);
  return bytes;
}

export function fileTimes(atim: bigint, mtim: bigint, flags: number): readonly [FileTime, FileTime] {
  if ((flags & ~FSTFLAG.all) !== 0) throw new WasiError("inval");
  return [
    fileTime(atim, (flags & FSTFLAG.atim) !== 0, (flags & FSTFLAG.atimNow) !== 0),
    fileTime(mtim, (flags & FSTFLAG.mtim) !== 0, (flags & FSTFLAG.mtimNow) !== 0),
  ];
}

function fileTime(time: bigint, given: boolean, now: boolean): FileTime {
  if (given && now) throw new WasiError("inval");
  if (now) return "now";
  if (!given) return "omit";
  if (time > 0x7fff_ffff_ffff_ffffn) throw new WasiError("overflow");
  return time;
}

/** Bits that are no rights are nothing that could be had. */
export const rightsFrom = (bits: bigint): number => Number(bits & BigInt(ALL_RIGHTS));
