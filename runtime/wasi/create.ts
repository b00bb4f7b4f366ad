/**
 * WASI preview 1 as a sandbox: all functions of wasi_snapshot_preview1 over a descriptor table whose rights only shrink. A
 * program reaches what its embedder gave it and nothing else; docs/wasi.md says how, and against whom. The functions are
 * plain ones, so that every tier links the same object; nothing but the end of the program is thrown into a guest.
 */

import { wasiFault } from "../faults.ts";
import { attemptSync, type Result } from "../kernel/result.ts";
import { type Calls, Context } from "./context.ts";
import type { Descriptors, Entry } from "./descriptors.ts";
import { directoryCalls } from "./directory-calls.ts";
import { entryCalls } from "./entry-calls.ts";
import { fileCalls } from "./file-calls.ts";
import * as host from "./host-files.ts";
import { directPort } from "./memory.ts";
import type { Preopen, Wasi, WasiFunction, WasiOptions, WasiSink, WasiSource } from "./options.ts";
import { WasiExit } from "./options.ts";
import { pathCalls } from "./path-calls.ts";
import { pathOpen } from "./path-open.ts";
import { pollCalls } from "./poll.ts";
import {
  DIRECTORY_RIGHTS,
  ERRNO,
  FILE_RIGHTS,
  IN_RIGHTS,
  OUT_RIGHTS,
  SIGNATURES,
  WasiError,
  type WasiName,
  WRITE_RIGHTS,
} from "./preview1.ts";
import { type Space, usageBelow } from "./usage.ts";
import { socketCalls, socketEntry, worldCalls } from "./world-calls.ts";

/** WASI_PREOPEN when a directory cannot be given. */
export function createWasi(options: WasiOptions): Result<Wasi> {
  return attemptSync(() => make(options));
}

function make(options: WasiOptions): Wasi {
  const ctx = new Context(options);
  const { descriptors } = ctx;
  try {
    for (const entry of standardStreams(options)) descriptors.add(entry);
    for (const [n, one] of (options.preopens ?? []).entries()) preopen(descriptors, one, n);
    for (const [n, one] of (options.sockets ?? []).entries()) descriptors.add(socketEntry(one, `socket:${n}`, 0));
  } catch (error) {
    descriptors.closeAll();
    throw error;
  }
  const calls: Calls = {
    ...fileCalls(ctx),
    ...entryCalls(ctx),
    ...directoryCalls(ctx),
    ...pathOpen(ctx),
    ...pathCalls(ctx),
    ...pollCalls(ctx),
    ...worldCalls(ctx),
    ...socketCalls(ctx),
  };
  const counts = new Map<WasiName, number>();
  let failed = 0;
  let ended: unknown;

  const wrap = (name: WasiName): WasiFunction => {
    const types = SIGNATURES[name];
    const call = calls[name] as (...args: (number | bigint)[]) => void;
    return (...args) => {
      // A guest that caught its own end does not go on.
      if (ended !== undefined) throw ended;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      const errno = answerOf(name, () => call(...convert(types, args)));
      if (errno !== ERRNO.success) failed += 1;
      return errno;
    };
  };

  const answerOf = (name: WasiName, call: () => void): number => {
    try {
      call();
      return ERRNO.success;
    } catch (error) {
      if (error instanceof WasiError) return error.errno;
      if (name === "proc_exit" || error instanceof WasiExit) {
        ended = error;
        throw error;
      }
      const errno = host.errnoOf(error);
      // The stack is exhausted. What was being done may be half done: the guest does not go on.
      if (errno === undefined && error instanceof RangeError) {
        ended = error;
        throw error;
      }
      if (errno === undefined) options.onMistake?.(error);
      return errno ?? ERRNO.io;
    }
  };

  const names = Object.keys(SIGNATURES) as WasiName[];
  return {
    functions: Object.fromEntries(names.map((name) => [name, wrap(name)])) as Record<WasiName, WasiFunction>,
    bind: (memory) => ctx.memory.use(directPort(memory)),
    bindPort: (port) => ctx.memory.use(port),
    stats: () => ({
      calls: Object.fromEntries(counts),
      failed,
      readBytes: ctx.readBytes,
      writtenBytes: ctx.writtenBytes,
      openDescriptors: descriptors.count,
    }),
    close: () => descriptors.closeAll(),
  };
}

