/** V8's trap messages as the stable codes of the specification's execution chapter; what a report and a test compare. */
import { isOutOfMemory, OUT_OF_MEMORY, type Trap } from "../guest-code.ts";

const MESSAGES: readonly (readonly [pattern: RegExp, code: string])[] = [
  [/^unreachable$/, "unreachable"],
  [/memory access out of bounds|data segment/, "out-of-bounds-memory-access"],
  [/^divide by zero$|^remainder by zero$/, "integer-divide-by-zero"],
  [/divide result unrepresentable/, "integer-overflow"],
  [/float unrepresentable/, "invalid-conversion-to-integer"],
  [/table index is out of bounds|table access|element segment/, "out-of-bounds-table-access"],
  [/null function or function signature|function signature mismatch/, "indirect-call-type-mismatch"],
  [/null pointer/, "null-reference"],
  [/operation does not support unaligned/, "unaligned-atomic"],
];

export function trapOf(thrown: unknown): Trap {
  if (isOutOfMemory(thrown)) return { code: OUT_OF_MEMORY, message: thrown.message };
  if (thrown instanceof RangeError) return { code: "call-stack-exhausted", message: thrown.message };
  if (thrown instanceof WebAssembly.RuntimeError) {
    const known = MESSAGES.find(([pattern]) => pattern.test(thrown.message));
    return { code: known?.[1] ?? "trap", message: thrown.message };
  }
  return {
    code: "uncaught-exception",
    message: thrown instanceof Error ? thrown.message : "an exception left the module",
  };
}
