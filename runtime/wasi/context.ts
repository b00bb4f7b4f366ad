/** What all calls share: the guest's memory, its descriptors, what it was given, and what it has used up. */
import { Descriptors } from "./descriptors.ts";
import { directPort, GuestMemory } from "./memory.ts";
import { DEFAULT_QUOTAS, type WasiOptions, type WasiQuotas } from "./options.ts";
import { type SIGNATURES, WasiError, type WasiName } from "./preview1.ts";

type ParamsOf<S extends string> = S extends `${infer First}${infer Rest}`
  ? [First extends "i" ? number : bigint, ...ParamsOf<Rest>]
  : [];

/** Calls with unsigned arguments. They throw WasiError, or what the operating system's answer is made of. */
export type Calls = { readonly [N in WasiName]: (...args: ParamsOf<(typeof SIGNATURES)[N]>) => void };

export class Context {
  readonly memory = new GuestMemory(directPort(() => new Uint8Array(0)));
  readonly options: WasiOptions;
  readonly quotas: WasiQuotas;
  readonly descriptors: Descriptors;
  readBytes = 0;
  writtenBytes = 0;
  #fileBytes = 0;

  constructor(options: WasiOptions) {
    this.options = options;
    this.quotas = { ...DEFAULT_QUOTAS, ...options.quotas };
    this.descriptors = new Descriptors(this.quotas.descriptors, options.authority);
  }

  path(address: number, length: number): string {
    return this.memory.path(address, length, this.quotas.pathBytes);
  }

  /** How much of so many bytes may still be written to files; EDQUOT when it is nothing. */
  roomFor(bytes: number): number {
    const room = Math.min(bytes, this.quotas.writtenBytes - this.#fileBytes);
    if (room <= 0 && bytes > 0) throw new WasiError("dquot");
    return room;
  }

  /** A file grows by so much at once, or not at all. */
  grow(bytes: number): void {
    if (this.roomFor(bytes) < bytes) throw new WasiError("dquot");
    this.#fileBytes += bytes;
  }

  wrote(bytes: number): void {
    this.writtenBytes += bytes;
    this.#fileBytes += bytes;
  }
}
