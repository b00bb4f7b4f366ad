/**
 * The guest's memory as calls see it. Every address is checked against the memory as it is at that moment: it may have grown
 * since, and an address that lies outside is the guest's error, never an exception.
 */
import { WasiError } from "./preview1.ts";

/** How a call's effects reach the guest. A debugger gives one that writes down what was written. */
export interface MemoryPort {
  readonly size: number;
  /** Bytes that are not kept: a view or a copy. Undefined when they lie outside. */
  read(address: number, length: number): Uint8Array | undefined;
  /** Copies; keeps nothing. */
  write(address: number, bytes: Uint8Array): boolean;
  /** Lets `fill` write into the stretch itself, where the host can; it says how many bytes it wrote. */
  fill?(address: number, length: number, fill: (into: Uint8Array) => number): number | undefined;
}

/** The bytes themselves. */
export function directPort(bytes: () => Uint8Array): MemoryPort {
  const within = (all: Uint8Array, address: number, length: number) => address + length <= all.length;
  return {
    get size() {
      return bytes().length;
    },
    read(address, length) {
      const all = bytes();
      return within(all, address, length) ? all.subarray(address, address + length) : undefined;
    },
    write(address, from) {
      const all = bytes();
      if (!within(all, address, from.length)) return false;
      all.set(from, address);
      return true;
    },
    fill(address, length, fill) {
      const all = bytes();
      return within(all, address, length) ? fill(all.subarray(address, address + length)) : undefined;
    },
  };
}

/** One stretch of a scatter or gather list. */
export interface Stretch {
  readonly address: number;
  readonly length: number;
}

/** What POSIX systems take in one call, and how much of it is done at once: the rest is a short read or write. */
const STRETCHES_MAX = 1024;
const CALL_BYTES_MAX = 16 * 1024 * 1024;

export class GuestMemory {
  #port: MemoryPort;

  constructor(port: MemoryPort) {
    this.#port = port;
  }

  use(port: MemoryPort): void {
    this.#port = port;
  }

  /** A view or copy, for immediate use. */
  bytes(address: number, length: number): Uint8Array {
    const bytes = this.#port.read(address, length);
    if (bytes === undefined) throw new WasiError("fault");
    return bytes;
  }

  /** Refuses a place that is not there, before anything has been done. */
  expect(address: number, length: number): void {
    if (address + length > this.#port.size) throw new WasiError("fault");
  }

  put(address: number, bytes: Uint8Array): void {
    if (!this.#port.write(address, bytes)) throw new WasiError("fault");
  }

  putU32(address: number, value: number): void {
    words.setUint32(0, value, true);
    this.put(address, word);
  }

  putU64(address: number, value: bigint): void {
    words.setBigUint64(0, BigInt.asUintN(64, value), true);
    this.put(address, doubleWord);
  }

  /** `fill` writes from the beginning and says how much. */
  fill({ address, length }: Stretch, fill: (into: Uint8Array) => number): number {
    const direct = this.#port.fill?.(address, length, fill);
    if (direct !== undefined) return direct;
    this.expect(address, length);
    const scratch = new Uint8Array(length);
    const count = fill(scratch);
    this.put(address, scratch.subarray(0, count));
    return count;
  }

  /** A scatter or gather list, all of it inside the memory; cut where one call has enough. */
  stretches(address: number, count: number): readonly Stretch[] {
    if (count > STRETCHES_MAX) throw new WasiError("inval");
    // Each number is read once, before anything is done: the list may lie where the call writes to.
    const list = this.bytes(address, count * 8);
    const stretches: Stretch[] = [];
    let room = CALL_BYTES_MAX;
    for (let at = 0; at < list.length; at += 8) {
      const start = wordAt(list, at);
      const wanted = wordAt(list, at + 4);
      this.expect(start, wanted);
      const length = Math.min(wanted, room);
      if (length > 0) stretches.push({ address: start, length });
      room -= length;
    }
    return stretches;
  }

  /** UTF-8 without NUL, as paths have to be. */
  path(address: number, length: number, most: number): string {
    this.expect(address, length);
    if (length > most) throw new WasiError("nametoolong");
    const text = decode(this.bytes(address, length).slice());
    if (text.includes("\0")) throw new WasiError("inval");
    return text;
  }
}

/** Numbers on their way into the memory. Nobody keeps them: a port copies what it is given. */
const words = new DataView(new ArrayBuffer(8));
const word = new Uint8Array(words.buffer, 0, 4);
const doubleWord = new Uint8Array(words.buffer);

const byteAt = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;

const wordAt = (bytes: Uint8Array, at: number): number =>
  (byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16) | (byteAt(bytes, at + 3) << 24)) >>>
  0;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new WasiError("ilseq");
  }
}
