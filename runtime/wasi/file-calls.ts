/** Reading and writing: fd_read, fd_write and their kin, over files, standard streams and sockets. */
import type { Calls, Context } from "./context.ts";
import type { FileEntry, SocketEntry, StreamEntry } from "./descriptors.ts";
import * as host from "./host-files.ts";
import type { Stretch } from "./memory.ts";
import { FDFLAG, RIGHT, WasiError, WHENCE } from "./preview1.ts";
import { roomAt, take } from "./usage.ts";

/** Node counts positions in doubles. */
const OFFSET_MAX = Number.MAX_SAFE_INTEGER;
const ADVICE_MAX = 5;

type FileCalls = Pick<
  Calls,
  | "fd_read"
  | "fd_pread"
  | "fd_write"
  | "fd_pwrite"
  | "fd_seek"
  | "fd_tell"
  | "fd_sync"
  | "fd_datasync"
  | "fd_advise"
  | "fd_allocate"
  | "fd_filestat_set_size"
>;

export function fileCalls(ctx: Context): FileCalls {
  const { memory, descriptors } = ctx;
  return {
    fd_read(fd, list, count, got) {
      const entry = descriptors.get(fd, RIGHT.fd_read);
      const stretches = memory.stretches(list, count);
      memory.expect(got, 4);
      let total = 0;
      if (entry.kind === "file") {
        total = readAt(ctx, entry, stretches, entry.offset);
        entry.offset += total;
      } else if (entry.kind === "directory") throw new WasiError("isdir");
      else total = entry.kind === "stream" ? readStream(ctx, entry, stretches) : receive(ctx, entry, stretches, false);
      ctx.readBytes += total;
      memory.putU32(got, total);
    },
    fd_pread(fd, list, count, offset, got) {
      const entry = descriptors.get(fd, RIGHT.fd_read);
      if (entry.kind !== "file") throw new WasiError(entry.kind === "directory" ? "isdir" : "spipe");
      // Without fd_seek, only where the descriptor stands anyway.
      descriptors.check(fd, entry, RIGHT.fd_seek, 1);
      const stretches = memory.stretches(list, count);
      memory.expect(got, 4);
      const total = readAt(ctx, entry, stretches, offsetOf(offset));
      ctx.readBytes += total;
      memory.putU32(got, total);
    },
    fd_write(fd, list, count, written) {
      const stretches = memory.stretches(list, count);
      const entry = descriptors.get(fd, RIGHT.fd_write, sizeOf(stretches));
      memory.expect(written, 4);
      let total = 0;
      if (entry.kind === "file") total = append(ctx, entry, stretches);
      else if (entry.kind === "directory") throw new WasiError("isdir");
      else total = entry.kind === "stream" ? writeStream(ctx, entry, stretches) : send(ctx, entry, stretches);
      memory.putU32(written, total);
    },
    fd_pwrite(fd, list, count, offset, written) {
      const stretches = memory.stretches(list, count);
      const entry = descriptors.get(fd, RIGHT.fd_write, sizeOf(stretches));
      if (entry.kind !== "file") throw new WasiError(entry.kind === "directory" ? "isdir" : "spipe");
      descriptors.check(fd, entry, RIGHT.fd_seek, 1);
      memory.expect(written, 4);
      memory.putU32(written, writeAt(ctx, entry, stretches, offsetOf(offset)));
    },
    fd_seek(fd, delta, whence, at) {
      const entry = descriptors.get(fd);
      if (entry.kind === "stream" || entry.kind === "socket") throw new WasiError("spipe");
      const by = Number(BigInt.asIntN(64, delta));
      // Asking where one is needs less than going elsewhere.
      const asks = whence === WHENCE.cur && by === 0 && (entry.rights & RIGHT.fd_tell) !== 0;
      const file = descriptors.file(fd, asks ? RIGHT.fd_tell : RIGHT.fd_seek);
      memory.expect(at, 8);
      let from = 0;
      if (whence === WHENCE.cur) from = file.offset;
      else if (whence === WHENCE.end) from = Number(host.statOf(file.fd).size);
      else if (whence !== WHENCE.set) throw new WasiError("inval");
      const to = from + by;
      if (to < 0) throw new WasiError("inval");
      if (to > OFFSET_MAX) throw new WasiError("overflow");
      file.offset = to;
      memory.putU64(at, BigInt(to));
    },
    fd_tell(fd, at) {
      const entry = descriptors.get(fd);
      if (entry.kind === "stream" || entry.kind === "socket") throw new WasiError("spipe");
      memory.putU64(at, BigInt(descriptors.file(fd, RIGHT.fd_tell).offset));
    },
    fd_sync(fd) {
      const entry = descriptors.get(fd, RIGHT.fd_sync);
      if (entry.kind === "file") host.syncFile(entry.fd);
      else if (entry.kind === "directory") host.syncDirectory(entry.fd);
    },
    fd_datasync(fd) {
      host.syncData(descriptors.file(fd, RIGHT.fd_datasync).fd);
    },
    fd_advise(fd, offset, length, advice) {
      descriptors.get(fd, RIGHT.fd_advise);
      if (advice > ADVICE_MAX) throw new WasiError("inval");
      if (offset + length > BigInt(OFFSET_MAX)) throw new WasiError("inval");
    },
    fd_allocate(fd, offset, length) {
      const file = descriptors.file(fd, RIGHT.fd_allocate);
      if (length === 0n) throw new WasiError("inval");
      resize(ctx, file, offset + length, false);
    },
    fd_filestat_set_size(fd, size) {
      resize(ctx, descriptors.file(fd, RIGHT.fd_filestat_set_size), size, true);
    },
  };
}

