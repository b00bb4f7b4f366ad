/** Statements of a generated program: stores, bulk operations, loops that end, branches, exceptions, calls. */
import { writeHeapType, writeValType } from "../../../runtime/binary/encode-types.ts";
import { opcodes } from "../../../runtime/module/opcodes.ts";
import {
  ANYREF,
  asNonNull,
  EXNREF,
  F32,
  F64,
  HEAP,
  I32,
  I64,
  isRef,
  V128,
  type ValType,
} from "../../../runtime/module/val-type.ts";
import {
  access,
  below,
  callTo,
  HEAPS,
  type Label,
  type Maker,
  object,
  unpacked,
  value,
  wideMemory,
  wideTable,
} from "./program-values.ts";
import { ARRAY_LENGTH, anyType, ELEMENTS, TABLE_LENGTH, TYPE } from "./program-world.ts";

const LETTER: Readonly<Record<string, ValType>> = { i: I32, l: I64, f: F32, d: F64, v: V128 };
const STORES = opcodes.flatMap((one) =>
  one?.signature?.results === "" && one.signature.params.startsWith("a") ? [one] : [],
);
const NESTING = 6;

export function statements(m: Maker, most: number): void {
  for (let left = 1 + m.random.below(most); left > 0 && m.fuel > 0; left -= 1) {
    m.fuel -= 1;
    statement(m);
  }
}

function statement(m: Maker): void {
  const { random } = m;
  const deep = m.labels.length > NESTING;
  const choice = random.below(deep ? 62 : 100);
  if (choice < 18) return setLocal(m);
  if (choice < 24) return setGlobal(m);
  if (choice < 34) return store(m);
  if (choice < 40) return change(m);
  if (choice < 46) return bulkMemory(m);
  if (choice < 51) return bulkTable(m);
  if (choice < 53) return bulkArray(m);
  if (choice < 58) return branch(m);
  if (choice < 60) return drop(m, anyType(random));
  if (choice < 62) return plainCall(m);
  if (choice < 78) return loop(m);
  if (choice < 84) return choose(m);
  if (choice < 88) return table(m);
  if (choice < 94) return exceptions(m);
  if (choice < 97) return nullBranch(m);
  return leave(m);
}

function drop(m: Maker, type: ValType): void {
  value(m, type);
  m.out.op("drop");
}

function setLocal(m: Maker): void {
  const found = m.locals.flatMap((_, n) => (m.counters.has(n) ? [] : [n]));
  if (found.length === 0) return drop(m, I32);
  const local = m.random.pick(found);
  value(m, m.locals[local] as ValType);
  m.out.op("local.set", local);
}

function setGlobal(m: Maker): void {
  const found = m.world.globals.flatMap((one, n) => (one.mutable ? [n] : []));
  if (found.length === 0) return;
  const global = m.random.pick(found);
  value(m, m.world.globals[global]?.type ?? I32);
  m.out.op("global.set", global);
}

function store(m: Maker): void {
  const { random, out } = m;
  const memory = random.below(m.world.memories.length);
  const { name, signature, immediates } = random.pick(STORES);
  below(m, 0x8000, wideMemory(m, memory));
  for (const letter of (signature?.params ?? "").slice(1)) value(m, LETTER[letter] as ValType);
  access(m, name, memory);
  if (immediates === "memarg-lane") out.byte(random.below(128 / Number(/store(\d+)/.exec(name)?.[1] ?? 64)));
}

/** A field or an element. */
function change(m: Maker): void {
  const { random, out, world } = m;
  const index = TYPE.base + random.below(TYPE.arrays + ELEMENTS.length - 1);
  const composite = world.types[index]?.composite;
  object(m, index);
  if (composite?.kind === "array") {
    below(m, ARRAY_LENGTH, false);
    value(m, unpacked(composite.field.type));
    return void out.op("array.set", index);
  }
  if (composite?.kind !== "struct") throw new Error("no object type");
  const fields = composite.fields.flatMap((one, n) => (one.mutable ? [n] : []));
  const field = random.pick(fields);
  value(m, unpacked(composite.fields[field]?.type ?? I32));
  out.op("struct.set", index, field);
}

function bulkMemory(m: Maker): void {
  const { random, out, world } = m;
  const memory = random.below(world.memories.length);
  const from = random.below(world.memories.length);
  const [wide, wideFrom] = [wideMemory(m, memory), wideMemory(m, from)];
  switch (random.below(7)) {
    case 0:
    case 1:
      below(m, 0x8000, wide);
      value(m, I32);
      below(m, 256, wide);
      return void out.op("memory.fill", memory);
    case 2:
    case 3:
      below(m, 0x8000, wide);
      below(m, 0x8000, wideFrom);
      below(m, 256, wide && wideFrom);
      return void out.op("memory.copy", memory, from);
    case 4:
    case 5:
      below(m, 0x8000, wide);
      below(m, 32, false);
      below(m, 64, false);
      return void out.op("memory.init", random.below(world.datas), memory);
    default:
      if (random.chance(0.2)) out.op("data.drop", random.below(world.datas));
  }
}

