/**
 * Canonical types: two type definitions are the same type exactly when their recursion groups are the same up to the
 * names of indices (core specification 3.0, sections 3.1.3 "rolling" and 3.3 "matching"). The registry rolls each group,
 * gives every distinct type one number, and answers subtyping on those numbers. Modules that are linked share one.
 */
import { validateFault } from "../faults.ts";
import { ENGINE_LIMITS } from "../limits.ts";
import type { CompositeType, FieldType, Module, SubType } from "./module.ts";
import {
  BOTTOM,
  concrete,
  HEAP,
  type HeapType,
  heapOf,
  isConcrete,
  isNullable,
  isRef,
  refType,
  typeIndexOf,
  type ValType,
} from "./val-type.ts";

export interface CanonicalType {
  readonly id: number;
  readonly final: boolean;
  /** The declared supertype's id, or -1. */
  readonly parent: number;
  /** Value types in it hold canonical ids. */
  readonly composite: CompositeType;
}

export interface TypeRegistry {
  /** Adds the module's groups; the result maps its type indices to canonical ids. Indices must have been checked. */
  add(module: Pick<Module, "types" | "groups">): Int32Array;
  /** For function types that come from the host: a final function type in a group of its own. */
  functionType(params: readonly ValType[], results: readonly ValType[]): number;
  get(id: number): CanonicalType;
  /** Declared subtyping between canonical ids, reflexive; constant time. */
  isSubtype(sub: number, sup: number): boolean;
  /** Heap type matching, abstract and concrete (canonical). Section 3.3.3. */
  matchesHeap(sub: HeapType, sup: HeapType): boolean;
  /** Value type matching; BOTTOM matches everything. Section 3.3.5. */
  matches(sub: ValType, sup: ValType): boolean;
}

/** Of each abstract heap type, those it matches, itself included. */
const ABOVE: readonly ReadonlySet<HeapType>[] = [
  [HEAP.func],
  [HEAP.extern],
  [HEAP.any],
  [HEAP.eq, HEAP.any],
  [HEAP.i31, HEAP.eq, HEAP.any],
  [HEAP.struct, HEAP.eq, HEAP.any],
  [HEAP.array, HEAP.eq, HEAP.any],
  [HEAP.exn],
  [HEAP.none, HEAP.i31, HEAP.struct, HEAP.array, HEAP.eq, HEAP.any],
  [HEAP.noextern, HEAP.extern],
  [HEAP.nofunc, HEAP.func],
  [HEAP.noexn, HEAP.exn],
].map((list) => new Set(list));

const TOP_OF = { func: HEAP.func, struct: HEAP.struct, array: HEAP.array } as const;

const NO_ANCESTORS: readonly number[] = [];

const hasIndex = (type: ValType): boolean => isRef(type) && isConcrete(heapOf(type));

/** Does the type name others? If not, it is its own canonical form. */
function isIndexed(type: CompositeType): boolean {
  if (type.kind === "func") return type.params.some(hasIndex) || type.results.some(hasIndex);
  return type.kind === "struct" ? type.fields.some((one) => hasIndex(one.type)) : hasIndex(type.field.type);
}

export function createRegistry(): TypeRegistry {
  return new Registry();
}

class Registry implements TypeRegistry {
  readonly #types: CanonicalType[] = [];
  /** Ancestors of each type from the root down, itself left out; types with the same parent have the same list. */
  readonly #above: (readonly number[])[] = [];
  /** Of a type that has subtypes: their list. */
  readonly #below = new Map<number, readonly number[]>();
  readonly #groups = new Map<string, number>();

  /** VALIDATE_LIMIT for a registry beyond its bound. */
  add({ types, groups }: Pick<Module, "types" | "groups">): Int32Array {
    const canon = new Int32Array(types.length).fill(-1);
    for (const { start, count, at } of groups) {
      const members = types.slice(start, start + count);
      const first = this.#group(members, start, at, (n) => canon[n] as number);
      for (let n = 0; n < count; n += 1) canon[start + n] = first + n;
    }
    return canon;
  }

  functionType(params: readonly ValType[], results: readonly ValType[]): number {
    // Types from the host already hold canonical ids.
    const type: SubType = { final: true, supers: [], composite: { kind: "func", params, results } };
    return this.#group([type], this.#types.length, 0, (n) => n);
  }

