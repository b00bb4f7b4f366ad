/** 128-bit integer instructions of the wide-arithmetic proposal; operands are i64 slots, results two i64 slots from `d`. */
import { opcode } from "../module/opcodes.ts";
import type { StackViews } from "./views.ts";

const ADD = opcode("i64.add128");
const SUB = opcode("i64.sub128");
const MUL_SIGNED = opcode("i64.mul_wide_s");

export function wideArithmetic(op: number, s: StackViews, d: number, a: number, b: number, c: number, e: number): void {
  const unsigned = (at: number) => s.u64[at >> 1] as bigint;
  const pair = (low: number, high: number) => (unsigned(high) << 64n) | unsigned(low);
  let result: bigint;
  if (op === ADD) result = pair(a, b) + pair(c, e);
  else if (op === SUB) result = pair(a, b) - pair(c, e);
  else if (op === MUL_SIGNED) result = (s.i64[a >> 1] as bigint) * (s.i64[b >> 1] as bigint);
  else result = unsigned(a) * unsigned(b);
  s.i64[d >> 1] = BigInt.asIntN(64, result);
  s.i64[(d >> 1) + 1] = BigInt.asIntN(64, result >> 64n);
}
