/**
 * A decoded module as readonly data (core specification, section 2.5), as the Loader makes it. Instructions stay in the
 * bytes: bodies and constant expressions are ranges that the Loader has already found well-formed, so that a module of
 * 5 MB does not become 100 MB of objects. Type indices in value types are the module's own.
 */
import type { ValType } from "./val-type.ts";

/** Offsets into `Module.bytes`; `end` is exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface FieldType {
  readonly type: ValType;
  readonly mutable: boolean;
}

export type CompositeType =
  | { readonly kind: "func"; readonly params: readonly ValType[]; readonly results: readonly ValType[] }
  | { readonly kind: "struct"; readonly fields: readonly FieldType[] }
  | { readonly kind: "array"; readonly field: FieldType };

export interface SubType {
  readonly final: boolean;
  /** Type indices; the specification admits at most one. */
  readonly supers: readonly number[];
  readonly composite: CompositeType;
}

/** A recursion group: `count` consecutive entries of `types` from `start`. */
export interface RecGroup {
  readonly start: number;
  readonly count: number;
  readonly at: number;
}

/** Section 2.3.14. Counts are exact up to 2^64 - 1, hence bigint. */
export interface Limits {
  readonly min: bigint;
  readonly max: bigint | undefined;
  readonly address: "i32" | "i64";
}

export interface MemoryType {
  readonly limits: Limits;
  readonly shared: boolean;
  /** 16 unless the module uses custom-page-sizes; log2 of the page size in bytes. */
  readonly pageSizeLog2: number;
  /** The module says so, which takes custom-page-sizes even where it says 16. */
  readonly pageSizeStated?: boolean;
}

export interface TableType {
  readonly limits: Limits;
  readonly element: ValType;
}

export interface GlobalType {
  readonly type: ValType;
  readonly mutable: boolean;
}

export type ExternKind = "function" | "table" | "memory" | "global" | "tag";

export type ImportType =
  | { readonly kind: "function"; readonly type: number }
  | { readonly kind: "table"; readonly type: TableType }
  | { readonly kind: "memory"; readonly type: MemoryType }
  | { readonly kind: "global"; readonly type: GlobalType }
  | { readonly kind: "tag"; readonly type: number };

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly desc: ImportType;
  /** Offset of the entry, for refusals. */
  readonly at: number;
}

export interface Export {
  readonly name: string;
  readonly kind: ExternKind;
  readonly index: number;
  readonly at: number;
}

export interface TableDefinition {
  readonly type: TableType;
  /** The constant expression that fills the table; absent means null. */
  readonly init: ByteRange | undefined;
  readonly at: number;
}

export interface MemoryDefinition {
  readonly type: MemoryType;
  readonly at: number;
}

export interface GlobalDefinition {
  readonly type: GlobalType;
  readonly init: ByteRange;
  readonly at: number;
}

export type SegmentMode =
  | { readonly kind: "passive" }
  | { readonly kind: "declarative" }
  /** `index`: the table or memory. */
  | { readonly kind: "active"; readonly index: number; readonly offset: ByteRange };

export interface ElementSegment {
  readonly mode: SegmentMode;
  readonly type: ValType;
  /** Function indices (the binary forms 0 to 3), or one constant expression each (4 to 7). */
  readonly items: { readonly functions: Uint32Array } | { readonly expressions: readonly ByteRange[] };
  readonly at: number;
}

export interface DataSegment {
  readonly mode: SegmentMode;
  readonly bytes: ByteRange;
  readonly at: number;
}

/** `count` locals of one type. */
export interface LocalRun {
  readonly count: number;
  readonly type: ValType;
}

export interface Code {
  readonly locals: readonly LocalRun[];
  /** All locals of the body, parameters not included. */
  readonly localCount: number;
  /** The instructions with the final `end`. */
  readonly body: ByteRange;
}

export interface CustomSection {
  readonly name: string;
  readonly bytes: ByteRange;
  /** Id of the non-custom section that this one follows; 0 at the beginning. For the encoder. */
  readonly after: number;
}

export interface Module {
  readonly bytes: Uint8Array;
  readonly types: readonly SubType[];
  readonly groups: readonly RecGroup[];
  readonly imports: readonly Import[];
  /** Type indices of the defined functions. */
  readonly functions: Uint32Array;
  readonly tables: readonly TableDefinition[];
  readonly memories: readonly MemoryDefinition[];
  readonly globals: readonly GlobalDefinition[];
  /** Type indices of the defined tags. */
  readonly tags: readonly { readonly type: number; readonly at: number }[];
  readonly exports: readonly Export[];
  readonly start: { readonly function: number; readonly at: number } | undefined;
  readonly elements: readonly ElementSegment[];
  readonly dataCount: number | undefined;
  /** As many as `functions`. */
  readonly code: readonly Code[];
  readonly datas: readonly DataSegment[];
  readonly customs: readonly CustomSection[];
}

export type ImportOf<K extends ExternKind> = Import & { readonly desc: Extract<ImportType, { readonly kind: K }> };

/** The imports of one kind, in the order of their index space. */
export function importsOf<K extends ExternKind>(module: Module, kind: K): readonly ImportOf<K>[] {
  return module.imports.filter((one): one is ImportOf<K> => one.desc.kind === kind);
}
