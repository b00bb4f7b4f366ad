/** Names in directories: made, removed, renamed, linked, looked at. Opening them is in path-open.ts. */
import type { Calls, Context } from "./context.ts";
import { filestat, fileTimes } from "./entry-calls.ts";
import { setTimes } from "./file-times.ts";
import * as host from "./host-files.ts";
import { FILETYPE, FOLLOW, RIGHT, WasiError } from "./preview1.ts";
import { takeName } from "./usage.ts";
import { atObject, atPlace, type Place } from "./walk.ts";

type PathCalls = Pick<
  Calls,
  | "path_create_directory"
  | "path_filestat_get"
  | "path_filestat_set_times"
  | "path_link"
  | "path_readlink"
  | "path_remove_directory"
  | "path_rename"
  | "path_symlink"
  | "path_unlink_file"
>;

export function pathCalls(ctx: Context): PathCalls {
  const { memory, descriptors } = ctx;
  return {
    path_create_directory(fd, at, length) {
      const base = descriptors.directory(fd, RIGHT.path_create_directory);
      atPlace(base, ctx.path(at, length), (place) => {
        if (place.name === ".") throw new WasiError("exist");
        takeName(base.root.space, () => host.makeDirectory(place.directory, place.name));
      });
    },
    path_filestat_get(fd, flags, at, length, out) {
      const base = descriptors.directory(fd, RIGHT.path_filestat_get);
      atObject(base, ctx.path(at, length), follows(flags), ({ object }) => {
        if (object === undefined) throw new WasiError("noent");
        memory.put(out, filestat(object.stat));
      });
    },
    path_filestat_set_times(fd, flags, at, length, atim, mtim, fstflags) {
      const base = descriptors.directory(fd, RIGHT.path_filestat_set_times);
      const [atime, mtime] = fileTimes(atim, mtim, fstflags);
      atObject(base, ctx.path(at, length), follows(flags), ({ object }) => {
        if (object === undefined) throw new WasiError("noent");
        setTimes(object.fd, atime, mtime);
      });
    },
    path_link(oldFd, flags, oldAt, oldLength, newFd, newAt, newLength) {
      const from = descriptors.directory(oldFd, RIGHT.path_link_source);
      const to = descriptors.directory(newFd, RIGHT.path_link_target);
      const oldPath = ctx.path(oldAt, oldLength);
      const newPath = ctx.path(newAt, newLength);
      if (follows(flags)) throw new WasiError("inval");
      // Under another directory's name the file would have that directory's rights.
      if (from.root.number !== to.root.number) throw new WasiError("xdev");
      atObject(from, oldPath, false, ({ directory, name, object }) => {
        if (object === undefined) throw new WasiError("noent");
        const { type } = object.stat;
        if (type !== FILETYPE.regular && type !== FILETYPE.symlink) throw new WasiError("perm");
        atPlace(to, newPath, (place) => {
          if (place.name === ".") throw new WasiError("exist");
          if (place.slash) throw new WasiError(exists(place) ? "exist" : "noent");
          takeName(to.root.space, () => host.linkEntry(directory, name, place.directory, place.name));
        });
      });
    },
    path_readlink(fd, at, length, out, room, used) {
      const base = descriptors.directory(fd, RIGHT.path_readlink);
      memory.expect(out, room);
      memory.expect(used, 4);
      atPlace(base, ctx.path(at, length), ({ directory, name, slash }) => {
        if (name === "." || slash) throw new WasiError("inval");
        const target = new TextEncoder().encode(host.readLink(directory, name)).subarray(0, room);
        memory.put(out, target);
        memory.putU32(used, target.length);
      });
    },
    path_remove_directory(fd, at, length) {
      const base = descriptors.directory(fd, RIGHT.path_remove_directory);
      atPlace(base, ctx.path(at, length), ({ directory, name }) => {
        if (name === ".") throw new WasiError("inval");
        host.removeDirectory(directory, name);
      });
    },
    path_rename(oldFd, oldAt, oldLength, newFd, newAt, newLength) {
      const from = descriptors.directory(oldFd, RIGHT.path_rename_source);
      const to = descriptors.directory(newFd, RIGHT.path_rename_target);
      const oldPath = ctx.path(oldAt, oldLength);
      const newPath = ctx.path(newAt, newLength);
      // Bytes would change their quota.
      if (from.root.space !== to.root.space) throw new WasiError("xdev");
      atPlace(from, oldPath, (source) => atPlace(to, newPath, (target) => rename(source, target)));
    },
    path_symlink(targetAt, targetLength, fd, at, length) {
      const base = descriptors.directory(fd, RIGHT.path_symlink);
      const target = ctx.path(targetAt, targetLength);
      if (target === "") throw new WasiError("noent");
      if (target.startsWith("/")) throw new WasiError("perm");
      atPlace(base, ctx.path(at, length), (place) => {
        expectInside(place.depth, target);
        if (place.name === ".") throw new WasiError("exist");
        if (place.slash) throw new WasiError(exists(place) ? "exist" : "noent");
        takeName(base.root.space, () => host.makeLink(target, place.directory, place.name));
      });
    },
    path_unlink_file(fd, at, length) {
      const base = descriptors.directory(fd, RIGHT.path_unlink_file);
      atPlace(base, ctx.path(at, length), (place) => {
        if (place.name === ".") throw new WasiError("isdir");
        // With a slash it has to be a directory, and a directory is not removed like this.
        if (place.slash) expectDirectory(place);
        host.removeFile(place.directory, place.name);
      });
    },
  };
}

const follows = (flags: number): boolean => {
  if ((flags & ~FOLLOW) !== 0) throw new WasiError("inval");
  return flags === FOLLOW;
};

const exists = ({ directory, name }: Place): boolean => host.statOfName(directory, name) !== undefined;

function expectDirectory({ directory, name }: Place): void {
  const stat = host.statOfName(directory, name);
  if (stat === undefined) throw new WasiError("noent");
  if (stat.type !== FILETYPE.directory) throw new WasiError("notdir");
}

function rename(source: Place, target: Place): void {
  if (source.name === "." || target.name === ".") throw new WasiError("busy");
  // A slash behind either name says that a directory is renamed.
  if (source.slash || target.slash) expectDirectory(source);
  host.renameEntry(source.directory, source.name, target.directory, target.name);
}

/**
 * No link is made that, read as text, leads out of what was granted: we would not follow it, but another reader of the
 * directory might. (A link that is moved later is not looked at again.)
 */
function expectInside(depth: number, target: string): void {
  let here = depth;
  for (const name of target.split("/")) {
    if (name === "" || name === ".") continue;
    here += name === ".." ? -1 : 1;
    if (here < 0) throw new WasiError("perm");
  }
}
