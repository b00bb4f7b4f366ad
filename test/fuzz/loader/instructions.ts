/** The instructions of a well-formed body, one after the other. */
import { CodeReader } from "../../../runtime/module/code-reader.ts";
import type { ByteRange } from "../../../runtime/module/module.ts";

export interface Instruction {
  readonly op: number;
  readonly start: number;
  readonly end: number;
}

export function instructionsOf(bytes: Uint8Array, { start, end }: ByteRange): readonly Instruction[] {
  const reader = new CodeReader(bytes, start);
  const out: Instruction[] = [];
  while (reader.at < end) {
    const from = reader.at;
    const op = reader.opcode();
    reader.skip(op);
    out.push({ op, start: from, end: reader.at });
  }
  return out;
}
