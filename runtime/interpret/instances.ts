/** What a store holds besides functions: memories, tables, globals and tags (core specification, section 4.2). */

import type { GlobalType, MemoryType, TableType } from "../module/module.ts";
import type { ValType } from "../module/val-type.ts";
import type { FunctionInstance, Ref, Value } from "./value.ts";

export type Extern = FunctionInstance | MemoryInstance | TableInstance | GlobalInstance | TagInstance;

/** A linear memory over one buffer; `view` covers exactly the current size, so that it refuses what is out of bounds. */
export class MemoryInstance {
  readonly kind = "memory";
  readonly id: number;
  readonly type: MemoryType;
  /** Pages it may never exceed: the type's maximum or the store's limit, whichever is less. */
  readonly maxPages: number;
  readonly address64: boolean;
  readonly #shift: number;
  #buffer: ArrayBuffer;
  #pages: number;
  bytes: Uint8Array;
  view: DataView;

  constructor(id: number, type: MemoryType, maxPages: number) {
    this.id = id;
    this.type = type;
    this.maxPages = maxPages;
    this.address64 = type.limits.address === "i64";
    this.#shift = type.pageSizeLog2;
    this.#pages = Number(type.limits.min);
    this.#buffer = new ArrayBuffer(this.size);
    this.bytes = new Uint8Array(this.#buffer);
    this.view = new DataView(this.#buffer);
  }

  get pages(): number {
    return this.#pages;
  }

  /** Bytes. */
  get size(): number {
    return this.#pages * 2 ** this.#shift;
  }

  /** The former size in pages, or -1 when there is no room. Section 4.6.7, memory.grow. */
  grow(delta: number): number {
    const before = this.#pages;
    const after = before + delta;
    if (!(after <= this.maxPages)) return -1;
    if (delta === 0) return before;
    const size = after * 2 ** this.#shift;
    if (size > this.#buffer.byteLength) {
      const room = Math.min(this.maxPages * 2 ** this.#shift, Math.max(size, this.#buffer.byteLength * 1.5));
      let larger: ArrayBuffer;
      try {
        larger = new ArrayBuffer(room);
      } catch (error) {
        if (error instanceof RangeError) return -1;
        throw error;
      }
      new Uint8Array(larger).set(this.bytes);
      this.#buffer = larger;
    }
    this.#pages = after;
    this.bytes = new Uint8Array(this.#buffer, 0, size);
    this.view = new DataView(this.#buffer, 0, size);
    return before;
  }
}

export class TableInstance {
  readonly kind = "table";
  readonly id: number;
  /** Element type with canonical ids. */
  readonly type: TableType;
  readonly maxElements: number;
  readonly address64: boolean;
  readonly elements: Ref[];

  constructor(id: number, type: TableType, maxElements: number, init: Ref) {
    this.id = id;
    this.type = type;
    this.maxElements = maxElements;
    this.address64 = type.limits.address === "i64";
    this.elements = new Array<Ref>(Number(type.limits.min)).fill(init);
  }

  grow(delta: number, init: Ref): number {
    const before = this.elements.length;
    if (!(before + delta <= this.maxElements)) return -1;
    for (let n = 0; n < delta; n += 1) this.elements.push(init);
    return before;
  }
}

/** A global; its value lies in the machine's cells, where lowered code reaches it by position. */
export class GlobalInstance {
  readonly kind = "global";
  readonly id: number;
  /** Value type with canonical ids. */
  readonly type: GlobalType;
  /** First word of its cell of four. */
  readonly cell: number;
  readonly #read: () => Value;
  readonly #write: (value: Value) => void;

  constructor(id: number, type: GlobalType, cell: number, read: () => Value, write: (value: Value) => void) {
    this.id = id;
    this.type = type;
    this.cell = cell;
    this.#read = read;
    this.#write = write;
  }

  get(): Value {
    return this.#read();
  }

  /** For the embedder; asserts that the global is mutable. */
  set(value: Value): void {
    if (!this.type.mutable) throw new TypeError("an immutable global cannot be set");
    this.#write(value);
  }
}

export class TagInstance {
  readonly kind = "tag";
  readonly id: number;
  /** Canonical id of its function type. */
  readonly type: number;
  readonly params: readonly ValType[];

  constructor(id: number, type: number, params: readonly ValType[]) {
    this.id = id;
    this.type = type;
    this.params = params;
  }
}
