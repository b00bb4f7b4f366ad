/** Changes to a decoded module beside its instructions: types, entries and their order, bounds, constant expressions. */
import type { Encodable, EncodableModule } from "../../../runtime/binary/encode.ts";
import { ByteWriter } from "../../../runtime/binary/writer.ts";
import type { FieldType, Limits, Module, SubType } from "../../../runtime/module/module.ts";
import { concrete, EXNREF, FUNCREF, HEAP, refType, type ValType } from "../../../runtime/module/val-type.ts";
import type { Random } from "../random.ts";

/** Short sequences that upset a body in ways of their own. */
export const PHRASES: readonly (readonly number[])[] = [
  [0x00],
  [0x01],
  [0x05],
  [0x0b],
  [0x0f],
  [0x0a],
  [0x1a],
  [0x1b],
  [0x02, 0x40],
  [0x03, 0x40],
  [0x04, 0x40],
  [0x06, 0x40],
  [0x02, 0x40, 0x0b],
  [0x02, 0x7f, 0x00, 0x0b],
  [0x1f, 0x40, 0x00],
  [0x1f, 0x40, 0x01, 0x02, 0x00, 0x0b],
  [0x07, 0x00],
  [0x19],
  [0x18, 0x00],
  [0x09, 0x00],
  [0x0c, 0x00],
  [0x0d, 0x00],
  [0x0e, 0x00, 0x00],
  [0x0e, 0x01, 0x00, 0x01],
  [0x41, 0x00],
  [0x42, 0x00],
  [0x43, 0, 0, 0, 0],
  [0x20, 0x00],
  [0x21, 0x00],
  [0x22, 0x00],
  [0xd0, 0x70],
  [0xd0, 0x6f],
  [0xd0, 0x69],
  [0xd0, 0x71],
  [0xd1],
  [0xd2, 0x00],
  [0xd3],
  [0xd4],
  [0xd5, 0x00],
  [0xd6, 0x00],
  [0xfb, 0x1c],
  [0xfb, 0x1a],
  [0xfb, 0x1b],
  [0xfb, 0x14, 0x6e],
  [0xfb, 0x18, 0x03, 0x00, 0x6e, 0x6c],
  [0xfb, 0x19, 0x01, 0x00, 0x6e, 0x6c],
  [0x1c, 0x01, 0x7f],
  [0x1c, 0x02, 0x7f, 0x7f],
  [0x1c, 0x00],
  [0x10, 0x00],
  [0x12, 0x00],
  [0x14, 0x00],
  [0x15, 0x00],
];

export function replaced<T>(list: readonly T[], at: number, by: T): readonly T[] {
  return list.map((one, n) => (n === at ? by : one));
}

/** Doubles, drops, moves or changes one entry. */
function oneOf<T>(list: readonly T[], random: Random, change?: (one: T) => T): readonly T[] {
  if (list.length === 0) return list;
  const at = random.below(list.length);
  const one = list[at] as T;
  const out = [...list];
  const what = change === undefined ? random.below(3) : random.below(10);
  if (what === 0) out.splice(at, 1);
  else if (what === 1) out.splice(random.below(list.length + 1), 0, one);
  else if (what === 2) out.splice(random.below(list.length), 0, ...out.splice(at, 1));
  else if (change !== undefined) out[at] = change(one);
  return out;
}

const NUMBERS: readonly ValType[] = [1, 2, 3, 4, 5];

export function anyType(random: Random): ValType {
  if (random.chance(0.4)) return random.pick(NUMBERS);
  if (random.chance(0.2)) return random.pick([FUNCREF, EXNREF]);
  const heap = random.chance(0.5) ? random.pick(Object.values(HEAP)) : concrete(random.small(8));
  return refType(heap, random.chance(0.6));
}
const anyRef = (random: Random) =>
  refType(random.chance(0.5) ? random.pick(Object.values(HEAP)) : concrete(random.small(8)), random.chance(0.7));

const BOUNDS = [
  0n,
  1n,
  2n,
  10n,
  65_535n,
  65_536n,
  65_537n,
  1n << 20n,
  (1n << 32n) - 1n,
  1n << 32n,
  1n << 48n,
  (1n << 48n) + 1n,
  (1n << 64n) - 1n,
];

function limits({ min, max, address }: Limits, random: Random): Limits {
  const to = random.chance(0.2) ? (address === "i32" ? "i64" : "i32") : address;
  const clamp = (value: bigint) => (to === "i32" ? BigInt.asUintN(32, value) : value);
  return {
    min: clamp(random.chance(0.5) ? random.pick(BOUNDS) : min),
    max: random.chance(0.4) ? undefined : clamp(random.chance(0.5) ? random.pick(BOUNDS) : (max ?? 10n)),
    address: to,
  };
}

const field = (one: FieldType, random: Random): FieldType =>
  random.chance(0.4) ? { ...one, mutable: !one.mutable } : { ...one, type: random.chance(0.2) ? 6 : anyType(random) };

