/**
 * What a generated program consists of beside its bodies: types, tables, memories, globals, tags and segments that
 * instructions can count on, so that most of them do something instead of trapping.
 */
import type { CompositeType, GlobalType, MemoryType, SubType, TableType } from "../../../runtime/module/module.ts";
import { createRegistry } from "../../../runtime/module/registry.ts";
import {
  ANYREF,
  concrete,
  EQREF,
  EXNREF,
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  HEAP,
  heapOf,
  I8,
  I16,
  I31REF,
  I32,
  I64,
  isConcrete,
  isNullable,
  isRef,
  refType,
  typeIndexOf,
  V128,
  type ValType,
} from "../../../runtime/module/val-type.ts";
import type { Random } from "../random.ts";
import { NOTE } from "./host.ts";

type Func = Extract<CompositeType, { kind: "func" }>;

/** Indices of the types that every program has. */
export const TYPE = { none: 0, base: 1, derived: 2, node: 3, arrays: 4 } as const;
/** Element types of the arrays at `TYPE.arrays` and after. */
export const ELEMENTS: readonly ValType[] = [I8, I16, I32, I64, F32, F64, V128, ANYREF, FUNCREF];
/** Of arrays that are made in programs; indices are cut to it. */
export const ARRAY_LENGTH = 8;
/** Of tables: as many elements as there are functions at least. */
export const TABLE_LENGTH = 16;
export const DATA_BYTES = 160;

export const NUMBERS: readonly ValType[] = [I32, I32, I32, I64, I64, F32, F64, V128];

export interface World {
  readonly types: readonly SubType[];
  readonly groups: readonly { readonly start: number; readonly count: number }[];
  /** Type indices; the first `imports` are the host's. */
  readonly functions: readonly number[];
  readonly imports: number;
  readonly tags: readonly number[];
  readonly tables: readonly TableType[];
  readonly memories: readonly MemoryType[];
  readonly globals: readonly GlobalType[];
  /** Passive segments. */
  readonly datas: number;
  readonly elements: readonly ValType[];
  func(type: number): Func;
  matches(sub: ValType, sup: ValType): boolean;
}

const final = (composite: CompositeType): SubType => ({ final: true, supers: [], composite });
const mutable = (type: ValType) => ({ type, mutable: true });

export function makeWorld(random: Random): World {
  const base = [mutable(I32), mutable(I64), mutable(F64), mutable(ANYREF), mutable(I8)];
  const more = [mutable(F32), mutable(V128), mutable(FUNCREF), mutable(I16)];
  const node = refType(concrete(TYPE.node), true);
  const types: SubType[] = [
    final({ kind: "func", params: [], results: [] }),
    { final: false, supers: [], composite: { kind: "struct", fields: base } },
    { final: true, supers: [TYPE.base], composite: { kind: "struct", fields: [...base, ...more] } },
    final({ kind: "struct", fields: [mutable(node), mutable(I32), { type: EQREF, mutable: false }] }),
    ...ELEMENTS.map((type) => final({ kind: "array", field: mutable(type) })),
    final({ kind: "func", ...NOTE }),
  ];
  const note = types.length - 1;
  const firstFunc = types.length;
  const list = (most: number) => Array.from({ length: random.below(most + 1) }, () => anyType(random));
  for (let left = 2 + random.below(5); left > 0; left -= 1) {
    types.push(final({ kind: "func", params: list(4), results: list(random.chance(0.7) ? 1 : 3) }));
  }
  const firstTag = types.length;
  for (let left = 2; left > 0; left -= 1) {
    const payload = list(3).filter((one) => one !== EXNREF);
    types.push(final({ kind: "func", params: payload, results: [] }));
  }
  const groups = types.map((_, start) => ({ start, count: 1 }));
  const registry = createRegistry();
  const canon = registry.add({ types, groups: groups.map((one) => ({ ...one, at: 0 })) });
  const canonical = (type: ValType) =>
    isRef(type) && isConcrete(heapOf(type))
      ? refType(concrete(canon[typeIndexOf(heapOf(type))] as number), isNullable(type))
      : type;
  const imports = random.below(2);
  const own = Array.from({ length: 3 + random.below(6) }, () =>
    random.chance(0.1) ? TYPE.none : firstFunc + random.below(firstTag - firstFunc),
  );
  const functions = [...own.slice(0, imports).map(() => note), ...own];
  const limits = (min: number, spare: number) => {
    const address = random.chance(0.25) ? ("i64" as const) : ("i32" as const);
    return { min: BigInt(min), max: random.chance(0.7) ? BigInt(min + spare) : undefined, address };
  };
  const typed = refType(concrete(own[0] as number), true);
  const tables = [FUNCREF, ANYREF, typed].slice(0, 1 + random.below(3)).map((element) => ({
    element,
    limits: limits(TABLE_LENGTH, random.below(30)),
  }));
  const memories = Array.from({ length: random.chance(0.7) ? 1 : 2 + random.below(2) }, () => ({
    limits: limits(1, random.below(3)),
    shared: false,
    pageSizeLog2: 16,
  }));
  const globals = [I32, I32, I64, F32, F64, V128, ANYREF, FUNCREF, EXTERNREF, refType(concrete(TYPE.node), true)]
    .filter(() => random.chance(0.7))
    .map((type) => ({ type, mutable: random.chance(0.9) }));
  return {
    types,
    groups,
    functions,
    imports,
    tags: [TYPE.none, firstTag, firstTag + 1],
    tables,
    memories,
    globals,
    datas: 2,
    elements: [FUNCREF, ANYREF],
    func: (type) => types[type]?.composite as Func,
    matches: (sub, sup) => registry.matches(canonical(sub), canonical(sup)),
  };
}

const REFERENCES: readonly ValType[] = [
  ANYREF,
  EQREF,
  FUNCREF,
  EXTERNREF,
  I31REF,
  EXNREF,
  refType(HEAP.struct, true),
  refType(HEAP.array, true),
  refType(concrete(TYPE.base), true),
  refType(concrete(TYPE.derived), true),
  refType(concrete(TYPE.node), true),
  ...ELEMENTS.map((_, n) => refType(concrete(TYPE.arrays + n), true)),
];

/** A type of locals, parameters, results. */
export const anyType = (random: Random): ValType =>
  random.chance(0.78) ? random.pick(NUMBERS) : random.pick(REFERENCES);
