/**
 * Whole modules that are valid by construction, nearly always: every kind of definition and import, constant expressions,
 * segments in all their forms, bodies from generate-body.ts. What we and V8 both refuse of them costs only time.
 */
import { type EncodableModule, encodeModule } from "../../../runtime/binary/encode.ts";
import type { ExternKind, GlobalType, Limits, MemoryType, TableType } from "../../../runtime/module/module.ts";
import {
  asNonNull,
  asNullable,
  FUNCREF,
  HEAP,
  I32,
  I64,
  isDefaultable,
  isRef,
  refType,
  type ValType,
} from "../../../runtime/module/val-type.ts";
import type { Random } from "../random.ts";
import { Body } from "./generate-body.ts";
import { steps } from "./generate-control.ts";
import { indexed, maker } from "./generate-instructions.ts";
import { anyHeap, anyTypes, anyValType, type Shape, TypeSpace } from "./generate-types.ts";

type Part<K extends "imports" | "globals" | "tables" | "elements" | "datas" | "code"> = EncodableModule[K][number];

/** A shape under construction: expressions see what is there when they are made. */
interface Making extends Shape {
  readonly functions: number[];
  readonly tags: number[];
  readonly tables: TableType[];
  readonly memories: MemoryType[];
  readonly globals: GlobalType[];
  readonly elements: ValType[];
  datas: number;
  declared: number[];
}

export function generate(random: Random): Uint8Array {
  const slip = random.chance(0.35) ? random.pick([0.003, 0.01, 0.03]) : 0;
  const space = new TypeSpace(random, slip);
  const shape: Making = {
    space,
    functions: [],
    tags: [],
    tables: [],
    memories: [],
    globals: [],
    elements: [],
    datas: 0,
    legacy: random.chance(0.15),
    slip,
    declared: [],
  };
  const imports = times(random, 4, () => anyImport(shape, random));
  const importedFunctions = shape.functions.length;
  const functions = times(random, 5, () => random.pick(space.of("func")));
  if (functions.length === 0 && random.chance(0.9)) functions.push(random.pick(space.of("func")));
  shape.functions.push(...functions);
  const all = shape.functions.map((_, n) => n);
  shape.declared = all.filter(() => random.chance(0.7));

  const memories = times(random, 3, () => memoryType(random)).map((type) => ({ type }));
  shape.memories.push(...memories.map(({ type }) => type));
  const tags = times(random, 3, () => ({ type: tagType(space, random) }));
  shape.tags.push(...tags.map(({ type }) => type));
  const imported = shape.globals.length;
  const globals = times(random, 5, (): Part<"globals"> => {
    const wanted = anyValType(random, space.types.length);
    const type = { type: isMakeable(shape, random, wanted) ? wanted : asNullable(wanted), mutable: random.chance(0.5) };
    const init = expression(shape, random, type.type);
    shape.globals.push(type);
    return { type, init };
  });
  const early: Shape = { ...shape, globals: shape.globals.slice(0, imported) };
  const tables = times(random, 3, (): Part<"tables"> => {
    const type = tableType(space, random);
    const init =
      isDefaultable(type.element) && random.chance(0.6) ? undefined : expression(early, random, type.element);
    return { type, init };
  });
  shape.tables.push(...tables.map(({ type }) => type));
  const elements = times(random, 4, () => element(shape, random));
  // What is named nowhere else is declared here.
  elements.push({
    mode: { kind: "declarative" },
    type: refType(HEAP.func, false),
    items: { functions: shape.declared },
  });
  shape.elements.push(...elements.map(({ type }) => type));
  const datas = times(random, 3, () => data(shape, random));
  shape.datas = datas.length;
  const code = functions.map((type) => body(shape, random, type));
  const starts = all.filter((n) => isPlain(space, shape.functions[n] as number));
  return encodeModule({
    bytes: new Uint8Array(0),
    types: space.types,
    groups: space.groups,
    imports,
    functions,
    tables,
    memories,
    tags,
    globals,
    exports: exportsOf(shape, random),
    start: starts.length > 0 && random.chance(0.3) ? { function: random.pick(starts) } : undefined,
    elements: importedFunctions + functions.length === 0 ? [] : elements,
    dataCount: datas.length > 0 || random.chance(0.5) ? datas.length : undefined,
    code,
    datas,
    customs: [],
  });
}

function times<T>(random: Random, most: number, make: () => T): T[] {
  const out: T[] = [];
  for (let left = random.below(most + 1); left > 0; left -= 1) out.push(make());
  return out;
}

function limits(random: Random, most: number): Limits {
  const min = BigInt(random.small(most));
  const max = random.chance(0.5) ? min + BigInt(random.small(most)) : undefined;
  return { min, max, address: random.chance(0.25) ? "i64" : "i32" };
}

function memoryType(random: Random): MemoryType {
  const found = limits(random, 100);
  const shared = random.chance(0.2);
  return { limits: shared ? { ...found, max: found.max ?? 200n } : found, shared, pageSizeLog2: 16 };
}

function tableType(space: TypeSpace, random: Random): TableType {
  const element = random.chance(0.4) ? FUNCREF : refType(anyHeap(random, space.types.length), random.chance(0.85));
  return { element, limits: limits(random, 50) };
}

