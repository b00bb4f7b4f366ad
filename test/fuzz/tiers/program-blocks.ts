/** Values that come out of blocks, selections and calls. */
import { writeValType } from "../../../runtime/binary/encode-types.ts";
import { FUNCREF, I32, isRef, type ValType } from "../../../runtime/module/val-type.ts";
import { below, type Label, type Maker, wideTable } from "./program-maker.ts";
import { NUMBERS, TABLE_LENGTH } from "./program-world.ts";

export function structured(m: Maker, type: ValType): void {
  const { random, out } = m;
  const block = (name: string, label: Label, inside: () => void) => {
    out.op(name);
    writeValType(out, type);
    m.labels.push(label);
    inside();
    m.labels.pop();
  };
  switch (random.below(7)) {
    case 0:
      m.value(m, I32);
      block("if", [type], () => m.value(m, type));
      m.labels.push([type]);
      out.op("else");
      m.value(m, type);
      m.labels.pop();
      return void out.op("end");
    case 1:
      block("block", [type], () => {
        m.statements(m, 2);
        m.value(m, type);
        if (random.chance(0.6)) {
          m.value(m, I32);
          out.op("br_if", 0);
        }
      });
      return void out.op("end");
    case 2:
      block("loop", undefined, () => {
        m.statements(m, 2);
        m.value(m, type);
      });
      return void out.op("end");
    case 3: {
      m.value(m, type);
      m.value(m, type);
      m.value(m, I32);
      if (!isRef(type) && random.chance(0.6)) return void out.op("select");
      out.raw(Uint8Array.of(0x1c, 1));
      return writeValType(out, type);
    }
    case 4: {
      const found = m.locals.flatMap((one, n) => (one === type && !m.counters.has(n) ? [n] : []));
      m.value(m, type);
      if (found.length > 0) out.op("local.tee", random.pick(found));
      return;
    }
    case 5:
      out.op("try_table");
      writeValType(out, type);
      out.u32(0);
      m.labels.push([type]);
      m.statements(m, 2);
      m.value(m, type);
      m.labels.pop();
      return void out.op("end");
    default:
      // Something lies on the stack below the block: a loop in it cannot be left by a tail call.
      m.value(m, random.pick(NUMBERS));
      block("block", undefined, () => {
        m.statements(m, 3);
        m.value(m, type);
      });
      m.locals.push(type);
      out.op("end").op("local.set", m.locals.length - 1);
      out.op("drop").op("local.get", m.locals.length - 1);
  }
}

/** A call that leaves one value of the type; to functions with a higher index, so that few run in circles. */
export function call(m: Maker, type: ValType): boolean {
  const { world, random } = m;
  const found = world.functions.flatMap((one, n) => {
    const { results } = world.func(one);
    const fits = results.length === 1 && world.matches(results[0] as ValType, type);
    return fits && (n > m.index || n < world.imports || random.chance(0.05)) ? [n] : [];
  });
  if (found.length === 0) return false;
  callTo(m, random.pick(found));
  return true;
}

/** Arguments and the call, in one of its forms; `tail`: as the last that the function does. */
export function callTo(m: Maker, callee: number, tail = false): void {
  const { world, random, out } = m;
  const type = world.functions[callee] as number;
  for (const one of world.func(type).params) m.value(m, one);
  const name = (plain: string) => (tail ? `return_${plain}` : plain);
  const table = world.tables.findIndex(({ element }) => element === FUNCREF);
  switch (random.below(4)) {
    case 0:
      out.op("ref.func", callee);
      return void out.op(name("call_ref"), type);
    case 1:
      if (table < 0) break;
      if (random.chance(0.1)) below(m, TABLE_LENGTH, wideTable(m, table));
      else if (wideTable(m, table)) out.i64(BigInt(callee));
      else out.i32(callee);
      return void out.op(name("call_indirect"), type, table);
    default:
  }
  out.op(name("call"), callee);
}
