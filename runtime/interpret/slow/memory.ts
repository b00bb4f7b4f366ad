/** Memory instructions outside the loop: other memories, 64-bit addresses, sizes and bulk. Section 4.6.7. */
import { opcode } from "../../module/opcodes.ts";
import type { Machine, SlowHandler } from "../machine.ts";
import type { SlowName } from "../slow-ops.ts";
import { TRAP } from "../traps.ts";
import { int, memoryAt, pay, setCount, staticOffset, unsigned, word } from "./access.ts";

type Read = (view: DataView, at: number) => readonly [low: number, high: number];

const reads = new Map<number, { readonly bytes: number; readonly read: Read }>();
const writes = new Map<
  number,
  { readonly bytes: number; readonly write: (v: DataView, at: number, low: number, high: number) => void }
>();

const read = (name: string, bytes: number, get: (view: DataView, at: number) => number) => {
  const signed = !name.endsWith("_u");
  reads.set(opcode(name), {
    bytes,
    read: (view, at) => {
      const low = get(view, at);
      return [low, signed ? low >> 31 : 0];
    },
  });
};
for (const type of ["i32", "i64"]) {
  read(`${type}.load8_s`, 1, (view, at) => view.getInt8(at));
  read(`${type}.load8_u`, 1, (view, at) => view.getUint8(at));
  read(`${type}.load16_s`, 2, (view, at) => view.getInt16(at, true));
  read(`${type}.load16_u`, 2, (view, at) => view.getUint16(at, true));
  writes.set(opcode(`${type}.store8`), { bytes: 1, write: (view, at, low) => view.setInt8(at, low) });
  writes.set(opcode(`${type}.store16`), { bytes: 2, write: (view, at, low) => view.setInt16(at, low, true) });
}
read("i32.load", 4, (view, at) => view.getInt32(at, true));
read("i64.load32_s", 4, (view, at) => view.getInt32(at, true));
read("i64.load32_u", 4, (view, at) => view.getInt32(at, true));
reads.set(opcode("i64.load"), { bytes: 8, read: (view, at) => [view.getInt32(at, true), view.getInt32(at + 4, true)] });
const write32 = { bytes: 4, write: (view: DataView, at: number, low: number) => view.setInt32(at, low, true) };
writes.set(opcode("i32.store"), write32);
writes.set(opcode("i64.store32"), write32);
writes.set(opcode("i64.store"), {
  bytes: 8,
  write: (view, at, low, high) => {
    view.setInt32(at, low, true);
    view.setInt32(at + 4, high, true);
  },
});

/** Out of bounds exactly when the sum in unlimited integers is: doubles are exact wherever it could fit. */
export const inBounds = (size: number, at: number, bytes: number): boolean => at + bytes <= size;

const load: SlowHandler = (m, pc, fp) => {
  const memory = memoryAt(m, pc, 2);
  const access = reads.get(word(m, pc, 1));
  if (access === undefined) throw new Error("no such load");
  const at = unsigned(m, pc, fp, 4, memory.address64) + staticOffset(m, pc, 5);
  if (!inBounds(memory.size, at, access.bytes)) return -TRAP.memoryBounds;
  const [low, high] = access.read(memory.view, at);
  const d = fp + word(m, pc, 3);
  m.i32[d] = low;
  m.i32[d + 1] = high;
  return pc + 7;
};

const store: SlowHandler = (m, pc, fp) => {
  const memory = memoryAt(m, pc, 2);
  const access = writes.get(word(m, pc, 1));
  if (access === undefined) throw new Error("no such store");
  const at = unsigned(m, pc, fp, 3, memory.address64) + staticOffset(m, pc, 5);
  if (!inBounds(memory.size, at, access.bytes)) return -TRAP.memoryBounds;
  const b = fp + word(m, pc, 4);
  access.write(memory.view, at, m.i32[b] as number, m.i32[b + 1] as number);
  return pc + 7;
};

const size: SlowHandler = (m, pc, fp) => {
  const memory = memoryAt(m, pc, 1);
  setCount(m, pc, fp, 2, memory.pages, memory.address64);
  return pc + 3;
};

const grow: SlowHandler = (m, pc, fp) => {
  const memory = memoryAt(m, pc, 1);
  const before = memory.grow(unsigned(m, pc, fp, 3, memory.address64));
  setCount(m, pc, fp, 2, before, memory.address64);
  m.refreshView();
  return pc + 4;
};

const fill: SlowHandler = (m, pc, fp) => {
  const memory = memoryAt(m, pc, 1);
  const at = unsigned(m, pc, fp, 2, memory.address64);
  const count = unsigned(m, pc, fp, 4, memory.address64);
  if (!inBounds(memory.size, at, count)) return -TRAP.memoryBounds;
  pay(m, count / 64);
  memory.bytes.fill(int(m, pc, fp, 3) & 255, at, at + count);
  return pc + 5;
};

const copy: SlowHandler = (m, pc, fp) => {
  const to = memoryAt(m, pc, 1);
  const from = memoryAt(m, pc, 2);
  const target = unsigned(m, pc, fp, 3, to.address64);
  const source = unsigned(m, pc, fp, 4, from.address64);
  const count = unsigned(m, pc, fp, 5, to.address64 && from.address64);
  if (!inBounds(to.size, target, count) || !inBounds(from.size, source, count)) return -TRAP.memoryBounds;
  pay(m, count / 64);
  to.bytes.set(from.bytes.subarray(source, source + count), target);
  return pc + 6;
};

const init: SlowHandler = (m, pc, fp) => {
  const memory = memoryAt(m, pc, 1);
  return initMemory(m, pc, fp, memory.address64) ? pc + 6 : -TRAP.memoryBounds;
};

function initMemory(m: Machine, pc: number, fp: number, wide: boolean): boolean {
  const memory = memoryAt(m, pc, 1);
  const data = m.datas[word(m, pc, 2)] as Uint8Array;
  const target = unsigned(m, pc, fp, 3, wide);
  const source = int(m, pc, fp, 4) >>> 0;
  const count = int(m, pc, fp, 5) >>> 0;
  if (!inBounds(memory.size, target, count) || !inBounds(data.length, source, count)) return false;
  pay(m, count / 64);
  memory.bytes.set(data.subarray(source, source + count), target);
  return true;
}

const drop: SlowHandler = (m, pc) => {
  m.datas[word(m, pc, 1)] = new Uint8Array(0);
  return pc + 2;
};

export const memoryHandlers: Partial<Record<SlowName, SlowHandler>> = {
  load,
  store,
  "memory.size": size,
  "memory.grow": grow,
  "memory.fill": fill,
  "memory.copy": copy,
  "memory.init": init,
  "data.drop": drop,
};
