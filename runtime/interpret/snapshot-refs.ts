/**
 * References in a snapshot: the graph of garbage-collected objects, numbered as it is walked from the roots, and written
 * as plain data. Cycles and shared objects come back as they were. What the host alone can name goes through its codec.
 */
import { snapshotFault } from "../faults.ts";
import { layoutOf, newElements } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { ArrayRef, ExceptionRef, FunctionInstance, HostRef, type Ref, StructRef } from "./value.ts";

/** null, an i31, a function's number, an object's number, or the host's own words for a reference of its. */
export type SavedRef =
  | null
  | { readonly i: number }
  | { readonly f: number }
  | { readonly o: number }
  | { readonly h: string };

export type SavedObject =
  | {
      readonly kind: "struct";
      readonly type: number;
      readonly words: readonly number[];
      readonly refs: readonly SavedRef[];
    }
  | { readonly kind: "array"; readonly type: number; readonly length: number; readonly words: readonly number[] }
  | { readonly kind: "refs"; readonly type: number; readonly refs: readonly SavedRef[] }
  | {
      readonly kind: "exception";
      readonly tag: number;
      readonly words: readonly number[];
      readonly refs: readonly SavedRef[];
    };

/** How the embedder writes and reads references to things of the host. */
export interface HostRefCodec {
  save(value: unknown): string;
  load(text: string): unknown;
}

type Collected = StructRef | ArrayRef | ExceptionRef;

export class RefWriter {
  readonly #numbers = new Map<Collected, number>();
  readonly #order: Collected[] = [];
  readonly #hosts: HostRefCodec | undefined;

  constructor(hosts: HostRefCodec | undefined) {
    this.#hosts = hosts;
  }

  save(ref: Ref): SavedRef {
    if (ref === null) return null;
    if (typeof ref === "number") return { i: ref };
    if (ref instanceof FunctionInstance) return { f: ref.id };
    if (ref instanceof HostRef) {
      if (this.#hosts === undefined) throw snapshotFault("SNAPSHOT_HOST_REFERENCE");
      return { h: this.#hosts.save(ref.value) };
    }
    const known = this.#numbers.get(ref);
    if (known !== undefined) return { o: known };
    const number = this.#order.length;
    this.#numbers.set(ref, number);
    this.#order.push(ref);
    return { o: number };
  }

  /** All objects that were named, and those that they name in turn. */
  objects(): readonly SavedObject[] {
    const out: SavedObject[] = [];
    for (let n = 0; n < this.#order.length; n += 1) out.push(this.#object(this.#order[n] as Collected));
    return out;
  }

  #object(object: Collected): SavedObject {
    if (object instanceof StructRef) {
      const refs = object.refs.map((one) => this.save(one));
      return { kind: "struct", type: object.type, words: [...object.words], refs };
    }
    if (object instanceof ExceptionRef) {
      const refs = object.refs.map((one) => this.save(one));
      return { kind: "exception", tag: object.tag, words: [...object.words], refs };
    }
    const { type, length, elements } = object;
    if (Array.isArray(elements)) return { kind: "refs", type, refs: elements.map((one) => this.save(one)) };
    return { kind: "array", type, length, words: [...elements] };
  }
}

export class RefReader {
  readonly #machine: Machine;
  readonly #hosts: HostRefCodec | undefined;
  readonly #objects: Collected[];
  readonly #hostRefs = new Map<string, HostRef>();

  constructor(machine: Machine, saved: readonly SavedObject[], hosts: HostRefCodec | undefined) {
    this.#machine = machine;
    this.#hosts = hosts;
    // First every object without its references, then the references between them.
    this.#objects = saved.map((one) => this.#empty(one));
    for (const [n, one] of saved.entries()) {
      if (one.kind === "array") continue;
      const into = this.#objects[n] as Collected;
      const refs = (into instanceof ArrayRef ? into.elements : into.refs) as Ref[];
      for (const [k, ref] of one.refs.entries()) refs[k] = this.load(ref);
    }
  }

  load(saved: SavedRef): Ref {
    if (saved === null) return null;
    if ("i" in saved) return saved.i;
    if ("f" in saved) return this.#found(this.#machine.functions[saved.f]);
    if ("o" in saved) return this.#found(this.#objects[saved.o]);
    if (this.#hosts === undefined) throw snapshotFault("SNAPSHOT_HOST_REFERENCE");
    const known = this.#hostRefs.get(saved.h) ?? new HostRef(this.#hosts.load(saved.h));
    this.#hostRefs.set(saved.h, known);
    return known;
  }

  #found<T>(value: T | undefined): T {
    if (value === undefined) throw snapshotFault("SNAPSHOT_MALFORMED", { reason: "a reference to nothing" });
    return value;
  }

  #empty(saved: SavedObject): Collected {
    if (saved.kind === "exception") return new ExceptionRef(saved.tag, Int32Array.from(saved.words), []);
    const { composite } = this.#machine.registry.get(saved.type);
    if (saved.kind === "struct" && composite.kind === "struct") {
      const { words, refs } = layoutOf(composite.fields);
      if (saved.words.length === words && saved.refs.length === refs) {
        return new StructRef(saved.type, Int32Array.from(saved.words), new Array<Ref>(refs).fill(null));
      }
    } else if (saved.kind === "refs" && composite.kind === "array") {
      return new ArrayRef(saved.type, saved.refs.length, new Array<Ref>(saved.refs.length).fill(null));
    } else if (saved.kind === "array" && composite.kind === "array") {
      const elements = newElements(composite.field.type, saved.length);
      if (!Array.isArray(elements) && elements.length === saved.words.length) {
        elements.set(saved.words);
        return new ArrayRef(saved.type, saved.length, elements);
      }
    }
    throw snapshotFault("SNAPSHOT_MALFORMED", { reason: "an object does not have its type's shape" });
  }
}
