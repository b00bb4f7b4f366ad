/**
 * Room for the state of an instance that ran in another tier: memories, tables and globals of references are exported
 * under names of the host's, and one function sets numeric globals and drops segments as it finds written in the page of
 * the epoch. Instantiation goes as always; whoever carries overwrites what it left and does not call the start function.
 */
import type { EncodableModule } from "../binary/encode.ts";
import type { Module } from "../module/module.ts";
import {
  F32,
  F64,
  FUNCREF,
  HEAP,
  heapOf,
  I32,
  I64,
  isConcrete,
  isRef,
  V128,
  type ValType,
} from "../module/val-type.ts";
import type { ValidModule } from "../validate/module.ts";
import { Code } from "./code.ts";
import { CARRY_EXPORTS } from "./options.ts";

/** Where something lies in the page of the epoch, whose first word is the epoch's own. */
interface Place {
  /** In the index space of the module. */
  readonly index: number;
  readonly at: number;
}

export interface CarryPlan {
  /** Functions that references can be of, in the order of the table that holds them. */
  readonly functions: readonly number[];
  /** Own mutable globals of numbers and vectors, 16 bytes each. */
  readonly numbers: readonly (Place & { readonly type: ValType })[];
  /** Own mutable globals of references that can be other than null. */
  readonly references: readonly number[];
  /** All segments, a byte each: 1 for those that are to be dropped. */
  readonly datas: readonly Place[];
  readonly elements: readonly Place[];
}

const PAGE = 65_536;
const FIRST = 16;
const SLOT = 16;

/** Undefined when the state cannot be carried. */
export function planCarry({ module, declared }: ValidModule): CarryPlan | undefined {
  if (module.imports.some(({ desc }) => desc.kind !== "function")) return undefined;
  if (module.tables.some(({ type }) => EXCEPTIONS.includes(heapOf(type.element)))) return undefined;
  const numbers: CarryPlan["numbers"][number][] = [];
  const references: number[] = [];
  let at = FIRST;
  for (const [index, { type }] of module.globals.entries()) {
    if (!type.mutable) continue;
    if (!isRef(type.type)) {
      numbers.push({ index, type: type.type, at });
      at += SLOT;
    } else if (canHold(type.type)) references.push(index);
  }
  const flags = (count: number) => Array.from({ length: count }, (_, index): Place => ({ index, at: at++ }));
  if (at + module.datas.length + module.elements.length > PAGE) return undefined;
  const datas = flags(module.datas.length);
  const elements = flags(module.elements.length);
  return { functions: [...declared].sort((a, b) => a - b), numbers, references, datas, elements };
}

/** The host's interface does not let them pass, null or not. */
const EXCEPTIONS: readonly number[] = [HEAP.exn, HEAP.noexn];
const EMPTY: readonly number[] = [...EXCEPTIONS, HEAP.none, HEAP.noextern, HEAP.nofunc];

/** Exceptions are never carried, and the others' only value is null. */
function canHold(type: ValType): boolean {
  return isConcrete(heapOf(type)) || !EMPTY.includes(heapOf(type));
}

/** What is added to a module, each last in its space. `put` is the index of the function, `epoch` that of the memory. */
export interface CarryParts {
  readonly tables: EncodableModule["tables"];
  readonly elements: EncodableModule["elements"];
  readonly exports: EncodableModule["exports"];
  readonly body: Code;
}

export function carryParts(module: Module, plan: CarryPlan, put: number, epoch: number): CarryParts {
  const count = plan.functions.length;
  const table = module.tables.length;
  const size = BigInt(count);
  const exported: EncodableModule["exports"][number][] = [
    { name: CARRY_EXPORTS.put, kind: "function", index: put },
    { name: CARRY_EXPORTS.functions, kind: "table", index: table },
    ...module.memories.map((_, n) => ({ name: CARRY_EXPORTS.memory(n), kind: "memory" as const, index: n })),
    ...module.tables.map((_, n) => ({ name: CARRY_EXPORTS.table(n), kind: "table" as const, index: n })),
    ...plan.references.map((n) => ({ name: CARRY_EXPORTS.global(n), kind: "global" as const, index: n })),
  ];
  const offset = new Code().i32(0).end().bytes.slice();
  return {
    tables: [{ type: { limits: { min: size, max: size, address: "i32" }, element: FUNCREF }, init: undefined }],
    elements: [
      {
        mode: { kind: "active", index: table, offset },
        type: FUNCREF,
        items: { functions: Uint32Array.from(plan.functions) },
      },
    ],
    exports: exported,
    body: putBody(plan, epoch),
  };
}

/** Opcode and alignment of the load of each type. */
const LOADS = new Map<ValType, readonly [op: readonly number[], align: number]>([
  [I32, [[0x28], 2]],
  [I64, [[0x29], 3]],
  [F32, [[0x2a], 2]],
  [F64, [[0x2b], 3]],
  [V128, [[0xfd, 0x00], 4]],
]);
const LOAD8 = [[0x2d], 0] as const;
const DATA_DROP = [0xfc, 9] as const;
const ELEMENT_DROP = [0xfc, 13] as const;

function putBody(plan: CarryPlan, epoch: number): Code {
  const out = new Code(256);
  for (const { index, type, at } of plan.numbers) {
    const [op, align] = LOADS.get(type) ?? LOAD8;
    out.load(op, align, epoch, at).globalSet(index);
  }
  for (const { index, at } of plan.datas)
    out
      .load(...LOAD8, epoch, at)
      .if()
      .op(...DATA_DROP, index)
      .end();
  for (const { index, at } of plan.elements)
    out
      .load(...LOAD8, epoch, at)
      .if()
      .op(...ELEMENT_DROP, index)
      .end();
  return out;
}