const sizeOf = (stretches: readonly Stretch[]): number => stretches.reduce((sum, one) => sum + one.length, 0);

function offsetOf(offset: bigint): number {
  if (offset > BigInt(OFFSET_MAX)) throw new WasiError("inval");
  return Number(offset);
}

function resize(ctx: Context, { fd: file, space }: FileEntry, size: bigint, shrink: boolean): void {
  if (size > BigInt(OFFSET_MAX)) throw new WasiError("fbig");
  const before = host.statOf(file).size;
  if (size > before) {
    take(space, Number(size - before));
    ctx.grow(Number(size - before));
  }
  if (shrink || size > before) host.truncateFile(file, Number(size));
}

/** Up to the end, or to where one stretch was not filled. */
function readAt({ memory }: Context, { fd }: FileEntry, stretches: readonly Stretch[], offset: number): number {
  return each(stretches, (stretch, done) => memory.fill(stretch, (into) => host.readFile(fd, into, offset + done)));
}

/** Stretch by stretch until one is not done wholly. An error after the first bytes is for the next call to find. */
function each(stretches: readonly Stretch[], act: (stretch: Stretch, done: number) => number): number {
  let total = 0;
  for (const stretch of stretches) {
    let count: number;
    try {
      count = act(stretch, total);
    } catch (error) {
      if (total > 0) return total;
      throw error;
    }
    total += count;
    if (count < stretch.length) break;
  }
  return total;
}

function append(ctx: Context, entry: FileEntry, stretches: readonly Stretch[]): number {
  const total = writeAt(ctx, entry, stretches, entry.offset);
  const appends = (entry.flags & FDFLAG.append) !== 0;
  entry.offset = appends ? Number(host.statOf(entry.fd).size) : entry.offset + total;
  return total;
}

function writeAt(ctx: Context, entry: FileEntry, stretches: readonly Stretch[], offset: number): number {
  const appends = (entry.flags & FDFLAG.append) !== 0;
  return each(stretches, ({ address, length }, done) => {
    const { space } = entry;
    const size = space === undefined ? 0 : Number(host.statOf(entry.fd).size);
    const at = appends ? size : offset + done;
    const bytes = ctx.memory.bytes(address, roomAt(space, size, at, ctx.roomFor(length)));
    const count = host.writeFile(entry.fd, bytes, appends ? null : at);
    ctx.wrote(count);
    take(space, Math.max(0, at + count - size));
    return count;
  });
}

function readStream({ memory }: Context, { source }: StreamEntry, stretches: readonly Stretch[]): number {
  let total = 0;
  for (const stretch of stretches) {
    // What is there is enough: waiting for more would keep it from the program.
    if (total > 0 && source?.ready?.(0) !== true) break;
    const count = memory.fill(stretch, (into) => source?.read(into) ?? 0);
    total += count;
    if (count < stretch.length) break;
  }
  return total;
}

function writeStream(ctx: Context, { sink }: StreamEntry, stretches: readonly Stretch[]): number {
  let total = 0;
  for (const { address, length } of stretches) {
    // A copy: the sink may keep it.
    sink?.write(ctx.memory.bytes(address, length).slice());
    total += length;
  }
  ctx.writtenBytes += total;
  return total;
}

export function receive(ctx: Context, entry: SocketEntry, stretches: readonly Stretch[], peek: boolean): number {
  const [first] = stretches;
  if (entry.socket.receive === undefined) throw new WasiError("notconn");
  if (first === undefined) return 0;
  // One stretch at a time: a short read is no error, and the other end's next bytes may take their time.
  let pending = false;
  const count = ctx.memory.fill(first, (into) => {
    const got = entry.socket.receive?.(into, peek);
    pending = got === undefined;
    return got ?? 0;
  });
  if (pending) throw new WasiError("again");
  return count;
}

export function send(ctx: Context, entry: SocketEntry, stretches: readonly Stretch[]): number {
  if (entry.socket.send === undefined) throw new WasiError("notconn");
  let total = 0;
  for (const { address, length } of stretches) {
    const count = entry.socket.send(ctx.memory.bytes(address, length).slice());
    if (count === undefined) {
      if (total === 0) throw new WasiError("again");
      break;
    }
    total += count;
    if (count < length) break;
  }
  ctx.writtenBytes += total;
  return total;
}
