/**
 * Atomic accesses of the threads proposal. A module has one agent thread, so every access is atomic by itself; what is
 * left is alignment (the caller checks it), the read-modify-write results, and wait, which may not hang.
 */
import { opcodes } from "../module/opcodes.ts";
import { TRAP } from "./traps.ts";

interface Access {
  readonly bytes: number;
  readonly kind: "load" | "store" | "rmw" | "cmpxchg" | "notify" | "wait" | "fence";
  readonly type: "i32" | "i64";
  readonly operation: string;
}

const accesses = new Map<number, Access>();
for (const one of opcodes) {
  if (one?.feature !== "threads" || one.immediates === "fence") continue;
  const { name, code } = one;
  const type = name.startsWith("i64") || name.endsWith("wait64") ? "i64" : "i32";
  const narrow = /(?:load|store|rmw)(8|16|32)/.exec(name);
  const bytes = narrow === null ? (type === "i32" ? 4 : 8) : Number(narrow[1]) / 8;
  const operation = /rmw\d*\.(\w+?)(?:_u)?$/.exec(name)?.[1] ?? "";
  const kind = name.includes("notify")
    ? "notify"
    : name.includes("wait")
      ? "wait"
      : operation === "cmpxchg"
        ? "cmpxchg"
        : operation !== ""
          ? "rmw"
          : name.includes("load")
            ? "load"
            : "store";
  accesses.set(code, { bytes, kind, type, operation });
}

export function atomicBytes(op: number): number {
  return (accesses.get(op) as Access).bytes;
}

const OPERATIONS: Readonly<Record<string, (old: bigint, value: bigint) => bigint>> = {
  add: (old, value) => old + value,
  sub: (old, value) => old - value,
  and: (old, value) => old & value,
  or: (old, value) => old | value,
  xor: (old, value) => old ^ value,
  xchg: (_old, value) => value,
};

const words = new DataView(new ArrayBuffer(8));

/** Carries out an access at a checked address; slots in words. Returns 0 or a trap number. */
export function atomic(
  op: number,
  i32: Int32Array,
  d: number,
  b: number,
  c: number,
  view: DataView,
  at: number,
  shared: boolean,
): number {
  const { bytes, kind, type, operation } = accesses.get(op) as Access;
  const slot = (position: number): bigint => {
    words.setInt32(0, i32[position] as number, true);
    words.setInt32(4, type === "i64" ? (i32[position + 1] as number) : 0, true);
    return BigInt.asUintN(bytes * 8, words.getBigUint64(0, true));
  };
  const give = (value: bigint) => {
    words.setBigUint64(0, value, true);
    i32[d] = words.getInt32(0, true);
    i32[d + 1] = words.getInt32(4, true);
  };
  const old = kind === "store" ? 0n : read(view, at, bytes);
  switch (kind) {
    case "load":
      give(old);
      return 0;
    case "store":
      write(view, at, bytes, slot(b));
      return 0;
    case "rmw": {
      const value = (OPERATIONS[operation] as (old: bigint, value: bigint) => bigint)(old, slot(b));
      write(view, at, bytes, BigInt.asUintN(bytes * 8, value));
      give(old);
      return 0;
    }
    case "cmpxchg":
      // A narrow access compares what the expected operand has in its low bits: it is wrapped first.
      if (slot(b) === old) write(view, at, bytes, slot(c));
      give(old);
      return 0;
    case "notify":
      i32[d] = 0;
      return 0;
    default:
      if (!shared) return TRAP.expectedShared;
      // Nobody else runs: a value that is as expected stays so, and waiting for it can only time out.
      i32[d] = wholeSlot(i32, b, type) === old ? 2 : 1;
      return 0;
  }
}

function wholeSlot(i32: Int32Array, position: number, type: "i32" | "i64"): bigint {
  const low = BigInt((i32[position] as number) >>> 0);
  return type === "i32" ? low : (BigInt((i32[position + 1] as number) >>> 0) << 32n) | low;
}

function read(view: DataView, at: number, bytes: number): bigint {
  if (bytes === 1) return BigInt(view.getUint8(at));
  if (bytes === 2) return BigInt(view.getUint16(at, true));
  return bytes === 4 ? BigInt(view.getUint32(at, true)) : view.getBigUint64(at, true);
}

function write(view: DataView, at: number, bytes: number, value: bigint): void {
  if (bytes === 1) view.setUint8(at, Number(value));
  else if (bytes === 2) view.setUint16(at, Number(value), true);
  else if (bytes === 4) view.setUint32(at, Number(value), true);
  else view.setBigUint64(at, value, true);
}
