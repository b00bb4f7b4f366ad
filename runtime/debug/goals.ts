/**
 * What a step is. Lines are counted as a person reads them: a step ends where another line begins, or where a call comes
 * back to another line than was seen last. Without lines a step is an instruction.
 */
import type { Goal, Here } from "./stop.ts";

type Start = Pick<Here, "depth" | "line">;

/** Only breakpoints, watches and the end. */
export const onwards: Goal = () => false;

export const anyInstruction: Goal = () => true;

/** Forwards or backwards to another line, into calls. */
export function nextLine(start: Start): Goal {
  return (here) => here.entered && !(here.depth === start.depth && here.line === start.line);
}

/** The same, over calls. */
export function lineBeyond(start: Start): Goal {
  return (here) =>
    here.entered && (here.depth < start.depth || (here.depth === start.depth && here.line !== start.line));
}

/** The next instruction, over calls. */
export function instructionBeyond(start: Start): Goal {
  return (here) => here.depth <= start.depth;
}

/** After the return of the function. */
export function returned(start: Start): Goal {
  return (here) => here.depth < start.depth;
}

/** Where the source reader is to be shown something: the beginning of a line. */
export const anyLine: Goal = (here) => here.entered;
