/** What a function pointer points to: an index of the first table, as the module's active segments fill it. */
import type { ByteRange, Module } from "../../module/module.ts";
import { importsOf } from "../../module/module.ts";
import { Cursor } from "./cursor.ts";

/** Segments that are looked at: a linker writes one. */
const SEGMENTS_MAX = 100;
const I32_CONST = 0x41;
const END = 0x0b;

/** Module offset of the first instruction of the function at an index of table 0; imported functions have none. */
export function tableEntry(module: Module, index: number): number | undefined {
  for (const { mode, items } of module.elements.slice(0, SEGMENTS_MAX)) {
    if (mode.kind !== "active" || mode.index !== 0 || !("functions" in items)) continue;
    const start = constantOffset(module.bytes, mode.offset);
    const f = start === undefined ? undefined : items.functions[index - start];
    if (f !== undefined) return module.code[f - importsOf(module, "function").length]?.body.start;
  }
  return undefined;
}

function constantOffset(bytes: Uint8Array, { start, end }: ByteRange): number | undefined {
  const cursor = new Cursor(bytes, start, end);
  const isConstant = cursor.u8() === I32_CONST;
  const value = cursor.sleb() >>> 0;
  return isConstant && cursor.u8() === END && !cursor.broken ? value : undefined;
}
