/**
 * Canonical types: two type definitions are the same type exactly when their recursion groups are the same up to the
 * names of indices (core specification 3.0, sections 3.1.3 "rolling" and 3.3 "matching"). The registry rolls each group, gives
 * every distinct type one number, and answers subtyping on those numbers. Modules that are linked share one registry.
 */
import type { CompositeType, Module } from "./module.ts";
import type { HeapType, ValType } from "./val-type.ts";

export interface CanonicalType {
  readonly id: number;
  readonly final: boolean;
  /** The declared supertype's id, or -1. */
  readonly parent: number;
  /** Value types in it hold canonical ids. */
  readonly composite: CompositeType;
}

export interface TypeRegistry {
  /** Adds the module's groups; the result maps its type indices to canonical ids. Bounded; see ENGINE_LIMITS. */
  add(module: Module): Int32Array;
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
