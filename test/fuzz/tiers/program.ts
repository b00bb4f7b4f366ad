/** A whole program: functions that do something when they are called, in a world that lets them. */
import { type EncodableModule, encodeModule } from "../../../runtime/binary/encode.ts";
import { ANYREF, FUNCREF, isRef, type ValType } from "../../../runtime/module/val-type.ts";
import type { Random } from "../random.ts";
import { HOST } from "./host.ts";
import { constant, writeNull } from "./observe.ts";
import { type Maker, nonNull } from "./program-maker.ts";
import { object } from "./program-references.ts";
import { statements } from "./program-steps.ts";
import { value } from "./program-values.ts";
import { anyType, DATA_BYTES, makeWorld, TABLE_LENGTH, TYPE, type World } from "./program-world.ts";
import { Writer } from "./write.ts";

export function makeProgram(random: Random): Uint8Array {
  const world = makeWorld(random);
  const functions = world.functions.map((_, n) => n);
  const plain = functions.find((index) => index >= world.imports && world.functions[index] === TYPE.none);
  const zero = (wide: boolean) => (wide ? new Writer().i64(0n) : new Writer().i32(0)).op("end").bytes;
  const bytes = () => Uint8Array.from({ length: DATA_BYTES }, () => random.below(256));
  const items = (type: ValType) =>
    Array.from({ length: TABLE_LENGTH }, (_, n) => {
      const out = new Writer();
      if (type === FUNCREF && random.chance(0.8)) out.op("ref.func", n % functions.length);
      else if (type === ANYREF && random.chance(0.8)) out.i32(n * 1001).op("ref.i31");
      else writeNull(out, type);
      return out.op("end").bytes;
    });
  const elements: EncodableModule["elements"][number][] = world.elements.map((type) => ({
    mode: { kind: "passive" },
    type,
    items: { expressions: items(type) },
  }));
  const table = world.tables.findIndex(({ element }) => element === FUNCREF);
  if (table >= 0) {
    const offset = zero(world.tables[table]?.limits.address === "i64");
    elements.push({
      mode: { kind: "active", index: table, offset },
      type: FUNCREF,
      items: { expressions: functions.map(self) },
    });
  }
  return encodeModule({
    bytes: new Uint8Array(0),
    types: world.types,
    groups: world.groups,
    imports: world.functions.slice(0, world.imports).map((type, n) => ({
      module: HOST,
      name: `note${n}`,
      desc: { kind: "function" as const, type },
    })),
    functions: world.functions.slice(world.imports),
    tables: world.tables.map((type) => ({ type, init: undefined })),
    memories: world.memories.map((type) => ({ type })),
    tags: world.tags.map((type) => ({ type })),
    globals: world.globals.map((type) => {
      const init = isRef(type.type) ? writeNull(new Writer(), type.type) : constant(new Writer(), type.type, random);
      return { type, init: init.op("end").bytes };
    }),
    exports: functions.map((index) => ({ name: `f${index}`, kind: "function", index })),
    start: plain !== undefined && random.chance(0.25) ? { function: plain } : undefined,
    elements,
    dataCount: world.datas + 1,
    code: functions.slice(world.imports).map((index) => body(world, random, index)),
    datas: [
      ...Array.from({ length: world.datas }, () => ({ mode: { kind: "passive" as const }, bytes: bytes() })),
      {
        mode: { kind: "active", index: 0, offset: zero(world.memories[0]?.limits.address === "i64") },
        bytes: bytes(),
      },
    ],
    customs: [],
  });
}

const self = (index: number): Uint8Array => new Writer().op("ref.func", index).op("end").bytes;

function body(world: World, random: Random, index: number): EncodableModule["code"][number] {
  const { params, results } = world.func(world.functions[index] as number);
  const own = Array.from({ length: random.below(6) }, () => anyType(random));
  const m: Maker = {
    out: new Writer(),
    random,
    world,
    locals: [...params, ...own],
    counters: new Set(),
    index,
    results,
    labels: [results],
    loops: 0,
    fuel: 40 + random.below(160),
    value,
    statements,
  };
  // One that may not be null keeps the function from having a twin.
  if (random.chance(0.15)) {
    object(m, TYPE.base);
    const local = m.locals.push(nonNull(TYPE.base)) - 1;
    m.counters.add(local);
    m.out.op("local.set", local);
  }
  statements(m, 10);
  for (const type of results) value(m, type);
  m.out.op("end");
  const locals = m.locals.slice(params.length).map((type) => ({ count: 1, type }));
  return { locals, body: m.out.bytes };
}
