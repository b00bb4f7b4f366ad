/**
 * Reads little-endian numbers, LEB128 and strings from a range of untrusted bytes. Past the end everything is 0 and
 * `broken` stays set: readers look at it at the end of a step instead of checking each field, and nothing throws.
 */

const TEXT_MAX = 4096;
const decoder = new TextDecoder();

export class Cursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  broken = false;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.end = Math.min(end, bytes.length);
    this.at = start;
    if (!(start >= 0 && start <= this.end)) this.fail();
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  get left(): number {
    return this.end - this.at;
  }

  fail(): void {
    this.broken = true;
    this.at = this.end;
  }

  u8(): number {
    if (this.at >= this.end) {
      this.broken = true;
      return 0;
    }
    const value = this.bytes[this.at] ?? 0;
    this.at += 1;
    return value;
  }

  /** `size` bytes from 0 to 8; above 2^53 the low bits are lost, which no offset or address has. */
  unsigned(size: number): number {
    if (size > this.left) {
      this.fail();
      return 0;
    }
    let value = 0;
    for (let index = size - 1; index >= 0; index -= 1) value = value * 256 + (this.bytes[this.at + index] ?? 0);
    this.at += size;
    return value;
  }

  u16(): number {
    return this.unsigned(2);
  }

  u32(): number {
    return this.unsigned(4);
  }

  uleb(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count += 1) {
      const byte = this.u8();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    this.fail();
    return 0;
  }

  sleb(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count += 1) {
      const byte = this.u8();
      value += (byte & 127) * scale;
      scale *= 128;
      if (byte < 128) return (byte & 64) === 0 ? value : value - scale;
    }
    this.fail();
    return 0;
  }

  /** Exact, for constants of 64 bits. */
  bigUleb(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.u8();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    this.fail();
    return 0n;
  }

  bigSleb(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.u8();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return (byte & 64) === 0 ? BigInt.asIntN(64, value) : BigInt.asIntN(Number(shift) + 7, value);
    }
    this.fail();
    return 0n;
  }

  bigUnsigned(size: number): bigint {
    let value = 0n;
    for (let index = 0; index < size; index += 1) value |= BigInt(this.u8()) << BigInt(8 * index);
    return value;
  }

  skip(count: number): void {
    if (count >= 0 && count <= this.left) this.at += count;
    else this.fail();
  }

  /** Steps over a zero-terminated string. */
  skipText(): void {
    const length = this.bytes.subarray(this.at, this.end).indexOf(0);
    if (length === -1) this.fail();
    else this.at += length + 1;
  }

  /** The zero-terminated string that begins here, cut at 4096 bytes. The reader stays where it is. */
  text(): string {
    const bytes = this.bytes.subarray(this.at, Math.min(this.end, this.at + TEXT_MAX));
    const length = bytes.indexOf(0);
    return decoder.decode(length === -1 ? bytes : bytes.subarray(0, length));
  }

  /** A piece of `length` bytes as a reader of its own; this one goes on behind it. */
  slice(length: number): Cursor {
    const start = this.at;
    this.skip(length);
    const piece = new Cursor(this.bytes, start, this.broken ? start : this.at);
    if (this.broken) piece.broken = true;
    return piece;
  }

  /** `unit_length` of 4 bytes, or of 12 in the 64-bit format: the contents, and how wide offsets in them are. */
  unit(): { readonly contents: Cursor; readonly offsetSize: number } {
    let length = this.u32();
    let offsetSize = 4;
    if (length === 0xffff_ffff) {
      length = this.unsigned(8);
      offsetSize = 8;
    }
    return { contents: this.slice(length), offsetSize };
  }
}