function subType(one: SubType, random: Random): SubType {
  const { composite } = one;
  switch (random.below(5)) {
    case 0:
      return { ...one, final: !one.final };
    case 1:
      return { ...one, supers: random.chance(0.3) ? [] : random.chance(0.9) ? [random.small(8)] : [0, 0] };
    case 2:
      return { ...one, composite: { kind: "array", field: { type: anyType(random), mutable: random.chance(0.5) } } };
    default:
      if (composite.kind === "array")
        return { ...one, composite: { kind: "array", field: field(composite.field, random) } };
      if (composite.kind === "struct") {
        const more = random.chance(0.2) ? [{ type: anyType(random), mutable: true }] : [];
        const fields = [...oneOf(composite.fields, random, (two) => field(two, random)), ...more];
        return { ...one, composite: { kind: "struct", fields } };
      }
      return random.chance(0.5)
        ? { ...one, composite: { ...composite, params: types(composite.params, random) } }
        : { ...one, composite: { ...composite, results: types(composite.results, random) } };
  }
}

const types = (list: readonly ValType[], random: Random) =>
  list.length === 0 || random.chance(0.2) ? [...list, anyType(random)] : oneOf(list, random, () => anyType(random));

function groups(module: EncodableModule, random: Random): EncodableModule["groups"] {
  const list = module.groups.map(({ start, count }) => ({ start, count }));
  const at = random.below(list.length);
  const [one, next] = [list[at], list[at + 1]];
  if (one === undefined) return list;
  if (next !== undefined && random.chance(0.5)) list.splice(at, 2, { start: one.start, count: one.count + next.count });
  else if (one.count > 1)
    list.splice(at, 1, { start: one.start, count: 1 }, { start: one.start + 1, count: one.count - 1 });
  else list.splice(at, 0, { start: one.start, count: 0 });
  return list;
}

const expression = (random: Random): Uint8Array => {
  const out = new ByteWriter(8);
  for (let left = random.small(3); left >= 0; left -= 1) out.raw(Uint8Array.from(random.pick(PHRASES)));
  out.byte(0x0b);
  return out.bytes.slice();
};

type Edit = (module: EncodableModule, random: Random) => EncodableModule;
type Import = EncodableModule["imports"][number];
type Mode = Encodable<Module["datas"]>[number]["mode"];

function imported(one: Import, random: Random): Import {
  const { desc } = one;
  if (desc.kind === "function" || desc.kind === "tag") return { ...one, desc: { ...desc, type: random.small(10) } };
  if (desc.kind === "global") return { ...one, desc: { kind: "global", type: field(desc.type, random) } };
  if (desc.kind === "memory") {
    const type = { ...desc.type, limits: limits(desc.type.limits, random), shared: random.chance(0.3) };
    return { ...one, desc: { kind: "memory", type } };
  }
  const type = {
    element: random.chance(0.5) ? anyRef(random) : desc.type.element,
    limits: limits(desc.type.limits, random),
  };
  return { ...one, desc: { kind: "table", type } };
}

const mode = (random: Random): Mode =>
  random.chance(0.3) ? { kind: "passive" } : { kind: "active", index: random.small(4), offset: expression(random) };

const KINDS = ["function", "table", "memory", "global", "tag"] as const;

export const EDITS: readonly Edit[] = [
  (module, random) => ({
    ...module,
    types: module.types.map((one) => (random.chance(1 / module.types.length) ? subType(one, random) : one)),
  }),
  (module, random) => ({
    ...module,
    types: module.types.map((one) => (random.chance(1 / module.types.length) ? subType(one, random) : one)),
  }),
  (module, random) => ({ ...module, groups: groups(module, random) }),
  (module, random) => ({ ...module, imports: oneOf(module.imports, random, (one) => imported(one, random)) }),
  (module, random) => ({ ...module, functions: oneOf(Array.from(module.functions), random, () => random.small(10)) }),
  (module, random) => ({
    ...module,
    tables: oneOf(module.tables, random, ({ type, init }) => ({
      type: { element: random.chance(0.4) ? anyRef(random) : type.element, limits: limits(type.limits, random) },
      init: random.chance(0.5) ? init : random.chance(0.5) ? undefined : expression(random),
    })),
  }),
  (module, random) => ({
    ...module,
    memories: oneOf(module.memories, random, ({ type }) => ({
      type: { ...type, limits: limits(type.limits, random), shared: random.chance(0.3) },
    })),
  }),
  (module, random) => ({
    ...module,
    globals: oneOf(module.globals, random, ({ type, init }) =>
      random.chance(0.6) ? { type: field(type, random), init } : { type, init: expression(random) },
    ),
  }),
  (module, random) => ({ ...module, tags: oneOf(module.tags, random, () => ({ type: random.small(10) })) }),
  (module, random) => ({
    ...module,
    exports: oneOf(module.exports, random, (one) => ({ ...one, kind: random.pick(KINDS), index: random.small(6) })),
  }),
  (module, random) => ({ ...module, start: random.chance(0.3) ? undefined : { function: random.small(10) } }),
  (module, random) => ({
    ...module,
    elements: oneOf(module.elements, random, (one) =>
      random.chance(0.5)
        ? { ...one, mode: random.chance(0.2) ? { kind: "declarative" } : mode(random) }
        : "expressions" in one.items && random.chance(0.5)
          ? { ...one, type: anyRef(random) }
          : { ...one, type: anyRef(random), items: { expressions: [expression(random)] } },
    ),
  }),
  (module, random) => ({
    ...module,
    dataCount: random.chance(0.5) ? undefined : module.datas.length + (random.chance(0.8) ? 0 : 1),
  }),
  (module, random) => ({ ...module, datas: oneOf(module.datas, random, (one) => ({ ...one, mode: mode(random) })) }),
  (module, random) => ({ ...module, code: oneOf(module.code, random) }),
];
