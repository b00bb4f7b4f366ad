/** Table instructions. Section 4.6.6. */
import type { SlowHandler } from "../machine.ts";
import type { SlowName } from "../slow-ops.ts";
import { TRAP } from "../traps.ts";
import type { Ref } from "../value.ts";
import { int, pay, ref, setCount, setInt, setRef, tableAt, unsigned, word } from "./access.ts";
import { inBounds } from "./memory.ts";

const get: SlowHandler = (m, pc, fp) => {
  const table = tableAt(m, pc, 1);
  const index = unsigned(m, pc, fp, 3, table.address64);
  if (!(index < table.elements.length)) return -TRAP.tableBounds;
  setRef(m, pc, fp, 2, table.elements[index] as Ref);
  return pc + 4;
};

const set: SlowHandler = (m, pc, fp) => {
  const table = tableAt(m, pc, 1);
  const index = unsigned(m, pc, fp, 2, table.address64);
  if (!(index < table.elements.length)) return -TRAP.tableBounds;
  table.elements[index] = ref(m, pc, fp, 3);
  return pc + 4;
};

const size: SlowHandler = (m, pc, fp) => {
  const table = tableAt(m, pc, 1);
  setCount(m, pc, fp, 2, table.elements.length, table.address64);
  return pc + 3;
};

const grow: SlowHandler = (m, pc, fp) => {
  const table = tableAt(m, pc, 1);
  const delta = unsigned(m, pc, fp, 4, table.address64);
  const before = table.grow(delta, ref(m, pc, fp, 3));
  if (before >= 0) pay(m, delta / 8);
  setCount(m, pc, fp, 2, before, table.address64);
  return pc + 5;
};

const fill: SlowHandler = (m, pc, fp) => {
  const table = tableAt(m, pc, 1);
  const at = unsigned(m, pc, fp, 2, table.address64);
  const count = unsigned(m, pc, fp, 4, table.address64);
  if (!inBounds(table.elements.length, at, count)) return -TRAP.tableBounds;
  pay(m, count / 8);
  table.elements.fill(ref(m, pc, fp, 3), at, at + count);
  return pc + 5;
};

const copy: SlowHandler = (m, pc, fp) => {
  const to = tableAt(m, pc, 1);
  const from = tableAt(m, pc, 2);
  const target = unsigned(m, pc, fp, 3, to.address64);
  const source = unsigned(m, pc, fp, 4, from.address64);
  const count = unsigned(m, pc, fp, 5, to.address64 && from.address64);
  if (!inBounds(to.elements.length, target, count) || !inBounds(from.elements.length, source, count)) {
    return -TRAP.tableBounds;
  }
  pay(m, count / 8);
  if (to === from) to.elements.copyWithin(target, source, source + count);
  else for (let n = 0; n < count; n += 1) to.elements[target + n] = from.elements[source + n] as Ref;
  return pc + 6;
};

const init: SlowHandler = (m, pc, fp) => {
  const table = tableAt(m, pc, 1);
  const segment = m.elementSegments[word(m, pc, 2)] as readonly Ref[];
  const target = unsigned(m, pc, fp, 3, table.address64);
  const source = int(m, pc, fp, 4) >>> 0;
  const count = int(m, pc, fp, 5) >>> 0;
  if (!inBounds(table.elements.length, target, count) || !inBounds(segment.length, source, count)) {
    return -TRAP.tableBounds;
  }
  pay(m, count / 8);
  for (let n = 0; n < count; n += 1) table.elements[target + n] = segment[source + n] as Ref;
  return pc + 6;
};

const drop: SlowHandler = (m, pc) => {
  m.elementSegments[word(m, pc, 1)] = [];
  return pc + 2;
};

/** An i64 index for a table whose elements all lie below 2^32: what does not fit becomes the largest. */
const narrow: SlowHandler = (m, pc, fp) => {
  const index = unsigned(m, pc, fp, 2, true);
  setInt(m, pc, fp, 1, index > 0xffffffff ? -1 : index | 0);
  return pc + 3;
};

export const tableHandlers: Partial<Record<SlowName, SlowHandler>> = {
  "table.get": get,
  "table.set": set,
  "table.size": size,
  "table.grow": grow,
  "table.fill": fill,
  "table.copy": copy,
  "table.init": init,
  "elem.drop": drop,
  "index.narrow": narrow,
};
