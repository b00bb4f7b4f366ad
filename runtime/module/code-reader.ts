/**
 * Reads instructions of a body that Loader and Validator have passed: no bounds checks, no refusals. A 64-bit immediate
 * leaves its high word in `high`.
 */
import { opcodes, PREFIXES } from "./opcodes.ts";
import { concrete, HEAP_BYTES, type HeapType, refType, type ValType } from "./val-type.ts";

const FIRST_PREFIX = 0xfb;

export class CodeReader {
  readonly bytes: Uint8Array;
  at: number;
  high = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const value = this.bytes[this.at] as number;
    this.at += 1;
    return value;
  }

  u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  }

  /** Signed LEB128 of up to 64 bits: the low word is returned, the high word is in `high`. */
  s64(): number {
    let low = 0;
    let high = 0;
    let shift = 0;
    let byte = 0;
    do {
      byte = this.byte();
      const bits = byte & 127;
      if (shift < 32) low |= bits << shift;
      if (shift === 28) high |= bits >>> 4;
      else if (shift > 28) high |= bits << (shift - 32);
      shift += 7;
    } while (byte >= 128);
    if (shift < 64 && (byte & 64) !== 0) {
      if (shift < 32) {
        low |= -1 << shift;
        high = -1;
      } else high |= -1 << (shift - 32);
    }
    this.high = high;
    return low;
  }

  /** Unsigned LEB128 of up to 64 bits: low word returned as an int32, high word in `high`. */
  u64(): number {
    let low = 0;
    let high = 0;
    let shift = 0;
    let byte = 0;
    do {
      byte = this.byte();
      const bits = byte & 127;
      if (shift < 32) low |= bits << shift;
      if (shift === 28) high |= bits >>> 4;
      else if (shift > 28) high |= bits << (shift - 32);
      shift += 7;
    } while (byte >= 128);
    this.high = high;
    return low;
  }

  /** Four bytes, little-endian, as an int32. */
  word(): number {
    const value = this.byte() | (this.byte() << 8) | (this.byte() << 16) | (this.byte() << 24);
    return value;
  }

  /** The dense opcode. */
  opcode(): number {
    const byte = this.byte();
    if (byte < FIRST_PREFIX) return byte;
    const prefix = PREFIXES[byte];
    return prefix === undefined ? byte : prefix.base + this.u32();
  }

  heapType(): HeapType {
    const value = this.s64();
    return value >= 0 ? concrete(value) : (HEAP_BYTES[value & 127] as HeapType);
  }

  /** A value type of the module's own index space. Section 5.3.4. */
  valType(): ValType {
    const byte = this.byte();
    if (byte >= 0x7b) return byte === 0x7f ? 1 : byte === 0x7e ? 2 : byte === 0x7d ? 3 : byte === 0x7c ? 4 : 5;
    if (byte === 0x63 || byte === 0x64) return refType(this.heapType(), byte === 0x63);
    return refType(HEAP_BYTES[byte] as HeapType, true);
  }

  /** Passes over the immediates of `op`. */
  skip(op: number): void {
    const immediates = opcodes[op]?.immediates ?? "";
    switch (immediates) {
      case "":
        return;
      case "block": {
        const first = this.bytes[this.at] as number;
        if (first === 0x63 || first === 0x64) this.valType();
        else this.s64();
        return;
      }
      case "labels":
        for (let left = this.u32() + 1; left > 0; left -= 1) this.u32();
        return;
      case "memarg":
      case "memarg-lane":
        if ((this.u32() & 64) !== 0) this.u32();
        this.u64();
        if (immediates === "memarg-lane") this.byte();
        return;
      case "i32":
      case "i64":
        this.s64();
        return;
      case "f32":
        this.at += 4;
        return;
      case "f64":
        this.at += 8;
        return;
      case "v128":
      case "lanes":
        this.at += 16;
        return;
      case "lane":
      case "fence":
        this.at += 1;
        return;
      case "heap":
        this.heapType();
        return;
      case "types":
        for (let left = this.u32(); left > 0; left -= 1) this.valType();
        return;
      case "catches": {
        this.skip(0x02);
        for (let left = this.u32(); left > 0; left -= 1) {
          if (this.byte() < 2) this.u32();
          this.u32();
        }
        return;
      }
      case "cast":
        this.at += 1;
        this.u32();
        this.heapType();
        this.heapType();
        return;
      case "type-table":
      case "table-table":
      case "memory-memory":
      case "data-memory":
      case "elem-table":
      case "type-field":
      case "type-count":
      case "type-data":
      case "type-elem":
      case "type-type":
        this.u32();
        this.u32();
        return;
      default:
        this.u32();
    }
  }
}
