/**
 * From places in instrumented code back to the module's own. Nothing is kept for it: when something trapped, the module is
 * instrumented once more, this time noting where each run of instructions came from.
 */
import { unwrap } from "../kernel/result.ts";
import { importsOf } from "../module/module.ts";
import type { PlaceOf } from "../v8/backtrace.ts";
import type { ValidModule } from "../validate/module.ts";
import { build } from "./instrument.ts";
import type { MeterOptions } from "./options.ts";

/** `options` must be those with which the code was made. No offset where a body was rewritten twice. */
export function originalPlaces(valid: ValidModule, options: MeterOptions): PlaceOf {
  const imported = importsOf(valid.module, "function").length;
  const { judged, written } = build(valid, options, true);
  const { code } = unwrap(judged).module;
  const functions = new Map(written.map((one) => [one.index, one]));
  return (f, offset) => {
    const found = functions.get(f);
    const start = code[f - imported]?.body.start;
    // Where a call found no room on the stack, it stands before its first instruction: the call itself is what stands.
    if (found === undefined || start === undefined || offset < start) return undefined;
    return { f: found.of, offset: found.origins && originOf(found.origins, offset - start) };
  };
}

/** Runs of three numbers: where one begins, what it came from, whether it is a copy of that or stands on its behalf. */
function originOf(runs: readonly number[], at: number): number | undefined {
  let low = 0;
  let high = runs.length / 3;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((runs[middle * 3] as number) <= at) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return undefined;
  const [start = 0, origin = 0, copied = 0] = runs.slice(3 * low - 3, 3 * low);
  return copied === 1 ? origin + at - start : origin;
}
