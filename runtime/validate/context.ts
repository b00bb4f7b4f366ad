/**
 * What a body is validated against (core specification, section 3.1.1): the module's index spaces with canonical types.
 * Built once per module; failures are Faults with the byte offset and the specification suite's wording first.
 */
import { validateFault } from "../faults.ts";
import type { Feature, FeatureSet } from "../module/features.ts";
import { FEATURES } from "../module/features.ts";
import type { FieldType, GlobalType, MemoryType, Module, TableType } from "../module/module.ts";
import type { TypeRegistry } from "../module/registry.ts";
import {
  concrete,
  HEAP,
  heapOf,
  I32,
  isConcrete,
  isNullable,
  isRef,
  refType,
  typeIndexOf,
  typeName,
  V128,
  type ValType,
} from "../module/val-type.ts";

export interface FuncType {
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
}

/** Abstract heap types that are older than GC. */
const HEAP_FEATURES: Readonly<Record<number, Feature>> = {
  [HEAP.func]: "reference-types",
  [HEAP.extern]: "reference-types",
  [HEAP.exn]: "exceptions",
  [HEAP.noexn]: "exceptions",
};

export function invalid(reason: string, offset: number): Error {
  return validateFault("VALIDATE_INVALID", { reason, offset });
}

export class Context {
  readonly module: Module;
  readonly registry: TypeRegistry;
  readonly canon: Int32Array;
  readonly allowed: FeatureSet;
  /** Canonical type ids of functions, imports first; likewise the other spaces. */
  readonly functions: number[] = [];
  readonly tables: TableType[] = [];
  readonly memories: MemoryType[] = [];
  readonly globals: GlobalType[] = [];
  readonly tags: number[] = [];
  readonly elementTypes: ValType[] = [];
  dataCount = 0;
  importedGlobals = 0;
  /** Functions that occur outside bodies: those that `ref.func` may name inside. */
  readonly declared = new Set<number>();
  readonly used = new Uint8Array(FEATURES.length);

  constructor(module: Module, registry: TypeRegistry, canon: Int32Array, allowed: FeatureSet) {
    this.module = module;
    this.registry = registry;
    this.canon = canon;
    this.allowed = allowed;
  }

  use(feature: Feature, offset: number): void {
    const n = FEATURES.indexOf(feature);
    if (this.used[n] === 1) return;
    if (!this.allowed.has(feature)) throw validateFault("VALIDATE_FEATURE", { feature, offset });
    this.used[n] = 1;
  }

  /** Canonical id of a type index. */
  typeId(index: number, at: number): number {
    const id = this.canon[index];
    if (id === undefined) throw invalid(`unknown type ${index}`, at);
    return id;
  }

  func(index: number, at: number): FuncType {
    const { composite } = this.registry.get(this.typeId(index, at));
    if (composite.kind !== "func") throw invalid(`type mismatch: type ${index} is no function type`, at);
    return composite;
  }

  struct(index: number, at: number): readonly FieldType[] {
    const { composite } = this.registry.get(this.typeId(index, at));
    if (composite.kind !== "struct") throw invalid(`type mismatch: type ${index} is no structure type`, at);
    return composite.fields;
  }

  array(index: number, at: number): FieldType {
    const { composite } = this.registry.get(this.typeId(index, at));
    if (composite.kind !== "array") throw invalid(`type mismatch: type ${index} is no array type`, at);
    return composite.field;
  }

  /** Counts the features that a value type needs. */
  useType(type: ValType, at: number): void {
    if (type === V128) this.use("simd", at);
    if (!isRef(type)) return;
    const heap = heapOf(type);
    this.use(isConcrete(heap) ? "typed-function-references" : (HEAP_FEATURES[heap] ?? "gc"), at);
    if (!isNullable(type)) this.use("typed-function-references", at);
  }

  /** The value type with canonical ids; what it needs is counted. */
  canonical(type: ValType, at: number): ValType {
    if (type < V128) return type;
    this.useType(type, at);
    if (!isRef(type)) return type;
    const heap = heapOf(type);
    if (!isConcrete(heap)) return type;
    return refType(concrete(this.typeId(typeIndexOf(heap), at)), isNullable(type));
  }

  table(index: number, at: number): TableType {
    const found = this.tables[index];
    if (found === undefined) throw invalid(`unknown table ${index}`, at);
    return found;
  }

  memory(index: number, at: number): MemoryType {
    const found = this.memories[index];
    if (found === undefined) throw invalid(`unknown memory ${index}`, at);
    return found;
  }

  global(index: number, at: number): GlobalType {
    const found = this.globals[index];
    if (found === undefined) throw invalid(`unknown global ${index}`, at);
    return found;
  }

  functionType(index: number, at: number): FuncType {
    const { composite } = this.registry.get(this.functionId(index, at));
    if (composite.kind !== "func") throw invalid(`type mismatch: function ${index} has no function type`, at);
    return composite;
  }

  functionId(index: number, at: number): number {
    const id = this.functions[index];
    if (id === undefined) throw invalid(`unknown function ${index}`, at);
    return id;
  }

  tag(index: number, at: number): FuncType {
    const id = this.tags[index];
    if (id === undefined) throw invalid(`unknown tag ${index}`, at);
    return this.registry.get(id).composite as unknown as FuncType;
  }

  elementType(index: number, at: number): ValType {
    const found = this.elementTypes[index];
    if (found === undefined) throw invalid(`unknown elem segment ${index}`, at);
    return found;
  }

  data(index: number, at: number): void {
    if (index >= this.dataCount) throw invalid(`unknown data segment ${index}`, at);
  }

  get features(): readonly Feature[] {
    return FEATURES.filter((_, n) => this.used[n] === 1);
  }
}

/** What a field's storage type is on the stack. */
export const unpacked = (type: ValType): ValType => (isRef(type) || type <= V128 ? type : I32);

export const names = (types: readonly ValType[]): string => `[${types.map(typeName).join(" ")}]`;
