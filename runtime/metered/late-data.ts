/**
 * Data that is copied late. What active segments bring is copied at instantiation, where nothing can interrupt it: a module
 * of 60 MB keeps its thread for most of a second. What goes beyond a bound becomes passive, in its order, and
 * the start function that the host calls copies it in pieces. What does not fit traps there and not at instantiation.
 */
import type { Module } from "../module/module.ts";
import { opcode } from "../module/opcodes.ts";
import { Code } from "./code.ts";
import type { Pieces } from "./pieces.ts";

/** Bytes that may be copied at instantiation, all active segments together. */
const EARLY = 256 * 1024;
const MEMORY_INIT = opcode("memory.init");

/** Index of the first segment to be copied late, or -1. */
export function firstLate({ datas }: Module): number {
  let early = 0;
  return datas.findIndex(({ mode, bytes }) => {
    if (mode.kind === "active") early += bytes.end - bytes.start;
    return early > EARLY;
  });
}

/** Copies the segments from `first` on, then calls the module's own start function. */
export function startWithData(module: Module, first: number, pieces: Pieces): Code {
  const out = new Code(256);
  for (const [n, { mode, bytes }] of module.datas.entries()) {
    if (n < first || mode.kind !== "active") continue;
    // The offset's expression without its `end`.
    out.raw(module.bytes.subarray(mode.offset.start, mode.offset.end - 1));
    out.i32(0).i32(bytes.end - bytes.start);
    const instruction = new Code(12).op(0xfc, 8, n, mode.index).bytes;
    const helper = pieces.indexOf(MEMORY_INIT, n, mode.index, instruction);
    if (helper === undefined) throw new Error("no helper for memory.init");
    out.call(helper).op(0xfc, 9, n);
  }
  return module.start === undefined ? out : out.call(module.start.function);
}
