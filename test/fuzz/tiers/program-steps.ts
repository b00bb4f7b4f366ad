/** Statements of a generated program: variables, stores, bulk operations; control is in program-control.ts. */
import { opcodes } from "../../../runtime/module/opcodes.ts";
import { ANYREF, I32, isRef, type ValType } from "../../../runtime/module/val-type.ts";
import { branch, choose, exceptions, leave, loop, nullBranch, plainCall, table } from "./program-control.ts";
import { access, below, LETTER, type Maker, unpacked, wideMemory, wideTable } from "./program-maker.ts";
import { object } from "./program-references.ts";
import { ARRAY_LENGTH, anyType, ELEMENTS, TABLE_LENGTH, TYPE } from "./program-world.ts";

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
  m.value(m, type);
  m.out.op("drop");
}

function setLocal(m: Maker): void {
  const found = m.locals.flatMap((_, n) => (m.counters.has(n) ? [] : [n]));
  if (found.length === 0) return drop(m, I32);
  const local = m.random.pick(found);
  m.value(m, m.locals[local] as ValType);
  m.out.op("local.set", local);
}

function setGlobal(m: Maker): void {
  const found = m.world.globals.flatMap((one, n) => (one.mutable ? [n] : []));
  if (found.length === 0) return;
  const global = m.random.pick(found);
  m.value(m, m.world.globals[global]?.type ?? I32);
  m.out.op("global.set", global);
}

function store(m: Maker): void {
  const { random, out } = m;
  const memory = random.below(m.world.memories.length);
  const { name, signature, immediates } = random.pick(STORES);
  below(m, 0x8000, wideMemory(m, memory));
  for (const letter of (signature?.params ?? "").slice(1)) m.value(m, LETTER[letter] as ValType);
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
    m.value(m, unpacked(composite.field.type));
    return void out.op("array.set", index);
  }
  if (composite?.kind !== "struct") throw new Error("no object type");
  const fields = composite.fields.flatMap((one, n) => (one.mutable ? [n] : []));
  const field = random.pick(fields);
  m.value(m, unpacked(composite.fields[field]?.type ?? I32));
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
      m.value(m, I32);
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
      m.value(m, element);
      return void out.op("table.set", index);
    case 3:
      below(m, half, wide);
      m.value(m, element);
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
      m.value(m, unpacked(type));
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
