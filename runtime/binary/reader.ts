/**
 * A cursor over module bytes. Every read is bounded by the end of the section it is in; what does not fit is refused
 * with the byte offset. LEB128 as the specification has it (section 5.2.2): no more than ceil(N/7) bytes, unused bits of
 * the last byte zero.
 */

import { loadFault } from "../faults.ts";
import { fromUtf8 } from "../kernel/bytes.ts";
import { ENGINE_LIMITS } from "../limits.ts";

export class Reader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.byteLength) {
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
    const value = this.at < this.end ? this.bytes[this.at] : undefined;
    if (value === undefined) throw this.refuse("unexpected end");
    this.at += 1;
    return value;
  }

  u32(): number {
    const start = this.at;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      if (shift === 28 && (byte & 0xf0) !== 0) {
        throw this.refuse((byte & 0x80) !== 0 ? "integer representation too long" : "integer too large", start);
      }
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) return value;
    }
    throw this.refuse("integer representation too long", start);
  }

  /** A vector's length, bounded by our limit and by the bytes that are left (each entry takes at least one). */
  count(): number {
    const start = this.at;
    const value = this.u32();
    if (value > this.end - this.at) throw this.refuse("unexpected end", start);
    if (value > ENGINE_LIMITS.sectionEntries) throw this.unsupported(`a section of ${value} entries`, start);
    return value;
  }

  name(): string {
    const start = this.at;
    const length = this.u32();
    if (length > this.end - this.at) throw this.refuse("unexpected end", start);
    if (length > ENGINE_LIMITS.nameBytes) throw this.unsupported(`a name of ${length} bytes`, start);
    const text = fromUtf8(this.bytes.subarray(this.at, this.at + length));
    if (text === undefined) throw this.refuse("malformed UTF-8 encoding", start);
    this.at += length;
    return text;
  }

  /** The next `length` bytes as a reader of their own. */
  slice(length: number): Reader {
    if (length > this.end - this.at) throw this.refuse("unexpected end of section or function");
    const part = new Reader(this.bytes, this.at, this.at + length);
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
