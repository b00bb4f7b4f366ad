/**
 * fd_readdir. A directory is listed when it is read from the beginning, in the order of its names' bytes; later reads go on
 * in that list, so that no entry is seen twice or skipped because of what happened in between.
 */
import type { Calls, Context } from "./context.ts";
import type { DirectoryEntry } from "./descriptors.ts";
import * as host from "./host-files.ts";
import { FILETYPE, RIGHT, WasiError } from "./preview1.ts";

const HEAD_BYTES = 24;
const DOT = Uint8Array.of(0x2e);
const DOT_DOT = Uint8Array.of(0x2e, 0x2e);

/** Lists that are kept at once; the others are made again when they are gone on with. */
const LISTS_MAX = 8;

type List = readonly { readonly name: Uint8Array; readonly type: number }[];

export function directoryCalls(ctx: Context): Pick<Calls, "fd_readdir"> {
  const { memory, descriptors } = ctx;
  const lists = new Map<DirectoryEntry, List>();

  const listOf = (entry: DirectoryEntry, fresh: boolean): List => {
    const known = fresh ? undefined : lists.get(entry);
    const list = known ?? listed(entry, ctx.quotas.directoryEntries);
    // The one that was used last is last.
    lists.delete(entry);
    lists.set(entry, list);
    const [oldest] = lists.keys();
    if (lists.size > LISTS_MAX && oldest !== undefined) lists.delete(oldest);
    return list;
  };

  return {
    fd_readdir(fd, at, room, cookie, used) {
      const entry = descriptors.get(fd, RIGHT.fd_readdir);
      if (entry.kind !== "directory") throw new WasiError("notdir");
      memory.expect(at, room);
      memory.expect(used, 4);
      const list = listOf(entry, cookie === 0n);
      let filled = 0;
      for (let n = cookie; n < BigInt(list.length) && filled < room; n += 1n) {
        const one = list[Number(n)];
        if (one === undefined) break;
        const bytes = dirent(n + 1n, inodeOf(entry, one.name), one.type, one.name);
        // The last one may be cut: the guest then knows that there is more.
        const part = bytes.subarray(0, room - filled);
        memory.put(at + filled, part);
        filled += part.length;
      }
      memory.putU32(used, filled);
    },
  };
}

function listed({ fd }: DirectoryEntry, most: number): List {
  const found = host.listDirectory(fd, most);
  if (found === undefined) throw new WasiError("overflow");
  const dots = [DOT, DOT_DOT].map((name) => ({ name, type: FILETYPE.directory }));
  return [...dots, ...found.sort((a, b) => compare(a.name, b.name))];
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let n = 0; n < length; n += 1) {
    const difference = (a[n] ?? 0) - (b[n] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** `..` is not told: it may lie outside. */
function inodeOf(entry: DirectoryEntry, name: Uint8Array): bigint {
  if (name === DOT || name === DOT_DOT) return host.statOf(entry.fd).ino;
  return host.statOfName(entry.fd, host.nameText(name))?.ino ?? 0n;
}

function dirent(next: bigint, inode: bigint, type: number, name: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + name.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, next, true);
  view.setBigUint64(8, inode, true);
  view.setUint32(16, name.length, true);
  bytes[20] = type;
  bytes.set(name, HEAD_BYTES);
  return bytes;
}
