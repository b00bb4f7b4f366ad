/**
 * As much of WASI preview 1 as a command module needs to be tried by hand: arguments, environment, standard streams, clock,
 * chance and exit. No files, no network: what is missing answers ENOSYS. Guest memory is touched through `GuestMemory`
 * only, so that a debugger can write down what was answered and repeat it.
 */
import { randomFillSync } from "node:crypto";
import type { GuestMemory, HostFunction, Hosts, Value } from "../../runtime/debug/index.ts";

/** Thrown to leave the guest. */
export class GuestExit extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the program ended with status ${status}`);
    this.name = "GuestExit";
    this.status = status;
  }
}

export interface WasiWorld {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly stdin: Uint8Array;
  readonly out: (bytes: Uint8Array) => void;
  readonly err: (bytes: Uint8Array) => void;
  /** Nanoseconds since 1970, and of a clock that never goes back. */
  readonly now: () => bigint;
  readonly monotonic: () => bigint;
}

export const WASI_MODULE = "wasi_snapshot_preview1";

const ERRNO = { success: 0, badf: 8, fault: 21, inval: 28, nosys: 52, spipe: 70 } as const;
/** File type 2 is a character device. Rights: fd_read 2, fd_write 64. */
const CHARACTER_DEVICE = 2;
const VECTORS_MAX = 1024;
const CHUNK_MAX = 1 << 20;

type Call = (memory: GuestMemory, args: readonly number[]) => number;

export function wasiLite(world: WasiWorld): Hosts {
  const functions: Readonly<Record<string, Call>> = { ...streams(world), ...surroundings(world) };
  return (module, name) => {
    if (module !== WASI_MODULE) return undefined;
    const call = Object.hasOwn(functions, name) ? functions[name] : undefined;
    return wrap(name, call ?? (() => ERRNO.nosys));
  };
}

function wrap(name: string, call: Call): HostFunction {
  const answers = name !== "proc_exit";
  return (values, memory) => {
    const status = call(memory, values.map(asNumber));
    return answers ? [{ type: "i32", value: status }] : [];
  };
}

/** Addresses and descriptors are unsigned; 64-bit arguments are precisions and offsets that nothing here depends on. */
function asNumber(value: Value): number {
  if (value.type === "i32") return value.value >>> 0;
  return value.type === "i64" ? Number(BigInt.asUintN(53, value.value)) : 0;
}

function streams({ stdin, out, err }: WasiWorld): Readonly<Record<string, Call>> {
  let read = 0;
  return {
    fd_write: (memory, [fd = 0, vectors = 0, count = 0, written = 0]) => {
      const to = fd === 1 ? out : fd === 2 ? err : undefined;
      if (to === undefined) return ERRNO.badf;
      const parts = vectorsOf(memory, vectors, count);
      if (parts === undefined) return ERRNO.fault;
      let total = 0;
      for (const { address, length } of parts) {
        const bytes = memory.read(address, length);
        if (bytes === undefined) return ERRNO.fault;
        to(bytes);
        total += length;
      }
      return put(memory, written, u32(total));
    },
    fd_read: (memory, [fd = 0, vectors = 0, count = 0, got = 0]) => {
      if (fd !== 0) return ERRNO.badf;
      const parts = vectorsOf(memory, vectors, count);
      if (parts === undefined) return ERRNO.fault;
      const start = read;
      for (const { address, length } of parts) {
        const bytes = stdin.subarray(read, read + length);
        if (!memory.write(address, bytes)) return ERRNO.fault;
        read += bytes.length;
      }
      return put(memory, got, u32(read - start));
    },
    fd_fdstat_get: (memory, [fd = 0, at = 0]) => {
      if (fd > 2) return ERRNO.badf;
      const stat = new Uint8Array(24);
      stat[0] = CHARACTER_DEVICE;
      stat[8] = fd === 0 ? 2 : 64;
      return put(memory, at, stat);
    },
    fd_seek: (_memory, [fd = 0]) => (fd > 2 ? ERRNO.badf : ERRNO.spipe),
    fd_close: (_memory, [fd = 0]) => (fd > 2 ? ERRNO.badf : ERRNO.success),
    fd_prestat_get: () => ERRNO.badf,
  };
}

function surroundings(world: WasiWorld): Readonly<Record<string, Call>> {
  const texts = (all: readonly string[]) => {
    const encoded = all.map((one) => new TextEncoder().encode(`${one}\0`));
    const sizes: Call = (memory, [count = 0, size = 0]) => {
      const total = encoded.reduce((sum, one) => sum + one.length, 0);
      return put(memory, count, u32(encoded.length)) || put(memory, size, u32(total));
    };
    const get: Call = (memory, [pointers = 0, buffer = 0]) => {
      let at = buffer;
      for (const [n, one] of encoded.entries()) {
        if (put(memory, pointers + 4 * n, u32(at)) || put(memory, at, one)) return ERRNO.fault;
        at += one.length;
      }
      return ERRNO.success;
    };
    return { sizes, get };
  };
  const args = texts(world.args);
  const env = texts(world.env);
  return {
    args_sizes_get: args.sizes,
    args_get: args.get,
    environ_sizes_get: env.sizes,
    environ_get: env.get,
    clock_time_get: (memory, [id = 0, , at = 0]) => {
      if (id > 3) return ERRNO.inval;
      return put(memory, at, u64(id === 0 ? world.now() : world.monotonic()));
    },
    clock_res_get: (memory, [id = 0, at = 0]) => (id > 3 ? ERRNO.inval : put(memory, at, u64(1000n))),
    random_get: (memory, [at = 0, length = 0]) => {
      if (at + length > memory.size) return ERRNO.fault;
      for (let done = 0; done < length; done += CHUNK_MAX) {
        const part = randomFillSync(new Uint8Array(Math.min(CHUNK_MAX, length - done)));
        if (put(memory, at + done, part)) return ERRNO.fault;
      }
      return ERRNO.success;
    },
    sched_yield: () => ERRNO.success,
    proc_exit: (_memory, [status = 0]) => {
      throw new GuestExit(status);
    },
  };
}

/** Undefined when one of them cannot be read, or there are too many. */
function vectorsOf(memory: GuestMemory, at: number, count: number) {
  if (count > VECTORS_MAX) return undefined;
  const bytes = memory.read(at, count * 8);
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer);
  return Array.from({ length: count }, (_, n) => ({
    address: view.getUint32(n * 8, true),
    length: view.getUint32(n * 8 + 4, true),
  }));
}

const put = (memory: GuestMemory, at: number, bytes: Uint8Array): number =>
  memory.write(at, bytes) ? ERRNO.success : ERRNO.fault;

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  return bytes;
}
