/**
 * The tier `auto` behind the `Engine` interface. Where the host may generate no code it is the interpreter, and what does
 * not fit into the heap of an interpreting thread is metered from the beginning.
 */
import type { Engine, GuestOptions } from "../engine.ts";
import { hostHasWebAssembly } from "../kernel/host.ts";
import type { Module } from "../module/module.ts";
import { startGuest } from "../worker/host.ts";
import { keepSpare, preparer } from "../worker/threads.ts";

/** Functions, types, segments and the like, each an object in the interpreter: half of what its thread has room for. */
const ENTRIES_MAX = 50_000;

export const autoEngine: Engine = {
  tier: "auto",
  start: (options) => startGuest(beginsIn(options), options),
  warm: () => {
    if (hostHasWebAssembly()) preparer.warm();
  },
  // For modules whose code is in the cache: they begin in the metered tier.
  keepSpare: (wanted) => keepSpare(wanted && hostHasWebAssembly()),
};

function beginsIn({ module }: GuestOptions): "auto" | "interpreter" | "metered" {
  if (!hostHasWebAssembly()) return "interpreter";
  return entriesOf(module.module) > ENTRIES_MAX ? "metered" : "auto";
}

function entriesOf({ types, imports, functions, globals, exports, elements, datas }: Module): number {
  const lists = [types, imports, functions, globals, exports, elements, datas];
  const expressions = elements.map(({ items }) => ("expressions" in items ? items.expressions : []));
  return [...lists, ...expressions].reduce((sum, { length }) => sum + length, 0);
}
