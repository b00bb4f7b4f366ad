/**
 * Values as the embedder sees them, and what a reference refers to. Floats and vectors cross as bits, so that no NaN is
 * changed on the way (core specification, section 4.2.1). A reference is null, an i31 as a number, or one of the classes
 * below; the same object stands for itself in the `any` and the `extern` hierarchy.
 */
import type { ValType } from "../module/val-type.ts";

export type Value =
  | { readonly type: "i32"; readonly value: number }
  | { readonly type: "i64"; readonly value: bigint }
  | { readonly type: "f32"; readonly bits: number }
  | { readonly type: "f64"; readonly bits: bigint }
  | { readonly type: "v128"; readonly bytes: Uint8Array }
  | { readonly type: "ref"; readonly value: Ref };

export type Ref = null | number | StructRef | ArrayRef | FunctionInstance | ExceptionRef | HostRef;

/** Something of the host's that a guest can hold and hand back, never look into. */
export class HostRef {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/** A structure: numeric fields as words (two each, four for a vector), reference fields apart; see `layoutOf`. */
export class StructRef {
  readonly type: number;
  readonly words: Int32Array;
  readonly refs: Ref[];

  constructor(type: number, words: Int32Array, refs: Ref[]) {
    this.type = type;
    this.words = words;
    this.refs = refs;
  }
}

export type ArrayElements = Int8Array | Int16Array | Int32Array | Ref[];

/** An array; i64 and f64 elements take two words, vectors four. */
export class ArrayRef {
  readonly type: number;
  readonly length: number;
  readonly elements: ArrayElements;

  constructor(type: number, length: number, elements: ArrayElements) {
    this.type = type;
    this.length = length;
    this.elements = elements;
  }
}

/** An exception in flight or held by an exnref: its tag and the payload as frame words and references. */
export class ExceptionRef {
  readonly tag: number;
  readonly words: Int32Array;
  readonly refs: readonly Ref[];

  constructor(tag: number, words: Int32Array, refs: readonly Ref[]) {
    this.tag = tag;
    this.words = words;
    this.refs = refs;
  }
}

/** What a host function returns when its answer comes later; the call then stands still. */
export const PENDING = Symbol("pending");

export type HostCall = (args: readonly Value[]) => readonly Value[] | typeof PENDING;

/** A function of a guest's or of the host's. Identity is reference identity. */
export class FunctionInstance {
  readonly kind = "function";
  /** The store's number of it. */
  readonly id: number;
  /** Canonical type id. */
  readonly type: number;
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
  /** Number of the instance it belongs to and its index there; -1 for the host's. */
  readonly instance: number;
  readonly index: number;
  readonly host: HostCall | undefined;

  constructor(of: {
    id: number;
    type: number;
    params: readonly ValType[];
    results: readonly ValType[];
    instance: number;
    index: number;
    host?: HostCall;
  }) {
    this.id = of.id;
    this.type = of.type;
    this.params = of.params;
    this.results = of.results;
    this.instance = of.instance;
    this.index = of.index;
    this.host = of.host;
  }
}
