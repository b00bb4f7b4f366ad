/** Instructions by name, written in order: what the fuzzer adds to modules and what it generates. */
import { ByteWriter } from "../../../runtime/binary/writer.ts";
import { opcode } from "../../../runtime/module/opcodes.ts";
import { opcodeBytes } from "../loader/emit.ts";

const EMPTY_BLOCK = 0x40;
const MEMORY_INDEX_FOLLOWS = 0x40;

export class Writer extends ByteWriter {
  /** An instruction whose immediates are indices. */
  op(name: string, ...immediates: readonly number[]): this {
    this.raw(opcodeBytes(opcode(name)));
    for (const one of immediates) this.u32(one);
    return this;
  }

  i32(value: number): this {
    this.op("i32.const").s33(value | 0);
    return this;
  }

  i64(value: bigint): this {
    this.op("i64.const").s64(value);
    return this;
  }

  /** A block, loop or if without parameters and results. */
  begin(name: "block" | "loop" | "if"): this {
    this.op(name).byte(EMPTY_BLOCK);
    return this;
  }

  /** A load or store of a memory, without alignment. */
  access(name: string, memory: number, offset: bigint | number): this {
    this.op(name).byte(memory === 0 ? 0 : MEMORY_INDEX_FOLLOWS);
    if (memory !== 0) this.u32(memory);
    this.u64(BigInt(offset));
    return this;
  }
}
