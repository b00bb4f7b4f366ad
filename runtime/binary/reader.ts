/**
 * A cursor over module bytes. Every read is bounded by the end of the section it is in; what does not fit is refused
 * with the byte offset. LEB128 as the specification has it (section 5.2.2): no more than ceil(N/7) bytes, unused bits of
 * the last byte zero, or the sign.
 */

import { loadFault } from "../faults.ts";
import { fromUtf8 } from "../kernel/bytes.ts";
import { ENGINE_LIMITS } from "../limits.ts";

/** What is left for a whole module, over all readers of its parts. */
interface Budget {
  entries: number;
}

export class Reader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  readonly #budget: Budget;

  constructor(
    bytes: Uint8Array,
    at = 0,
    end = bytes.byteLength,
    budget: Budget = { entries: ENGINE_LIMITS.moduleEntries },
  ) {
    this.#budget = budget;
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  refuse(reason: string, offset = this.at) {
    return loadFault("LOAD_MALFORMED", { reason, offset });
  }

  unsupported(feature: string, offset = this.at) {
    return loadFault("LOAD_UNSUPPORTED", { feature, offset });
  }

  byte(): number {
    if (this.at >= this.end) throw this.refuse("unexpected end of section or function");
    const value = this.bytes[this.at] as number;
    this.at += 1;
    return value;
  }

  peek(): number {
    if (this.at >= this.end) throw this.refuse("unexpected end of section or function");
    return this.bytes[this.at] as number;
  }

  u32(): number {
    const first = this.byte();
    if (first < 128) return first;
    const start = this.at - 1;
    let value = first & 127;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.byte();
      if (shift === 28 && byte > 15) throw this.#badInteger(byte, start);
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw this.#badInteger(128, start);
  }

  /** Unsigned 64 bits, exact. */
  u64(): bigint {
    const start = this.at;
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      if (shift === 63n && byte > 1) throw this.#badInteger(byte, start);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  }

  /** Passes over an unsigned 64-bit integer. */
  skipU64(): void {
    if (this.byte() < 128) return;
    const start = this.at - 1;
    for (let n = 1; ; n += 1) {
      const byte = this.byte();
      if (n === 9 && byte > 1) throw this.#badInteger(byte, start);
      if (byte < 128) return;
    }
  }

  /** Passes over a signed 32-bit integer. */
  skipS32(): void {
    if (this.byte() < 128) return;
    const start = this.at - 1;
    for (let n = 1; ; n += 1) {
      const byte = this.byte();
      if (n === 4 && (byte & 0xf8) !== 0 && (byte & 0xf8) !== 0x78) throw this.#badInteger(byte, start);
      if (byte < 128) return;
    }
  }

  skipS64(): void {
    if (this.byte() < 128) return;
    const start = this.at - 1;
    for (let n = 1; ; n += 1) {
      const byte = this.byte();
      if (n === 9 && byte !== 0 && byte !== 0x7f) throw this.#badInteger(byte, start);
      if (byte < 128) return;
    }
  }

  /** Signed 33 bits, as type indices in block and heap types are written. */
  s33(): number {
    const start = this.at;
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      if (shift === 28 && (byte & 0xf0) !== 0 && (byte & 0xf0) !== 0x70) throw this.#badInteger(byte, start);
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return (byte & 64) !== 0 ? value - 2 ** (shift + 7) : value;
    }
  }

  #badInteger(byte: number, start: number) {
    return this.refuse(byte >= 128 ? "integer representation too long" : "integer too large", start);
  }

  skip(count: number): void {
    if (count > this.end - this.at) throw this.refuse("unexpected end of section or function");
    this.at += count;
  }

  /** A vector's length, bounded by our limit and by the bytes that are left (each entry takes at least one). */
  count(max: number = ENGINE_LIMITS.sectionEntries): number {
    const start = this.at;
    const value = this.u32();
    if (value > this.end - this.at) throw this.refuse("length out of bounds: unexpected end", start);
    if (value > max) throw this.unsupported(`a vector of ${value} entries (at most ${max} are admitted)`, start);
    return value;
  }

  /** The length of a vector whose entries are kept as objects. */
  entries(max?: number): number {
    const start = this.at;
    const value = this.count(max);
    this.keep(value, start);
    return value;
  }

  /** Accounts for entries that are kept as objects. */
  keep(entries: number, at = this.at): void {
    this.#budget.entries -= entries;
    if (this.#budget.entries < 0) throw this.unsupported(`more than ${ENGINE_LIMITS.moduleEntries} entries in all`, at);
  }

  name(): string {
    const start = this.at;
    const length = this.u32();
    if (length > this.end - this.at) throw this.refuse("length out of bounds: unexpected end", start);
    if (length > ENGINE_LIMITS.nameBytes) throw this.unsupported(`a name of ${length} bytes`, start);
    const text = fromUtf8(this.bytes.subarray(this.at, this.at + length));
    if (text === undefined) throw this.refuse("malformed UTF-8 encoding", start);
    this.at += length;
    return text;
  }

  /** The next `length` bytes as a reader of their own. */
  slice(length: number): Reader {
    if (length > this.end - this.at) throw this.refuse("length out of bounds: unexpected end of section or function");
    const part = new Reader(this.bytes, this.at, this.at + length, this.#budget);
    this.at += length;
    return part;
  }
}

export function leb(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    out.push(rest > 0 ? low + 128 : low);
  } while (rest > 0);
  return out;
}
