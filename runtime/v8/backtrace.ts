/** What V8 noted when a compiled module trapped, as the interpreter says it: names of functions, offsets in the module. */
import type { Module } from "../module/module.ts";
import { importsOf } from "../module/module.ts";
import { functionName } from "../tool/names.ts";
import { framesOf } from "./frames.ts";

export interface Place {
  /** In the index space of functions. */
  readonly f: number;
  /** Byte offset of the instruction; undefined where it is not known. */
  readonly offset: number | undefined;
}

/** From a function's index and an offset in the compiled module to those in the module before it was instrumented. */
export type PlaceOf = (f: number, offset: number) => Place | undefined;

/** As in the interpreter. */
const FRAMES_MAX = 32;

/** Frames from the innermost outwards, of a module that was compiled as it is unless `placeOf` is given. At most 32. */
export function placesOf(thrown: unknown, placeOf: PlaceOf = (f, offset) => ({ f, offset })): readonly Place[] {
  return framesOf(thrown)
    .flatMap(({ f, offset }) => placeOf(f, offset) ?? [])
    .slice(0, FRAMES_MAX);
}

/** Places in `from` as places in `to`: modules whose code is the same and lies elsewhere. */
export function moved(places: readonly Place[], from: Module, to: Module): readonly Place[] {
  const imported = importsOf(to, "function").length;
  return places.flatMap(({ f, offset }): readonly Place[] => {
    const [before, after] = [from, to].map(({ code }) => code[f - imported]?.body.start);
    if (offset === undefined || before === undefined || after === undefined) return [{ f, offset: undefined }];
    // A call that found no room on the stack stands before its first instruction, and never began.
    return offset < before ? [] : [{ f, offset: offset - before + after }];
  });
}

/** The interpreter's text. */
export function placeText(module: Module, { f, offset }: Place): string {
  const exported = () => module.exports.find(({ kind, index }) => kind === "function" && index === f)?.name;
  const name = functionName(module, f) ?? exported() ?? `function ${f}`;
  return offset === undefined ? name : `${name} at 0x${offset.toString(16)}`;
}
