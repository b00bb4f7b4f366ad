/**
 * The host functions as the guest sees them, made from the table. Every pointer is checked against the memory as it is
 * at that moment (a guest may have grown it), bytes are copied out before anything looks at them, and nothing of the
 * guest is touched after the call. No stub throws: a wrong pointer is SP_EFAULT, a name too long SP_ETOOBIG.
 */
import { type HostFunction, SP } from "../host-module.ts";
import { ENGINE_LIMITS } from "../limits.ts";
import type { LocalFunction } from "./local.ts";
import { type Shared, TURN, WORD } from "./protocol.ts";

/** The guest's memory now; zero bytes before it is instantiated, so that a start function's calls fail softly. */
export type MemoryNow = () => Uint8Array;

interface Taken {
  readonly ints: bigint[];
  readonly inputs: Uint8Array[];
  out: Uint8Array | undefined;
}

/** Reads the flat arguments by the table's parameters. A number is the error to return. */
function take(fn: HostFunction, args: readonly (number | bigint)[], memory: Uint8Array): Taken | number {
  const taken: Taken = { ints: [], inputs: [], out: undefined };
  let next = 0;
  const i32 = () => Number(args[next++] ?? 0);
  for (const param of fn.params) {
    if (param.as === "i32") taken.ints.push(BigInt(i32()));
    else if (param.as === "i64") taken.ints.push(BigInt(args[next++] ?? 0));
    else {
      const at = i32() >>> 0;
      const length = param.as === "struct-out" ? param.size : i32() >>> 0;
      if (param.as === "bytes-in" && length > param.max) return SP.ETOOBIG;
      if (at + length > memory.byteLength) return SP.EFAULT;
      if (param.as === "bytes-in") taken.inputs.push(memory.slice(at, at + length));
      else taken.out = memory.subarray(at, at + (param.as === "bytes-out" ? Math.min(length, param.max) : length));
    }
  }
  return taken;
}

const NO_BYTES = new Uint8Array(0);

export function localStub(fn: HostFunction, answer: LocalFunction, memory: MemoryNow) {
  const result = (value: number | bigint) => (fn.result === "i64" ? BigInt(value) : Number(value));
  return (...args: (number | bigint)[]): number | bigint => {
    const taken = take(fn, args, memory());
    if (typeof taken === "number") return result(taken);
    return result(answer(taken.ints.map(Number), taken.inputs[0] ?? NO_BYTES, taken.out ?? NO_BYTES));
  };
}

/** A call that crosses to the agent's thread and waits there. `index` is the function's place in the table. */
export function crossingStub(
  fn: HostFunction,
  index: number,
  memory: MemoryNow,
  { words, ints, data }: Shared,
  wake: () => void,
) {
  const result = (value: number) => (fn.result === "i64" ? BigInt(value) : value);
  return (...args: (number | bigint)[]): number | bigint => {
    const guest = memory();
    const taken = take(fn, args, guest);
    if (typeof taken === "number") return result(taken);
    const [first = NO_BYTES, second = NO_BYTES] = taken.inputs;
    const room = ENGINE_LIMITS.crossingBytes;
    if (first.byteLength + second.byteLength > room) return result(SP.ETOOBIG);
    for (const [slot, value] of taken.ints.entries()) ints[slot] = value;
    data.set(first, 0);
    data.set(second, first.byteLength);
    words[WORD.fn] = index;
    words[WORD.ints] = taken.ints.length;
    words[WORD.parts] = taken.inputs.length;
    words[WORD.firstLength] = first.byteLength;
    words[WORD.secondLength] = second.byteLength;
    words[WORD.capacity] = Math.min(taken.out?.byteLength ?? 0, room);
    words[WORD.pages] = guest.byteLength / 65_536;
    Atomics.add(words, WORD.hostCalls, 1);
    Atomics.store(words, WORD.turn, TURN.host);
    wake();
    Atomics.wait(words, WORD.turn, TURN.host);
    const value = words[WORD.value] ?? SP.EIO;
    const length = words[WORD.out] ?? 0;
    if (value >= 0 && length > 0 && taken.out !== undefined)
      taken.out.set(data.subarray(0, Math.min(length, taken.out.byteLength)));
    return result(value);
  };
}