  /** The id of the group's first type; the others follow. */
  #group(members: readonly SubType[], start: number, at: number, earlier: (n: number) => number): number {
    const { registryTypes } = ENGINE_LIMITS;
    // A member of the group itself is written relative to it, any other type by its canonical id.
    const index = (n: number) => (n >= start ? `r${n - start}` : `c${earlier(n)}`);
    const value = (type: ValType): string => {
      if (!hasIndex(type)) return String(type);
      return `${isNullable(type) ? "n" : "m"}${index(typeIndexOf(heapOf(type)))}`;
    };
    const field = ({ type, mutable }: FieldType) => `${mutable ? "v" : "k"}${value(type)}`;
    const composite = (type: CompositeType): string => {
      if (type.kind === "func") return `f${type.params.map(value).join()}>${type.results.map(value).join()}`;
      return type.kind === "struct" ? `s${type.fields.map(field).join()}` : `a${field(type.field)}`;
    };
    const key = members
      .map((one) => `${one.final ? "!" : "?"}${one.supers.map(index).join()}:${composite(one.composite)}`)
      .join(";");
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const first = this.#types.length;
    if (first + members.length > registryTypes) {
      throw validateFault("VALIDATE_LIMIT", { what: "types in a registry", limit: registryTypes, offset: at });
    }
    this.#groups.set(key, first);
    const id = (n: number) => (n >= start ? first + n - start : earlier(n));
    for (const one of members) this.#add(one, id);
    return first;
  }

  #add({ final, supers, composite }: SubType, id: (n: number) => number): void {
    const canonical = (type: ValType): ValType => {
      if (!hasIndex(type)) return type;
      return refType(concrete(id(typeIndexOf(heapOf(type)))), isNullable(type));
    };
    const field = ({ type, mutable }: FieldType): FieldType => ({ type: canonical(type), mutable });
    const [declared] = supers;
    const parent = declared === undefined ? -1 : id(declared);
    const number = this.#types.length;
    this.#above.push(parent === -1 ? NO_ANCESTORS : this.#ancestorsBelow(parent));
    this.#types.push({
      id: number,
      final,
      parent,
      composite: !isIndexed(composite)
        ? composite
        : composite.kind === "func"
          ? { kind: "func", params: composite.params.map(canonical), results: composite.results.map(canonical) }
          : composite.kind === "struct"
            ? { kind: "struct", fields: composite.fields.map(field) }
            : { kind: "array", field: field(composite.field) },
    });
  }

  /** What the subtypes of a type have above them. */
  #ancestorsBelow(parent: number): readonly number[] {
    const known = this.#below.get(parent);
    if (known !== undefined) return known;
    const list = [...(this.#above[parent] as readonly number[]), parent];
    this.#below.set(parent, list);
    return list;
  }

  get(id: number): CanonicalType {
    const found = this.#types[id];
    if (found === undefined) throw new Error(`no type ${id} in this registry`);
    return found;
  }

  isSubtype(sub: number, sup: number): boolean {
    if (sub === sup) return true;
    const above = this.#above[sub] as readonly number[];
    const depth = (this.#above[sup] as readonly number[]).length;
    return depth < above.length && above[depth] === sup;
  }

  matchesHeap(sub: HeapType, sup: HeapType): boolean {
    if (sub === sup) return true;
    if (isConcrete(sub)) {
      const id = typeIndexOf(sub);
      if (isConcrete(sup)) return this.isSubtype(id, typeIndexOf(sup));
      return (ABOVE[TOP_OF[this.get(id).composite.kind]] as ReadonlySet<HeapType>).has(sup);
    }
    if (!isConcrete(sup)) return (ABOVE[sub] as ReadonlySet<HeapType>).has(sup);
    const { kind } = this.get(typeIndexOf(sup)).composite;
    return kind === "func" ? sub === HEAP.nofunc : sub === HEAP.none;
  }

  matches(sub: ValType, sup: ValType): boolean {
    if (sub === sup || sub === BOTTOM) return true;
    if (!isRef(sub) || !isRef(sup)) return false;
    if (isNullable(sub) && !isNullable(sup)) return false;
    return this.matchesHeap(heapOf(sub), heapOf(sup));
  }
}