function tagType(space: TypeSpace, random: Random): number {
  const found = space.of("func").filter((one) => isTag(space, one));
  return random.pick(found);
}
const isTag = (space: TypeSpace, type: number) => {
  const composite = space.composite(type);
  return composite.kind === "func" && composite.results.length === 0;
};
const isPlain = (space: TypeSpace, type: number) => {
  const composite = space.composite(type);
  return composite.kind === "func" && composite.results.length === 0 && composite.params.length === 0;
};

const NAMES = ["", "a", "b", "memory", "\u{1f980}", "__proto__"];

function anyImport(shape: Making, random: Random): Part<"imports"> {
  return { module: random.pick(NAMES), name: random.pick(NAMES), desc: importType(shape, random) };
}

function importType(shape: Making, random: Random): Part<"imports">["desc"] {
  const { space } = shape;
  switch (random.below(5)) {
    case 0: {
      const type = random.pick(space.of("func"));
      shape.functions.push(type);
      return { kind: "function", type };
    }
    case 1: {
      const type = { type: anyValType(random, space.types.length), mutable: random.chance(0.3) };
      shape.globals.push(type);
      return { kind: "global", type };
    }
    case 2: {
      const type = tableType(space, random);
      shape.tables.push(type);
      return { kind: "table", type };
    }
    case 3: {
      const type = memoryType(random);
      shape.memories.push(type);
      return { kind: "memory", type };
    }
    default: {
      const type = tagType(space, random);
      shape.tags.push(type);
      return { kind: "tag", type };
    }
  }
}

function expression(shape: Shape, random: Random, type: ValType): Uint8Array {
  const made = new Body(shape, random, maker, { parameters: 0, locals: [], results: [type], fuel: 6, constant: true });
  made.make(type);
  made.op("end");
  return made.out.bytes.slice();
}

/** What an array of the module holds, so that it can be filled, or any reference. */
function passiveType(space: TypeSpace, random: Random): ValType {
  const held = space.types.flatMap(({ composite }) =>
    composite.kind === "array" && isRef(composite.field.type) ? [composite.field.type] : [],
  );
  if (held.length > 0 && random.chance(0.7)) return space.below(random.pick(held));
  return refType(anyHeap(random, space.types.length), random.chance(0.8));
}

/** Is there anything to make a constant reference of, when it may not be null? A few are tried. */
function isMakeable(shape: Shape, random: Random, type: ValType): boolean {
  if (isDefaultable(type)) return true;
  const made = new Body(shape, random, maker, { parameters: 0, locals: [], results: [type], fuel: 6, constant: true });
  made.make(type);
  return made.has([type]);
}

function element(shape: Shape, random: Random): Part<"elements"> {
  const { space } = shape;
  const count = random.small(4);
  const table = random.below(shape.tables.length);
  const found = shape.tables[table];
  const active = found !== undefined && random.chance(0.6);
  const type = active ? space.below(found.element) : passiveType(space, random);
  const mode: Part<"elements">["mode"] = active
    ? { kind: "active", index: table, offset: expression(shape, random, indexed(found.limits)) }
    : { kind: random.chance(0.7) ? "passive" : "declarative" };
  const nonNull = refType(HEAP.func, false);
  if ((!active || space.matches(nonNull, found.element)) && shape.functions.length > 0 && random.chance(0.5)) {
    const functions = Array.from({ length: count }, () => random.below(shape.functions.length));
    return { mode, type: nonNull, items: { functions } };
  }
  const filled = isMakeable(shape, random, type) ? count : 0;
  return { mode, type, items: { expressions: Array.from({ length: filled }, () => expression(shape, random, type)) } };
}

function data(shape: Shape, random: Random): Part<"datas"> {
  const index = random.below(shape.memories.length);
  const memory = shape.memories[index];
  const bytes = Uint8Array.from({ length: random.small(8) }, () => random.below(256));
  if (memory === undefined || random.chance(0.5)) return { mode: { kind: "passive" }, bytes };
  const address = memory.limits.address === "i64" ? I64 : I32;
  return { mode: { kind: "active", index, offset: expression(shape, random, address) }, bytes };
}

function exportsOf(shape: Shape, random: Random): EncodableModule["exports"] {
  const spaces: readonly (readonly [ExternKind, number])[] = [
    ["function", shape.functions.length],
    ["table", shape.tables.length],
    ["memory", shape.memories.length],
    ["global", shape.globals.length],
    ["tag", shape.tags.length],
  ];
  return times(random, 4, () => random.pick(spaces)).flatMap(([kind, size], n) =>
    size === 0 ? [] : [{ name: `${random.pick(NAMES)}${n}`, kind, index: random.below(size) }],
  );
}

function body(shape: Shape, random: Random, type: number): Part<"code"> {
  const composite = shape.space.composite(type);
  if (composite.kind !== "func") throw new Error("a function has a function type");
  const { params, results } = composite;
  const locals = anyTypes(random, shape.space.types.length, 6).map((one) => ({
    count: 1 + random.small(2),
    type: isRef(one) && random.chance(0.4) ? asNonNull(one) : one,
  }));
  const all = [...params, ...locals.flatMap(({ count, type: one }) => Array.from({ length: count }, () => one))];
  const options = { parameters: params.length, locals: all, results, fuel: 10 + random.small(200) };
  const made = new Body(shape, random, maker, options);
  steps(made, 30);
  made.close();
  made.op("end");
  return { locals, body: made.out.bytes.slice() };
}
