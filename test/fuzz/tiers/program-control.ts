/** Statements that decide: loops that end, branches, exceptions, calls, ends before the end. */
import { writeHeapType, writeValType } from "../../../runtime/binary/encode-types.ts";
import { ANYREF, asNonNull, EXNREF, HEAP, I32, type ValType } from "../../../runtime/module/val-type.ts";
import { callTo } from "./program-blocks.ts";
import { HEAPS, type Label, type Maker } from "./program-maker.ts";

/** Opens a block without parameters and results, its label taking nothing. */
function block(m: Maker, name: "block" | "loop" | "if", inside: () => void, label: Label = []): void {
  m.out.begin(name);
  m.labels.push(label);
  inside();
  m.labels.pop();
  m.out.op("end");
}

/** Labels by depth that a branch may name. */
const open = (m: Maker): readonly number[] =>
  m.labels.flatMap((one, n) => (one === undefined ? [] : [m.labels.length - 1 - n]));
const labelAt = (m: Maker, depth: number): readonly ValType[] => m.labels[m.labels.length - 1 - depth] ?? [];

export function branch(m: Maker): void {
  const { random, out } = m;
  const depth = random.pick(open(m));
  const label = labelAt(m, depth);
  for (const type of label) m.value(m, type);
  m.value(m, I32);
  if (random.chance(0.3)) out.op("i32.eqz");
  out.op("br_if", depth);
  for (const _ of label) out.op("drop");
}

/** Loops count down; three deep at most, so that they end within the budget, mostly. */
export function loop(m: Maker): void {
  const { random, out } = m;
  if (m.loops >= 3) return choose(m);
  m.loops += 1;
  const counter = m.locals.push(I32) - 1;
  m.counters.add(counter);
  out.i32(1 + random.below(7)).op("local.set", counter);
  const down = () => out.op("local.get", counter).i32(1).op("i32.sub").op("local.tee", counter);
  if (random.chance(0.5)) {
    // Tested at the end; nothing inside goes on with it, or it would not count.
    const label = random.chance(0.05) ? [] : undefined;
    block(
      m,
      "loop",
      () => {
        m.statements(m, 4);
        down();
        out.op("br_if", 0);
      },
      label,
    );
  } else {
    block(m, "block", () =>
      block(m, "loop", () => {
        out.op("local.get", counter).op("i32.eqz").op("br_if", 1);
        down();
        out.op("drop");
        m.statements(m, 4);
        out.op("br", 0);
      }),
    );
  }
  m.loops -= 1;
}

export function choose(m: Maker): void {
  const { random, out } = m;
  m.value(m, I32);
  out.begin("if");
  m.labels.push([]);
  m.statements(m, 3);
  if (random.chance(0.5)) {
    out.op("else");
    m.statements(m, 3);
  }
  m.labels.pop();
  out.op("end");
}

/** A br_table out of nested blocks, and what is done behind each. */
export function table(m: Maker): void {
  const { random, out } = m;
  const size = 2 + random.below(3);
  for (let n = 0; n < size; n += 1) {
    out.begin("block");
    m.labels.push([]);
  }
  m.value(m, I32);
  out.i32(7).op("i32.and").op("br_table");
  const targets = Array.from({ length: random.below(6) }, () => random.below(size));
  out.u32(targets.length);
  for (const one of targets) out.u32(one);
  out.u32(random.below(size));
  for (let n = 0; n < size; n += 1) {
    m.labels.pop();
    out.op("end");
    m.statements(m, 2);
    if (n === size - 1 || random.chance(0.5)) continue;
    m.value(m, I32);
    out.op("br_if", 0);
  }
}

export function plainCall(m: Maker): void {
  const { random, out, world } = m;
  const callee =
    m.index + 1 < world.functions.length && random.chance(0.9)
      ? m.index + 1 + random.below(world.functions.length - m.index - 1)
      : random.below(world.functions.length);
  callTo(m, callee);
  for (const _ of world.func(world.functions[callee] as number).results) out.op("drop");
}

