/** The functions behind the instructions that the loop does not carry out itself, in the order of `SLOW_NAMES`. */
import type { SlowHandler } from "./machine.ts";
import { callHandlers } from "./slow/calls.ts";
import { gcHandlers } from "./slow/gc.ts";
import { memoryHandlers } from "./slow/memory.ts";
import { referenceHandlers } from "./slow/references.ts";
import { tableHandlers } from "./slow/tables.ts";
import { vectorHandlers } from "./slow/vector.ts";
import { SLOW_NAMES, type SlowName } from "./slow-ops.ts";

const all: Partial<Record<SlowName, SlowHandler>> = {
  ...referenceHandlers,
  ...memoryHandlers,
  ...tableHandlers,
  ...gcHandlers,
  ...callHandlers,
  ...vectorHandlers,
};

/** With the store's own handler of `probe`. Asserts that none is missing. */
export function slowHandlers(probe: SlowHandler): readonly SlowHandler[] {
  return SLOW_NAMES.map((name) => {
    const found = name === "probe" ? probe : all[name];
    if (found === undefined) throw new Error(`no handler for ${name}`);
    return found;
  });
}
