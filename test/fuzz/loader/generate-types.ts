/**
 * Type sections that are valid by construction: recursion groups that look forward inside themselves, subtypes that
 * extend and refine what is above them. Value types use the module's own indices.
 */
import type {
  CompositeType,
  FieldType,
  GlobalType,
  MemoryType,
  RecGroup,
  SubType,
  TableType,
} from "../../../runtime/module/module.ts";
import { createRegistry, type TypeRegistry } from "../../../runtime/module/registry.ts";
import {
  concrete,
  HEAP,
  type HeapType,
  heapOf,
  I8,
  I16,
  isConcrete,
  isNullable,
  isRef,
  refType,
  typeIndexOf,
  type ValType,
} from "../../../runtime/module/val-type.ts";
import type { Random } from "../random.ts";

const ABSTRACT: readonly HeapType[] = Object.values(HEAP);
const NUMBERS: readonly ValType[] = [1, 1, 1, 2, 2, 3, 4, 5];

/** A heap type among the abstract ones and the first `types` of the module. */
export function anyHeap(random: Random, types: number): HeapType {
  return types === 0 || random.chance(0.55) ? random.pick(ABSTRACT) : concrete(random.below(types));
}

export function anyValType(random: Random, types: number): ValType {
  return random.chance(0.6) ? random.pick(NUMBERS) : refType(anyHeap(random, types), random.chance(0.75));
}

export const anyTypes = (random: Random, types: number, most: number): readonly ValType[] =>
  Array.from({ length: random.small(most + 1) }, () => anyValType(random, types));

export class TypeSpace {
  readonly types: SubType[] = [];
  readonly groups: Pick<RecGroup, "start" | "count">[] = [];
  readonly #registry: TypeRegistry = createRegistry();
  #canon: Int32Array = new Int32Array(0);
  readonly #random: Random;

  readonly #slip: number;

  /** `slip`: how likely a subtype is nearly one only. */
  constructor(random: Random, slip: number) {
    this.#random = random;
    this.#slip = slip;
    // Something to call, to throw and to put behind a block in every module.
    this.#group([plain({ kind: "func", params: [], results: [] })]);
    for (let left = random.small(14); left > 0; left -= 1) this.#anyGroup();
  }

  /** Subtyping between value types of the module. */
  matches(sub: ValType, sup: ValType): boolean {
    return this.#registry.matches(this.#canonical(sub), this.#canonical(sup));
  }

  composite(index: number): CompositeType {
    return (this.types[index] as SubType).composite;
  }

  /** Indices of the types of one kind. */
  of(kind: CompositeType["kind"]): readonly number[] {
    return this.types.flatMap((one, n) => (one.composite.kind === kind ? [n] : []));
  }

  /** The abstract type above all of the heap type's hierarchy. */
  top(heap: HeapType): HeapType {
    if (isConcrete(heap)) return this.composite(typeIndexOf(heap)).kind === "func" ? HEAP.func : HEAP.any;
    if (heap === HEAP.nofunc) return HEAP.func;
    if (heap === HEAP.noextern) return HEAP.extern;
    if (heap === HEAP.noexn) return HEAP.exn;
    return heap === HEAP.func || heap === HEAP.extern || heap === HEAP.exn ? heap : HEAP.any;
  }

  bottom(heap: HeapType): HeapType {
    const top = this.top(heap);
    if (top === HEAP.func) return HEAP.nofunc;
    if (top === HEAP.extern) return HEAP.noextern;
    return top === HEAP.exn ? HEAP.noexn : HEAP.none;
  }

  /** A type at or below this one. */
  below(type: ValType): ValType {
    const random = this.#random;
    if (!isRef(type)) return type;
    const heap = heapOf(type);
    const found = Array.from({ length: 3 }, () => anyHeap(random, this.types.length)).find((one) =>
      this.matches(refType(one, true), refType(heap, true)),
    );
    const lower = random.chance(0.2) ? this.bottom(heap) : (found ?? heap);
    return refType(lower, isNullable(type) && random.chance(0.7));
  }

  /** A type beside this one: null or not, above it, next to it. */
  near(type: ValType): ValType {
    const random = this.#random;
    if (!isRef(type) || random.chance(0.1)) return anyValType(random, this.types.length);
    const heap = heapOf(type);
    const aside = random.pick([heap, heap, this.top(heap), anyHeap(random, this.types.length)]);
    return refType(aside, random.chance(0.7) ? !isNullable(type) : isNullable(type));
  }