function bulkTable(m: Maker): void {
  const { random, out, world } = m;
  const index = random.below(world.tables.length);
  const element = world.tables[index]?.element ?? ANYREF;
  const wide = wideTable(m, index);
  const half = TABLE_LENGTH / 2;
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2:
      below(m, TABLE_LENGTH, wide);
      value(m, element);
      return void out.op("table.set", index);
    case 3:
      below(m, half, wide);
      value(m, element);
      below(m, half, wide);
      return void out.op("table.fill", index);
    case 4:
    case 5: {
      const from = random.below(world.tables.length);
      if (!world.matches(world.tables[from]?.element ?? ANYREF, element)) return;
      below(m, half, wide);
      below(m, half, wideTable(m, from));
      below(m, half, wide && wideTable(m, from));
      return void out.op("table.copy", index, from);
    }
    case 6: {
      const segment = world.elements.indexOf(element);
      if (segment < 0) return;
      below(m, half, wide);
      below(m, half, false);
      below(m, half, false);
      return void out.op("table.init", segment, index);
    }
    default:
      if (random.chance(0.2)) out.op("elem.drop", random.below(world.elements.length));
  }
}

function bulkArray(m: Maker): void {
  const { random, out, world } = m;
  const n = random.below(ELEMENTS.length);
  const index = TYPE.arrays + n;
  const type = ELEMENTS[n] as ValType;
  const half = ARRAY_LENGTH / 2;
  object(m, index);
  below(m, half, false);
  switch (random.below(3)) {
    case 0:
      value(m, unpacked(type));
      below(m, half, false);
      return void out.op("array.fill", index);
    case 1:
      object(m, index);
      below(m, half, false);
      below(m, half, false);
      return void out.op("array.copy", index, index);
    default: {
      const segment = world.elements.indexOf(type);
      below(m, half, false);
      below(m, half, false);
      if (!isRef(type)) out.op("array.init_data", index, random.below(world.datas));
      else out.op("array.init_elem", index, segment);
    }
  }
}

// --- control

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

function branch(m: Maker): void {
  const { random, out } = m;
  const depth = random.pick(open(m));
  const label = labelAt(m, depth);
  for (const type of label) value(m, type);
  value(m, I32);
  if (random.chance(0.3)) out.op("i32.eqz");
  out.op("br_if", depth);
  for (const _ of label) out.op("drop");
}

/** Loops count down; three deep at most, so that they end within the budget, mostly. */
function loop(m: Maker): void {
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
        statements(m, 4);
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
        statements(m, 4);
        out.op("br", 0);
      }),
    );
  }
  m.loops -= 1;
}

function choose(m: Maker): void {
  const { random, out } = m;
  value(m, I32);
  out.begin("if");
  m.labels.push([]);
  statements(m, 3);
  if (random.chance(0.5)) {
    out.op("else");
    statements(m, 3);
  }
  m.labels.pop();
  out.op("end");
}

/** A br_table out of nested blocks, and what is done behind each. */
function table(m: Maker): void {
  const { random, out } = m;
  const size = 2 + random.below(3);
  for (let n = 0; n < size; n += 1) {
    out.begin("block");
    m.labels.push([]);
  }
  value(m, I32);
  out.i32(7).op("i32.and").op("br_table");
  const targets = Array.from({ length: random.below(6) }, () => random.below(size));
  out.u32(targets.length);
  for (const one of targets) out.u32(one);
  out.u32(random.below(size));
  for (let n = 0; n < size; n += 1) {
    m.labels.pop();
    out.op("end");
    statements(m, 2);
    if (n === size - 1 || random.chance(0.5)) continue;
    value(m, I32);
    out.op("br_if", 0);
  }
}

function plainCall(m: Maker): void {
  const { random, out, world } = m;
  const callee =
    m.index + 1 < world.functions.length && random.chance(0.9)
      ? m.index + 1 + random.below(world.functions.length - m.index - 1)
      : random.below(world.functions.length);
  callTo(m, callee);
  for (const _ of world.func(world.functions[callee] as number).results) out.op("drop");
}

/** Something thrown, by a throw here or in a call, and caught around it, in one of the four ways. */
function exceptions(m: Maker): void {
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
  statements(m, 3);
  thrown(m, tag);
  m.labels.pop();
  out.op("end");
  for (const type of given) {
    if (type === exn) out.op("unreachable");
    else value(m, type);
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
  value(m, I32);
  block(m, "if", () => {
    const tag = likely !== undefined && random.chance(0.8) ? likely : random.below(world.tags.length);
    for (const type of world.func(world.tags[tag] as number).params) value(m, type);
    out.op("throw", tag);
  });
}

/** br_on_null, br_on_non_null and the branching casts. */
function nullBranch(m: Maker): void {
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
        value(m, ANYREF);
        out.op("br_on_null", 0).op("drop");
        statements(m, 2);
      });
    case 1:
      return result(asNonNull(ANYREF), () => {
        value(m, ANYREF);
        out.op("br_on_non_null", 0);
        statements(m, 2);
        value(m, I32);
        out.op("ref.i31");
      });
    default:
      return result(ANYREF, () => {
        value(m, ANYREF);
        // From a type that may be null, to one that may or may not be.
        out.op(random.pick(["br_on_cast", "br_on_cast_fail"])).byte(random.pick([1, 3]));
        out.u32(0);
        writeHeapType(out, HEAP.any);
        writeHeapType(out, random.pick(HEAPS));
        out.op("drop");
        statements(m, 2);
        value(m, ANYREF);
      });
  }
}

/** Ends the call under a condition: return, a tail call, a branch to the end of the body, a trap. */
function leave(m: Maker): void {
  const { random, out, world } = m;
  value(m, I32);
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
    for (const type of m.results) value(m, type);
    if (random.chance(0.5)) out.op("return");
    else out.op("br", m.labels.length - 1);
  });
}
