/**
 * Branch hints (custom section metadata.code.branch_hint, branch hinting proposal): the host's compiler lays what we added
 * for rare cases out of the way, and keeps registers for the rest.
 */
import { writeValType } from "../binary/encode-types.ts";
import type { LocalRun } from "../module/module.ts";
import { Code } from "./code.ts";

export const HINTS = "metadata.code.branch_hint";
const UNLIKELY = 0;
/** Custom sections stand behind a section: this is the last one before the code. */
const DATA_COUNT = 12;

export interface Hinted {
  /** In the index space of functions. */
  readonly index: number;
  readonly locals: readonly LocalRun[];
  /** Offsets of branches that are hardly ever taken, from the first instruction. */
  readonly rare: readonly number[];
}

/** The section's contents, for functions in the order of their indices. */
export function hintSection(functions: readonly Hinted[]): { name: string; bytes: Uint8Array; after: number } {
  const out = new Code(1024);
  out.vector(
    functions.filter(({ rare }) => rare.length > 0),
    ({ index, locals, rare }) => {
      out.u32(index);
      // Offsets count from the declaration of locals, which comes first in a body.
      const head = new Code(64);
      head.vector(locals, ({ count, type }) => {
        head.u32(count);
        writeValType(head, type);
      });
      out.vector(rare, (at) => {
        out.u32(head.length + at);
        out.u32(1);
        out.byte(UNLIKELY);
      });
    },
  );
  return { name: HINTS, bytes: out.bytes.slice(), after: DATA_COUNT };
}
