/**
 * Bytes of the binary format, written in order into a buffer that grows. LEB128 in its shortest form (section 5.2.2), so
 * that equal modules give equal bytes.
 */
import { assert } from "../kernel/assert.ts";

const text = new TextEncoder();

export class ByteWriter {
  #buffer: Uint8Array;
  #length = 0;

  constructor(capacity = 256) {
    this.#buffer = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written; a view, good until the next write. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  byte(value: number): void {
    if (this.#length === this.#buffer.length) this.#grow(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
  }

  raw(bytes: Uint8Array): void {
    if (bytes.length > this.#buffer.length - this.#length) this.#grow(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  u32(value: number): void {
    assert(Number.isInteger(value) && value >= 0 && value <= 0xffffffff, "a u32 is out of range");
    let rest = value;
    while (rest >= 128) {
      this.byte((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest);
  }

  u64(value: bigint): void {
    assert(value >= 0n && value < 1n << 64n, "a u64 is out of range");
    let rest = value;
    while (rest >= 128n) {
      this.byte(Number(rest & 127n) + 128);
      rest >>= 7n;
    }
    this.byte(Number(rest));
  }

  /** Signed; i32 and the 33 bits of a heap or block type alike. */
  s33(value: number): void {
    assert(Number.isInteger(value) && value >= -(2 ** 32) && value < 2 ** 32, "an s33 is out of range");
    let rest = value;
    while (rest < -64 || rest > 63) {
      const low = ((rest % 128) + 128) % 128;
      this.byte(low + 128);
      rest = (rest - low) / 128;
    }
    this.byte(rest & 127);
  }

  s64(value: bigint): void {
    let rest = BigInt.asIntN(64, value);
    while (rest < -64n || rest > 63n) {
      this.byte(Number(rest & 127n) + 128);
      rest >>= 7n;
    }
    this.byte(Number(rest & 127n));
  }

  name(value: string): void {
    assert(value.isWellFormed(), "a name with half a surrogate pair cannot be UTF-8");
    this.block(text.encode(value));
  }

  /** The length, then the bytes. */
  block(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.raw(bytes);
  }

  vector<T>(list: readonly T[], write: (one: T) => void): void {
    this.u32(list.length);
    for (const one of list) write(one);
  }

  /** `capacity`: about as many bytes as it will have. */
  section(id: number, write: (body: ByteWriter) => void, capacity?: number): void {
    const body = new ByteWriter(capacity);
    write(body);
    this.byte(id);
    this.block(body.bytes);
  }

  #grow(by: number): void {
    const next = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + by));
    next.set(this.bytes);
    this.#buffer = next;
  }
}
