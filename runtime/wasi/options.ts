/** What an embedder gives a program of WASI preview 1: surroundings, streams, directories, bounds. Nothing is given by default. */
import type { MemoryPort } from "./memory.ts";
import type { RightName, WasiName } from "./preview1.ts";

/** Where a program reads from. */
export interface WasiSource {
  /** Waits for bytes; 0 at the end. */
  read(into: Uint8Array): number;
  /** Whether `read` would not wait; waits for that at most so many milliseconds. Without it, always. */
  ready?(waitMs: number): boolean;
  readonly terminal?: boolean;
}

/** Where a program writes to. */
export interface WasiSink {
  write(bytes: Uint8Array): void;
  readonly terminal?: boolean;
}

/** A socket that the embedder opened. Where nothing is there yet, `undefined` is EAGAIN. */
export interface WasiSocket {
  accept?(): WasiSocket | undefined;
  /** 0 when the other end is done. */
  receive?(into: Uint8Array, peek: boolean): number | undefined;
  send?(bytes: Uint8Array): number | undefined;
  shutdown?(how: "read" | "write" | "both"): void;
  close?(): void;
}

export interface Preopen {
  readonly guestPath: string;
  readonly hostPath: string;
  readonly readonly?: boolean;
  /**
   * What its files may come to, 4096 bytes for each name with them, what is there already included. What a program makes
   * smaller or removes is its own again only with the next program.
   */
  readonly quotaBytes?: number;
  /** A host path that ends in a link is refused. */
  readonly noLink?: boolean;
}

export interface WasiClocks {
  /** Nanoseconds since 1970, and of a clock that never goes back. */
  realtime(): bigint;
  monotonic(): bigint;
  /** What is granted, in nanoseconds: times are rounded down to a multiple of it. */
  readonly resolution?: bigint;
}

/**
 * Asked at each use of something granted: `stdin`, `stdout`, `stderr`, `clock`, `random`, `socket:N`, or a directory's path in
 * the guest, for everything that was opened through it. 0, or a negative number of the ABI (host-module.ts): revoked
 * closes the descriptor, over rate is EAGAIN, over quota EDQUOT, all else ENOTCAPABLE. The cost is bytes, or 1.
 */
export interface WasiAuthority {
  check(handle: string, right: RightName | "clock" | "random", cost: number): number;
}

export interface WasiQuotas {
  /** Open at the same time, standard streams and directories included. */
  readonly descriptors: number;
  /** Written to files, growth by truncation included, over the program's life. */
  readonly writtenBytes: number;
  readonly pathBytes: number;
  /** Of one directory that is listed. */
  readonly directoryEntries: number;
  /** Of one call of random_get. */
  readonly randomCallBytes: number;
}

export const DEFAULT_QUOTAS: WasiQuotas = {
  descriptors: 128,
  writtenBytes: Number.POSITIVE_INFINITY,
  pathBytes: 4096,
  directoryEntries: 65_536,
  randomCallBytes: 64 * 1024 * 1024,
};

export interface WasiOptions {
  readonly args?: readonly string[];
  /** `NAME=VALUE`. */
  readonly env?: readonly string[];
  readonly stdin?: WasiSource;
  readonly stdout?: WasiSink;
  readonly stderr?: WasiSink;
  readonly preopens?: readonly Preopen[];
  readonly sockets?: readonly WasiSocket[];
  readonly clocks?: WasiClocks;
  /** Fills with random bytes. */
  readonly random?: (into: Uint8Array) => void;
  /** Waits so many milliseconds, or shorter; `stop` breaks the call off. Without it, sleep is not supported. */
  readonly wait?: (ms: number) => "stop" | undefined;
  readonly quotas?: Partial<WasiQuotas>;
  readonly authority?: WasiAuthority;
  /** Leaves the guest by throwing. Without it, a WasiExit is thrown. */
  readonly exit?: (status: number) => never;
  /** An exception that is no answer of the operating system's: a mistake of ours. The guest is told EIO. */
  readonly onMistake?: (thrown: unknown) => void;
}

export interface WasiStats {
  readonly calls: Readonly<Partial<Record<WasiName, number>>>;
  /** Calls that were answered with an error. */
  readonly failed: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly openDescriptors: number;
}

/** What is linked: i32 as number, i64 as bigint, as `GuestImport` of guest-code.ts. */
export type WasiFunction = (...args: (number | bigint)[]) => number;

export interface Wasi {
  readonly functions: Readonly<Record<WasiName, WasiFunction>>;
  /** Says where the guest's memory is. Before it, every address is outside. */
  bind(memory: () => Uint8Array): void;
  bindPort(port: MemoryPort): void;
  stats(): WasiStats;
  /** Closes what is open on the host. */
  close(): void;
}

/** Thrown to leave the guest. */
export class WasiExit extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the program ended with status ${status}`);
    this.name = "WasiExit";
    this.status = status;
  }
}
