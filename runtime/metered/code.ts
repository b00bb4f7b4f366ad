/** Instruction sequences that the instrumenter adds, as bytes. Section 5.4. */
import { ByteWriter } from "../binary/writer.ts";

const EMPTY_BLOCK = 0x40;
const MEMORY_INDEX_FOLLOWS = 0x40;

export class Code extends ByteWriter {
  /** Offsets of instructions `if` that are hardly ever taken, for hints.ts. */
  readonly rare: number[] = [];
  /** Where what is written came from, for places.ts, three numbers a run; nothing is noted unless there is a list. */
  origins: number[] | undefined;

  /** What follows is a copy of what lies at an offset of the module, or stands on its behalf. */
  from(origin: number, copied: boolean): void {
    this.origins?.push(this.length, origin, copied ? 1 : 0);
  }

  op(code: number, ...immediates: readonly number[]): this {
    this.byte(code);
    for (const one of immediates) this.u32(one);
    return this;
  }

  i32(value: number): this {
    this.byte(0x41);
    this.s33(value | 0);
    return this;
  }

  i64(value: bigint): this {
    this.byte(0x42);
    this.s64(value);
    return this;
  }

  get(local: number): this {
    return this.op(0x20, local);
  }

  set(local: number): this {
    return this.op(0x21, local);
  }

  tee(local: number): this {
    return this.op(0x22, local);
  }

  globalGet(index: number): this {
    return this.op(0x23, index);
  }

  globalSet(index: number): this {
    return this.op(0x24, index);
  }

  call(f: number): this {
    return this.op(0x10, f);
  }

  /** `if` without parameters and results. */
  if(): this {
    this.byte(0x04);
    this.byte(EMPTY_BLOCK);
    return this;
  }

  /** `if` that is hardly ever taken. */
  rarely(): this {
    this.rare.push(this.length);
    return this.if();
  }

  loop(): this {
    this.byte(0x03);
    this.byte(EMPTY_BLOCK);
    return this;
  }

  else(): this {
    return this.op(0x05);
  }

  end(): this {
    return this.op(0x0b);
  }

  /** A load from an address of a memory that is known here; `align` is its logarithm. */
  load(op: readonly number[], align: number, memory: number, at: number): this {
    this.i32(0);
    for (const byte of op) this.byte(byte);
    this.#memArg(memory, align, at);
    return this;
  }

  /** The word at address 0 of a memory. */
  firstWord(memory: number): this {
    return this.load([0x28], 2, memory, 0);
  }

  /** memory.atomic.wait32 on the word at address 0, without a timeout. */
  waitWhile(memory: number, expected: number): this {
    this.i32(0).i32(expected).i64(-1n);
    this.byte(0xfe);
    this.u32(0x01);
    this.#memArg(memory, 2, 0);
    return this;
  }

  #memArg(memory: number, align: number, offset: number): void {
    this.byte(align | (memory === 0 ? 0 : MEMORY_INDEX_FOLLOWS));
    if (memory !== 0) this.u32(memory);
    this.u32(offset);
  }
}
