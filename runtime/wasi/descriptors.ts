/**
 * The descriptor table: what a number of the guest's stands for, and with which rights. Rights only shrink: a descriptor
 * opened through another has at most what that one passes on.
 */

import { SP } from "../host-module.ts";
import * as host from "./host-files.ts";
import type { WasiAuthority, WasiSink, WasiSocket, WasiSource } from "./options.ts";
import { type RightName, rightName, WasiError } from "./preview1.ts";
import type { Space } from "./usage.ts";

interface Common {
  /** What it was granted through, as `WasiAuthority` knows it. */
  readonly grant: string;
  rights: number;
  inheriting: number;
  flags: number;
}

export interface StreamEntry extends Common {
  readonly kind: "stream";
  readonly source?: WasiSource;
  readonly sink?: WasiSink;
  readonly terminal: boolean;
}

export interface SocketEntry extends Common {
  readonly kind: "socket";
  readonly socket: WasiSocket;
}

export interface FileEntry extends Common {
  readonly kind: "file";
  fd: number;
  readonly access: host.Access;
  /** Where the next read or write is. */
  offset: number;
  /** Of the directory that it was opened in. */
  readonly space: Space | undefined;
}

export interface DirectoryEntry extends Common {
  readonly kind: "directory";
  /** Opened with O_PATH: good for names in it, and for nothing else. */
  readonly fd: number;
  readonly root: Root;
  /** Below the root, when it was opened. */
  readonly depth: number;
  /** Its path in the guest, when it was there from the beginning. */
  readonly preopen?: string;
}

/** A preopened directory: its number, and the mount that nothing leaves, with its usual device. */
export interface Root {
  readonly number: number;
  readonly mount: number;
  readonly device: number;
  readonly readonly: boolean;
  /** Undefined where there is no quota. */
  readonly space: Space | undefined;
}

export type Entry = StreamEntry | SocketEntry | FileEntry | DirectoryEntry;

export class Descriptors {
  readonly #entries = new Map<number, Entry>();
  readonly #most: number;
  readonly #authority: WasiAuthority | undefined;
  /** No number below it is free. */
  #low = 0;

  constructor(most: number, authority: WasiAuthority | undefined) {
    this.#most = most;
    this.#authority = authority;
  }

  get count(): number {
    return this.#entries.size;
  }

  /** EBADF when there is none of that number, ENOTCAPABLE when it lacks one of the rights. */
  get(number: number, rights = 0, cost = 1): Entry {
    const entry = this.#entries.get(number);
    if (entry === undefined) throw new WasiError("badf");
    this.check(number, entry, rights, cost);
    return entry;
  }

  /** ENOTCAPABLE when a right is missing. Of several, the authority is asked about the first. */
  check(number: number, entry: Entry, rights: number, cost: number): void {
    if ((entry.rights & rights) !== rights) throw new WasiError("notcapable");
    if (rights === 0 || this.#authority === undefined) return;
    try {
      this.ask(entry.grant, rightName(rights), cost);
    } catch (error) {
      if (error instanceof Revoked) this.close(number);
      throw error;
    }
  }

  /** Whether what was granted still is. */
  ask(handle: string, right: RightName | "clock" | "random", cost: number): void {
    const answer = this.#authority?.check(handle, right, cost) ?? 0;
    if (answer === 0) return;
    if (answer === SP.EREVOKED) throw new Revoked("notcapable");
    if (answer === SP.ERATE || answer === SP.EAGAIN) throw new WasiError("again");
    throw new WasiError(answer === SP.EQUOTA ? "dquot" : "notcapable");
  }

  directory(number: number, rights: number, cost = 1): DirectoryEntry {
    const entry = this.#entries.get(number);
    if (entry === undefined) throw new WasiError("badf");
    if (entry.kind !== "directory") throw new WasiError("notdir");
    this.check(number, entry, rights, cost);
    return entry;
  }

  file(number: number, rights: number, cost = 1): FileEntry {
    const entry = this.get(number, rights, cost);
    if (entry.kind === "file") return entry;
    throw new WasiError(entry.kind === "directory" ? "isdir" : "inval");
  }

  /** EMFILE before anything is opened for it. */
  expectRoom(): void {
    if (this.#entries.size >= this.#most) throw new WasiError("mfile");
  }

  /** The lowest free number. */
  add(entry: Entry): number {
    this.expectRoom();
    while (this.#entries.has(this.#low)) this.#low += 1;
    this.#entries.set(this.#low, entry);
    return this.#low;
  }

  close(number: number): void {
    const entry = this.#entries.get(number);
    if (entry === undefined) throw new WasiError("badf");
    this.#entries.delete(number);
    this.#low = Math.min(this.#low, number);
    release(entry);
  }

  /** `to` has to be open; what it was is closed. */
  renumber(from: number, to: number): void {
    const entry = this.get(from);
    this.get(to);
    if (from === to) return;
    this.close(to);
    this.#entries.delete(from);
    this.#entries.set(to, entry);
    this.#low = Math.min(this.#low, from);
  }

  closeAll(): void {
    for (const number of [...this.#entries.keys()]) this.close(number);
  }
}

class Revoked extends WasiError {}

function release(entry: Entry): void {
  if (entry.kind === "file" || entry.kind === "directory") host.closeFile(entry.fd);
  if (entry.kind === "socket") entry.socket.close?.();
}
