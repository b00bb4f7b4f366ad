/**
 * path_open. What is there is first held without being opened, then looked at, and only a regular file or a directory is
 * opened: no pipe that would wait, no device that would act. The file that is opened is the one that was looked at.
 */
import type { Calls, Context } from "./context.ts";
import type { DirectoryEntry } from "./descriptors.ts";
import { rightsFrom } from "./entry-calls.ts";
import * as host from "./host-files.ts";
import {
  DIRECTORY_RIGHTS,
  FDFLAG,
  FILE_RIGHTS,
  FILETYPE,
  FOLLOW,
  OFLAG,
  RIGHT,
  WasiError,
  WRITE_RIGHTS,
} from "./preview1.ts";
import { takeName } from "./usage.ts";
import { atObject, type Found } from "./walk.ts";

/** How often a name may appear while we make it, or vanish while we open it. */
const ATTEMPTS_MAX = 16;

interface Wish {
  readonly oflags: number;
  readonly fdflags: number;
  readonly rights: number;
  readonly inheriting: number;
}

export function pathOpen(ctx: Context): Pick<Calls, "path_open"> {
  const { memory, descriptors } = ctx;
  return {
    path_open(fd, flags, at, length, oflags, base, inheriting, fdflags, out) {
      const known = (bits: number, all: number) => (bits & ~all) === 0;
      if (!known(flags, FOLLOW) || !known(oflags, OFLAG.all) || !known(fdflags, FDFLAG.all)) {
        throw new WasiError("inval");
      }
      const directory = descriptors.directory(fd, RIGHT.path_open);
      const wish = granted(directory, {
        oflags,
        fdflags,
        rights: rightsFrom(base),
        inheriting: rightsFrom(inheriting),
      });
      if (has(oflags, OFLAG.creat)) descriptors.check(fd, directory, RIGHT.path_create_file, 1);
      if (has(oflags, OFLAG.trunc)) descriptors.check(fd, directory, RIGHT.path_filestat_set_size, 1);
      if (has(oflags, OFLAG.creat) && has(oflags, OFLAG.directory)) throw new WasiError("inval");
      const path = ctx.path(at, length);
      memory.expect(out, 4);
      descriptors.expectRoom();
      memory.putU32(out, open(ctx, directory, path, flags === FOLLOW, wish));
    },
  };
}

const has = (bits: number, one: number): boolean => (bits & one) !== 0;

/**
 * What is asked for has to be covered by what the directory passes on; flags that make writing wait are rights, too. In a
 * read-only directory a program that wants to write is refused, but one that asks for rights that only writing needs, as
 * some libraries do for every file, gets the others.
 */
function granted({ inheriting: passed, root }: DirectoryEntry, wish: Wish): Wish {
  let wanted = wish.rights | wish.inheriting;
  if (has(wish.fdflags, FDFLAG.dsync)) wanted |= RIGHT.fd_datasync;
  if (has(wish.fdflags, FDFLAG.sync | FDFLAG.rsync)) wanted |= RIGHT.fd_sync;
  const needless = root.readonly && !has(wish.rights, RIGHT.fd_write) ? WRITE_RIGHTS : 0;
  if ((wanted & ~(passed | needless)) !== 0) throw new WasiError("notcapable");
  return { ...wish, rights: wish.rights & passed, inheriting: wish.inheriting & passed };
}

function open(ctx: Context, base: DirectoryEntry, path: string, follow: boolean, wish: Wish): number {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const opened = atObject(base, path, follow, (found) => {
      if (found.object !== undefined) return openFound(ctx, base, found, found.object, wish);
      if (!has(wish.oflags, OFLAG.creat)) throw new WasiError("noent");
      return create(ctx, base, found, wish);
    });
    if (opened !== undefined) return opened;
  }
  throw new WasiError("busy");
}

/** Undefined when somebody else was faster. */
function create(ctx: Context, base: DirectoryEntry, { directory, name, slash }: Found, wish: Wish): number | undefined {
  if (slash) throw new WasiError("isdir");
  let fd: number;
  try {
    const make = () => host.createFile(directory, name, accessOf(wish.rights), wish.fdflags);
    fd = takeName(base.root.space, make);
  } catch (error) {
    if (host.systemCode(error) !== "EEXIST") throw error;
    if (has(wish.oflags, OFLAG.excl)) throw new WasiError("exist");
    return undefined;
  }
  return addFile(ctx, base, fd, wish);
}

function openFound(
  ctx: Context,
  base: DirectoryEntry,
  { depth, name }: Found,
  { fd, stat }: NonNullable<Found["object"]>,
  wish: Wish,
): number {
  const { oflags, rights } = wish;
  if (has(oflags, OFLAG.creat) && has(oflags, OFLAG.excl)) throw new WasiError("exist");
  switch (stat.type) {
    case FILETYPE.directory:
      if (has(oflags, OFLAG.trunc | OFLAG.creat) || has(rights, RIGHT.fd_write)) throw new WasiError("isdir");
      return ctx.descriptors.add({
        kind: "directory",
        fd: host.openItself(fd),
        grant: base.grant,
        root: base.root,
        depth: name === "." ? depth : depth + 1,
        rights: rights & DIRECTORY_RIGHTS,
        inheriting: wish.inheriting,
        flags: 0,
      });
    case FILETYPE.regular: {
      if (has(oflags, OFLAG.directory)) throw new WasiError("notdir");
      if (has(oflags, OFLAG.trunc)) host.closeFile(host.reopen(fd, "truncate", 0));
      return addFile(ctx, base, host.reopen(fd, accessOf(rights), wish.fdflags), wish);
    }
    case FILETYPE.symlink:
      throw new WasiError("loop");
    default:
      throw new WasiError("perm");
  }
}

function addFile(ctx: Context, base: DirectoryEntry, fd: number, wish: Wish): number {
  return ctx.descriptors.add({
    kind: "file",
    fd,
    access: accessOf(wish.rights),
    offset: 0,
    space: base.root.space,
    grant: base.grant,
    rights: wish.rights & FILE_RIGHTS,
    inheriting: 0,
    flags: wish.fdflags,
  });
}

function accessOf(rights: number): host.Access {
  if (!has(rights, RIGHT.fd_write | RIGHT.fd_allocate | RIGHT.fd_filestat_set_size)) return "read";
  return has(rights, RIGHT.fd_read) ? "both" : "write";
}