  #canonical(type: ValType): ValType {
    if (!isRef(type) || !isConcrete(heapOf(type))) return type;
    return refType(concrete(this.#canon[typeIndexOf(heapOf(type))] as number), isNullable(type));
  }

  #anyGroup(): void {
    const random = this.#random;
    const count = random.chance(0.6) ? 1 : random.chance(0.05) ? 0 : 1 + random.small(4);
    const end = this.types.length + count;
    this.#group(Array.from({ length: count }, () => this.#anyType(end)));
  }

  #group(members: readonly SubType[]): void {
    this.groups.push({ start: this.types.length, count: members.length });
    this.types.push(...members);
    // Canonical ids of a longer prefix keep those of a shorter one: groups are added in order.
    const groups = this.groups.map((one) => ({ ...one, at: 0 }));
    this.#canon = this.#registry.add({ types: this.types, groups });
  }

  #anyType(end: number): SubType {
    const random = this.#random;
    const open = this.types.flatMap((one, n) => (one.final && !this.#slips() ? [] : [n]));
    const final = random.chance(0.5);
    if (open.length > 0 && random.chance(0.5)) {
      const parent = random.pick(open);
      return { final, supers: [parent], composite: this.#refined(this.composite(parent), end) };
    }
    return { final, supers: [], composite: this.#anyComposite(end) };
  }

  #anyComposite(end: number): CompositeType {
    const random = this.#random;
    const kind = random.pick(["func", "func", "struct", "array"] as const);
    if (kind === "func" && random.chance(0.25)) {
      // A block of this type, or an if without else, passes on what it takes.
      const params = anyTypes(random, end, 3);
      return { kind, params, results: params.map((one) => this.#related(one)) };
    }
    if (kind === "func") {
      return { kind, params: anyTypes(random, end, 4), results: anyTypes(random, end, random.chance(0.7) ? 1 : 4) };
    }
    if (kind === "array") return { kind, field: this.#anyField(end) };
    return { kind, fields: Array.from({ length: random.small(6) }, () => this.#anyField(end)) };
  }

  /** The same, or a supertype that is known before the type's own group is; at times a subtype. */
  #related(type: ValType): ValType {
    const random = this.#random;
    if (!isRef(type) || random.chance(0.5)) return type;
    if (isConcrete(heapOf(type)) && typeIndexOf(heapOf(type)) >= this.types.length) return refType(heapOf(type), true);
    const above = random.pick([refType(this.top(heapOf(type)), true), refType(heapOf(type), true)]);
    return random.chance(0.2) ? this.near(type) : above;
  }

  #anyField(end: number): FieldType {
    const random = this.#random;
    // Few reference types, so that fields and elements are often of related ones.
    const related = () =>
      refType(random.pick([HEAP.any, HEAP.eq, HEAP.struct, HEAP.func, HEAP.none]), random.chance(0.7));
    const type = random.chance(0.2) ? random.pick([I8, I16]) : random.chance(0.3) ? related() : anyValType(random, end);
    return { type, mutable: random.chance(0.6) };
  }

  /** Below a type of an earlier group: fields may become narrower where they do not change, and more follow. */
  #refined(above: CompositeType, end: number): CompositeType {
    const random = this.#random;
    const field = (one: FieldType): FieldType => {
      if (this.#slips()) return { type: this.near(one.type), mutable: one.mutable !== random.chance(0.3) };
      return one.mutable || random.chance(0.5) ? one : { ...one, type: this.below(one.type) };
    };
    if (above.kind === "array") return { kind: "array", field: field(above.field) };
    if (above.kind === "struct") {
      const more = Array.from({ length: random.small(3) }, () => this.#anyField(end));
      return { kind: "struct", fields: [...above.fields.map(field), ...more] };
    }
    const slip = (one: ValType) => (this.#slips() ? this.near(one) : one);
    const results = above.results.map((one) => slip(this.below(one)));
    return { kind: "func", params: above.params.map(slip), results };
  }

  #slips(): boolean {
    return this.#slip > 0 && this.#random.chance(this.#slip);
  }
}

const plain = (composite: CompositeType): SubType => ({ final: true, supers: [], composite });

/** What instructions may name: every index space, imports first. */
export interface Shape {
  readonly space: TypeSpace;
  /** Type indices. */
  readonly functions: readonly number[];
  readonly tags: readonly number[];
  readonly tables: readonly TableType[];
  readonly memories: readonly MemoryType[];
  readonly globals: readonly GlobalType[];
  readonly elements: readonly ValType[];
  readonly datas: number;
  /** The exceptions of before 3.0; V8 wants one kind in a module. */
  readonly legacy: boolean;
  /** How likely an operand or a label is nearly right only: such modules are not valid, or just so. */
  readonly slip: number;
  /** Functions that `ref.func` may name. */
  readonly declared: readonly number[];
}
