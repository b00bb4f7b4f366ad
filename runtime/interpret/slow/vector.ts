/** Vector, atomic and wide-arithmetic instructions: addresses are checked here, lanes are computed elsewhere. */
import { atomic, atomicBytes } from "../atomics.ts";
import { SCRATCH, type SlowHandler } from "../machine.ts";
import { simd } from "../simd.ts";
import { vectorAccessBytes, vectorLoad, vectorStore } from "../simd-memory.ts";
import type { SlowName } from "../slow-ops.ts";
import { TRAP } from "../traps.ts";
import { wideArithmetic } from "../wide-arithmetic.ts";
import { memoryAt, staticOffset, unsigned, word } from "./access.ts";
import { inBounds } from "./memory.ts";

const vector: SlowHandler = (m, pc, fp) => {
  const { code } = m;
  simd(
    code[pc + 1] as number,
    m.views,
    fp + (code[pc + 2] as number),
    fp + (code[pc + 3] as number),
    fp + (code[pc + 4] as number),
    fp + (code[pc + 5] as number),
    code[pc + 6] as number,
  );
  return pc + 7;
};

const SHUFFLE_LANES = SCRATCH;

const shuffle: SlowHandler = (m, pc, fp) => {
  m.i32.set(m.code.subarray(pc + 4, pc + 8), SHUFFLE_LANES);
  const u8 = m.views.u8;
  const a = (fp + word(m, pc, 2)) * 4;
  const b = (fp + word(m, pc, 3)) * 4;
  const d = (fp + word(m, pc, 1)) * 4;
  const out = new Uint8Array(16);
  for (let n = 0; n < 16; n += 1) {
    const lane = u8[SHUFFLE_LANES * 4 + n] as number;
    out[n] = u8[lane < 16 ? a + lane : b + lane - 16] as number;
  }
  u8.set(out, d);
  return pc + 8;
};

const load: SlowHandler = (m, pc, fp) => {
  const access = word(m, pc, 1);
  const memory = memoryAt(m, pc, 2);
  const at = unsigned(m, pc, fp, 4, memory.address64) + staticOffset(m, pc, 6);
  if (!inBounds(memory.size, at, vectorAccessBytes(access))) return -TRAP.memoryBounds;
  vectorLoad(access, m.views, fp + word(m, pc, 3), fp + word(m, pc, 5), memory.view, at, word(m, pc, 8));
  return pc + 9;
};

const store: SlowHandler = (m, pc, fp) => {
  const access = word(m, pc, 1);
  const memory = memoryAt(m, pc, 2);
  const at = unsigned(m, pc, fp, 3, memory.address64) + staticOffset(m, pc, 5);
  if (!inBounds(memory.size, at, vectorAccessBytes(access))) return -TRAP.memoryBounds;
  vectorStore(access, m.views, fp + word(m, pc, 4), memory.view, at, word(m, pc, 7));
  return pc + 8;
};

const atomicAccess: SlowHandler = (m, pc, fp) => {
  const access = word(m, pc, 1);
  const memory = memoryAt(m, pc, 2);
  const at = unsigned(m, pc, fp, 4, memory.address64) + staticOffset(m, pc, 7);
  const bytes = atomicBytes(access);
  if (at % bytes !== 0) return -TRAP.unalignedAtomic;
  if (!inBounds(memory.size, at, bytes)) return -TRAP.memoryBounds;
  const d = fp + word(m, pc, 3);
  const b = fp + word(m, pc, 5);
  const c = fp + word(m, pc, 6);
  const trap = atomic(access, m.i32, d, b, c, memory.view, at, memory.type.shared);
  return trap === 0 ? pc + 9 : -trap;
};

const wide: SlowHandler = (m, pc, fp) => {
  const at = (n: number) => fp + word(m, pc, n);
  wideArithmetic(word(m, pc, 1), m.views, at(2), at(3), at(4), at(5), at(6));
  return pc + 7;
};

export const vectorHandlers: Partial<Record<SlowName, SlowHandler>> = {
  vector,
  "vector.shuffle": shuffle,
  "vector.load": load,
  "vector.store": store,
  atomic: atomicAccess,
  "wide.arithmetic": wide,
};
