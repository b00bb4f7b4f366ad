/**
 * What a directory's quota is counted in: the bytes of its files as they say their size, and a block for each name. More
 * than a file system takes for them, holes included, so that a guest that stays below it fills no disk.
 */
import * as host from "./host-files.ts";
import { FILETYPE, WasiError } from "./preview1.ts";

/** What is left of one directory's quota. Nothing is given back while a program runs. */
export interface Space {
  left: number;
}

export const NAME_COST = 4096;
const NAMES_MAX = 65_536;
const DEPTH_MAX = 64;

/** Infinity where there are too many names to count, or too deep. Links are not followed. */
export function usageBelow(root: number): number {
  let names = 0;
  const count = (fd: number, depth: number): number => {
    const list = depth > DEPTH_MAX ? undefined : host.listDirectory(fd, NAMES_MAX - names);
    if (list === undefined) return Number.POSITIVE_INFINITY;
    names += list.length;
    let bytes = 0;
    for (const { name, type } of list) {
      bytes += NAME_COST;
      if (type === FILETYPE.regular) bytes += Number(host.statOfName(fd, host.nameText(name))?.size ?? 0n);
      else if (type === FILETYPE.directory)
        bytes += within(fd, host.nameText(name), (inner) => count(inner, depth + 1));
    }
    return bytes;
  };
  return count(root, 0);
}

/** 0 for what went away meanwhile. */
function within(directory: number, name: string, count: (fd: number) => number): number {
  let fd: number;
  try {
    fd = host.openDirectory(directory, name);
  } catch (error) {
    const code = host.systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return 0;
    throw error;
  }
  try {
    return count(fd);
  } finally {
    host.closeFile(fd);
  }
}

/** EDQUOT where less is left. */
export function take(space: Space | undefined, bytes: number): void {
  if (space === undefined) return;
  if (space.left < bytes) throw new WasiError("dquot");
  space.left -= bytes;
}

/** Makes a name, for which there has to be room. */
export function takeName<T>(space: Space | undefined, make: () => T): T {
  take(space, NAME_COST);
  try {
    return make();
  } catch (error) {
    if (space !== undefined) space.left += NAME_COST;
    throw error;
  }
}

/** How many of so many bytes may be written at this place; EDQUOT when it is none. */
export function roomAt(space: Space | undefined, size: number, offset: number, bytes: number): number {
  if (space === undefined) return bytes;
  const room = Math.min(bytes, Math.max(size, size + space.left) - offset);
  if (room <= 0 && bytes > 0) throw new WasiError("dquot");
  return room;
}