/** Unsigned, whatever was passed: a tier may link a function without having looked at its type. */
function convert(types: string, args: readonly (number | bigint)[]): (number | bigint)[] {
  const converted: (number | bigint)[] = [];
  for (let n = 0; n < types.length; n += 1) {
    const value = args[n] ?? 0;
    if (types[n] === "i") converted.push(typeof value === "number" ? value >>> 0 : Number(BigInt.asUintN(32, value)));
    else converted.push(BigInt.asUintN(64, typeof value === "bigint" ? value : BigInt(value >>> 0)));
  }
  return converted;
}

function standardStreams({ stdin, stdout, stderr }: WasiOptions): readonly Entry[] {
  const stream = (grant: string, rights: number, end: { source?: WasiSource; sink?: WasiSink }): Entry => ({
    kind: "stream",
    grant,
    rights,
    inheriting: 0,
    flags: 0,
    terminal: (end.source ?? end.sink)?.terminal === true,
    ...end,
  });
  return [
    stream("stdin", IN_RIGHTS, stdin === undefined ? {} : { source: stdin }),
    stream("stdout", OUT_RIGHTS, stdout === undefined ? {} : { sink: stdout }),
    stream("stderr", OUT_RIGHTS, stderr === undefined ? {} : { sink: stderr }),
  ];
}

function preopen(descriptors: Descriptors, one: Preopen, number: number): void {
  const { guestPath, hostPath, readonly = false, quotaBytes, noLink } = one;
  const fault = (reason: string, cause?: unknown) =>
    wasiFault("WASI_PREOPEN", { guest: guestPath, host: hostPath, reason }, cause);
  const root = rootOf(hostPath, noLink, fault);
  if (root === undefined) throw fault("it lies among the host's processes, or the kernel does not number mounts");
  const { fd, mount, device } = root;
  const space = quotaBytes === undefined ? undefined : spaceIn(fd, quotaBytes, fault);
  const granted = readonly ? ~WRITE_RIGHTS : ~0;
  descriptors.add({
    kind: "directory",
    fd,
    grant: guestPath,
    preopen: guestPath,
    root: { number, mount, device, readonly, space },
    depth: 0,
    rights: DIRECTORY_RIGHTS & granted,
    inheriting: (DIRECTORY_RIGHTS | FILE_RIGHTS) & granted,
    flags: 0,
  });
}

function spaceIn(fd: number, quotaBytes: number, fault: (reason: string, cause: unknown) => Error): Space {
  try {
    return { left: quotaBytes - usageBelow(fd) };
  } catch (error) {
    host.closeFile(fd);
    throw host.systemCode(error) === undefined ? error : fault((error as Error).message, error);
  }
}

/** Undefined where no directory is given from. */
function rootOf(
  hostPath: string,
  noLink: boolean | undefined,
  fault: (reason: string, cause: unknown) => Error,
): { readonly fd: number; readonly mount: number; readonly device: number } | undefined {
  let fd: number | undefined;
  try {
    fd = host.openRoot(hostPath, noLink);
    const mount = fd === undefined ? undefined : host.mountOf(fd);
    if (fd !== undefined && mount !== undefined) return { fd, mount, device: host.deviceOf(fd) };
    if (fd !== undefined) host.closeFile(fd);
    return undefined;
  } catch (error) {
    if (fd !== undefined) host.closeFile(fd);
    throw host.systemCode(error) === undefined ? error : fault((error as Error).message, error);
  }
}
