/**
 * Places as a person writes them: `FILE:LINE`, `LINE`, a function's name or `#INDEX`, or `*OFFSET` of a byte in the module;
 * numbers may be hexadecimal. Each becomes the instructions where a breakpoint lies.
 */
import type { Inspector } from "./inspect.ts";
import type { Instructions } from "./instructions.ts";
import type { LineMap } from "./line-map.ts";

export interface StopPlace {
  readonly offset: number;
  /** Stops whenever this instruction is reached; otherwise only when its line is come to. */
  readonly exact: boolean;
}

export interface Location {
  readonly places: readonly StopPlace[];
  /** The function, when one was named. */
  readonly function?: number;
}

export interface Located {
  readonly instructions: Instructions;
  readonly lines: LineMap;
  readonly inspector: Inspector;
}

/** Undefined when there is no such place. `file`: what a bare line number refers to. */
export function locate(text: string, within: Located, file?: string): Location | undefined {
  const { instructions, lines, inspector } = within;
  const offset = /^\*(0x[0-9a-f]+|\d+)$/i.exec(text)?.[1];
  if (offset !== undefined) {
    const at = instructions.startAt(Number(offset));
    return at === undefined ? undefined : { places: [{ offset: at, exact: true }] };
  }
  const line = /^(?:(.+):)?(\d+)$/.exec(text);
  if (line !== null) return ofLine(within, line[1] ?? file, Number(line[2]));
  const index = /^#(\d+)$/.exec(text)?.[1];
  const functions = index === undefined ? inspector.functionsNamed(text) : [Number(index)];
  const places = functions.flatMap((f) => {
    const at = lines.bodyOf(f);
    return at === undefined ? [] : [{ offset: at, exact: true }];
  });
  const [first] = functions;
  return places.length === 0 || first === undefined ? undefined : { places, function: first };
}

function ofLine({ instructions, lines }: Located, file: string | undefined, line: number): Location | undefined {
  const found = new Map<number, StopPlace>();
  const seen = new Set<number>();
  const addresses = [...(lines.info?.addressesOf(file, line) ?? [])].sort((one, other) => one - other);
  for (const address of addresses) {
    const f = instructions.functionOf(address);
    const start = instructions.startAt(address);
    if (f === undefined || start === undefined) continue;
    const offset = Math.max(start, lines.bodyOf(f) ?? start);
    if (!found.has(offset)) found.set(offset, { offset, exact: !seen.has(f) });
    seen.add(f);
  }
  return found.size === 0 ? undefined : { places: [...found.values()] };
}
