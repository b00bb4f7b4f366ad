/** Instructions as bytes: the opcode table read the other way. */

import { ByteWriter } from "../../../runtime/binary/writer.ts";
import { opcode, PREFIXES } from "../../../runtime/module/opcodes.ts";

const made = new Map<number, Uint8Array>();

/** The bytes of a dense opcode. */
export function opcodeBytes(code: number): Uint8Array {
  const known = made.get(code);
  if (known !== undefined) return known;
  const out = new ByteWriter(4);
  const prefix = Object.entries(PREFIXES).find(([, { base, size }]) => code >= base && code < base + size);
  if (code < 256 || prefix === undefined) out.byte(code);
  else {
    out.byte(Number(prefix[0]));
    out.u32(code - prefix[1].base);
  }
  const bytes = out.bytes.slice();
  made.set(code, bytes);
  return bytes;
}

export const named = (name: string): Uint8Array => opcodeBytes(opcode(name));
