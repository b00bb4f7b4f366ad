/** A trace: one line for each instruction, or for each call, up to a number of lines; then silence, not an end. */
import type { Probe, ProbeSite } from "../interpret/index.ts";
import { readValues } from "../interpret/marshal.ts";
import { valueText } from "./inspect.ts";
import type { Instructions } from "./instructions.ts";

export interface TraceOptions {
  readonly instructions: Instructions;
  readonly nameOf: (f: number) => string;
  readonly write: (line: string) => void;
  /** Lines. */
  readonly max: number;
  readonly what: "instructions" | "calls";
}

const INDENT_MAX = 40;

export function tracer({ instructions, nameOf, write, max, what }: TraceOptions): Probe {
  let lines = 0;
  let position = 0;
  const firsts = new Map<number, number>();
  const firstOf = (f: number) => {
    const known = firsts.get(f) ?? instructions.startsOf(f)[0] ?? -1;
    firsts.set(f, known);
    return known;
  };
  let depthBefore = -1;
  let functionBefore = -1;
  return (site) => {
    position += 1;
    if (lines > max) return undefined;
    const { machine, f, offset } = site;
    const depth = machine.frame / 3;
    // The first instruction of a body may be a loop's head: a call is where the depth or the function is new.
    const entered = offset === firstOf(f.index) && (depth !== depthBefore || f.index !== functionBefore);
    depthBefore = depth;
    functionBefore = f.index;
    if (what === "calls" && !entered) return undefined;
    lines += 1;
    if (lines > max) write(`… more than ${max} lines are not shown`);
    else if (entered) write(`${head(position - 1, depth)}${nameOf(f.index)}(${argumentsOf(site)})`);
    if (what === "calls" || lines > max) return undefined;
    write(`${head(position - 1, depth)}0x${offset.toString(16)} ${instructions.textAt(offset)}${addressOf(site)}`);
    return undefined;
  };
}

const head = (position: number, depth: number): string =>
  `${String(position).padStart(8)} ${" ".repeat(2 * Math.min(INDENT_MAX, depth - 1))}`;

function argumentsOf({ machine, f, fp }: ProbeSite): string {
  return readValues(machine, f.params, fp).map(valueText).join(", ");
}

/** Where a memory access goes; the immediate offset is in its text. */
function addressOf({ machine, address }: ProbeSite): string {
  return address < 0 ? "" : ` at 0x${((machine.i32[address] as number) >>> 0).toString(16)}`;
}
