/** A large module out of a real one: its functions again and again, calling the first copies of each other. */
import { decodeModule } from "../../runtime/binary/decode.ts";
import { encodeModule } from "../../runtime/binary/encode.ts";
import { unwrap } from "../../runtime/kernel/result.ts";

/** At least `size` bytes, valid when the module is. */
export function enlarged(bytes: Uint8Array, size: number): Uint8Array {
  const module = unwrap(decodeModule(bytes));
  const codeBytes = module.code.reduce((sum, { body }) => sum + body.end - body.start, 0);
  const copies = Math.ceil(size / codeBytes);
  const functions = Array.from({ length: copies }, () => Array.from(module.functions)).flat();
  const code = Array.from({ length: copies }, () => module.code).flat();
  // Names of functions would be those of the first copy alone.
  return encodeModule({ ...module, functions, code, customs: [] });
}
