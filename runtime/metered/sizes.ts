/** All memories and tables of a module as exports, so that the host can say how large they are. For statistics alone. */
import type { EncodableModule } from "../binary/encode.ts";
import { importsOf, type Module } from "../module/module.ts";
import { CARRY_EXPORTS } from "./options.ts";

/** Memories and tables of the module itself: not those that the instrumenter adds. */
export function withSizes(metered: EncodableModule, module: Module): EncodableModule {
  const memories = importsOf(module, "memory").length + module.memories.length;
  const tables = importsOf(module, "table").length + module.tables.length;
  const each = (kind: "memory" | "table", count: number) =>
    Array.from({ length: count }, (_, index) => ({ name: CARRY_EXPORTS[kind](index), kind, index }));
  return { ...metered, exports: [...metered.exports, ...each("memory", memories), ...each("table", tables)] };
}

export interface Sizes {
  readonly memories: { readonly count: number; readonly bytes: number };
  readonly tables: { readonly count: number; readonly elements: number };
}

/** Of an instance of such a module. Neither ever shrinks: what they are at the end is the most they were. */
export function sizesOf(exports: Readonly<Record<string, unknown>>): Sizes {
  const all = (kind: "memory" | "table") => {
    const found: object[] = [];
    for (let n = 0; ; n += 1) {
      const one = exports[CARRY_EXPORTS[kind](n)];
      if (typeof one !== "object" || one === null) return found;
      found.push(one);
    }
  };
  const memories = all("memory") as readonly { readonly buffer: ArrayBufferLike }[];
  const tables = all("table") as readonly { readonly length: number | bigint }[];
  return {
    memories: { count: memories.length, bytes: memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0) },
    tables: { count: tables.length, elements: tables.reduce((sum, { length }) => sum + Number(length), 0) },
  };
}