/** Something thrown, by a throw here or in a call, and caught around it, in one of the four ways. */
export function exceptions(m: Maker): void {
  const { random, out, world } = m;
  const way = random.below(4);
  const tag = random.below(world.tags.length);
  const payload = way < 2 ? world.func(world.tags[tag] as number).params : [];
  const exn = asNonNull(EXNREF);
  const given = way % 2 === 1 ? [...payload, exn] : payload;
  // Results of a block of several values want a type of their own: what is caught is left to one value or none.
  if (given.length > 1) return thrown(m);
  out.op("block");
  if (given.length === 0) out.byte(0x40);
  else writeValType(out, given[0] as ValType);
  m.labels.push(undefined);
  out.op("try_table").byte(0x40);
  out.u32(1);
  out.byte(way);
  if (way < 2) out.u32(tag);
  out.u32(0);
  m.labels.push([]);
  m.statements(m, 3);
  thrown(m, tag);
  m.labels.pop();
  out.op("end");
  for (const type of given) {
    if (type === exn) out.op("unreachable");
    else m.value(m, type);
  }
  m.labels.pop();
  out.op("end");
  const [caught] = given;
  if (caught === undefined) return;
  m.locals.push(caught === exn ? EXNREF : caught);
  out.op("local.set", m.locals.length - 1);
  if (caught === exn && random.chance(0.2)) out.op("local.get", m.locals.length - 1).op("throw_ref");
}

/** A throw under a condition. */
function thrown(m: Maker, likely?: number): void {
  const { random, out, world } = m;
  m.value(m, I32);
  block(m, "if", () => {
    const tag = likely !== undefined && random.chance(0.8) ? likely : random.below(world.tags.length);
    for (const type of world.func(world.tags[tag] as number).params) m.value(m, type);
    out.op("throw", tag);
  });
}

/** br_on_null, br_on_non_null and the branching casts. */
export function nullBranch(m: Maker): void {
  const { random, out } = m;
  const result = (type: ValType, inside: () => void) => {
    out.op("block");
    writeValType(out, type);
    m.labels.push(undefined);
    inside();
    m.labels.pop();
    out.op("end").op("drop");
  };
  switch (random.below(3)) {
    case 0:
      return block(m, "block", () => {
        m.value(m, ANYREF);
        out.op("br_on_null", 0).op("drop");
        m.statements(m, 2);
      });
    case 1:
      return result(asNonNull(ANYREF), () => {
        m.value(m, ANYREF);
        out.op("br_on_non_null", 0);
        m.statements(m, 2);
        m.value(m, I32);
        out.op("ref.i31");
      });
    default:
      return result(ANYREF, () => {
        m.value(m, ANYREF);
        // From a type that may be null, to one that may or may not be.
        out.op(random.pick(["br_on_cast", "br_on_cast_fail"])).byte(random.pick([1, 3]));
        out.u32(0);
        writeHeapType(out, HEAP.any);
        writeHeapType(out, random.pick(HEAPS));
        out.op("drop");
        m.statements(m, 2);
        m.value(m, ANYREF);
      });
  }
}

/** Ends the call under a condition: return, a tail call, a branch to the end of the body, a trap. */
export function leave(m: Maker): void {
  const { random, out, world } = m;
  m.value(m, I32);
  out.i32(3).op("i32.and").op("i32.eqz");
  block(m, "if", () => {
    const same = world.functions.flatMap((one, n) => {
      const { results } = world.func(one);
      const fits =
        results.length === m.results.length && results.every((type, k) => world.matches(type, m.results[k] as ValType));
      return fits && (n > m.index || random.chance(0.3)) ? [n] : [];
    });
    if (same.length > 0 && random.chance(0.6)) return callTo(m, random.pick(same), true);
    if (random.chance(0.1)) return void out.op("unreachable");
    for (const type of m.results) m.value(m, type);
    if (random.chance(0.5)) out.op("return");
    else out.op("br", m.labels.length - 1);
  });
}
