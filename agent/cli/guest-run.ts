/** Runs a program of the command line in the interpreter to its end, and says how it ended as a program's status does. */
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  GuestRun,
  Inspector,
  Instructions,
  type Outcome,
  type Probe,
  readNames,
  type SourceInfo,
  sourceInfoOf,
  valueText,
} from "../../runtime/debug/index.ts";

import { unwrap } from "../../runtime/kernel/result.ts";
import { WasiExit } from "../../runtime/wasi/index.ts";
import type { GuestCall } from "./guest-program.ts";

/** Fuel between two looks at whether the person has interrupted. */
const SLICE = 5_000_000;
const SLICE_PROBED = 500_000;
/** What a shell says of a command that was interrupted. */
const INTERRUPTED = 130;

/** What a module is called by: functions by the source's words, else the module's. */
export interface Described {
  readonly instructions: Instructions;
  readonly info: SourceInfo | undefined;
  readonly names: ReadonlyMap<number, string>;
  readonly inspector: Inspector;
}

export function describe({ program }: GuestCall): Described {
  const { module } = program.valid;
  const instructions = new Instructions(module);
  const info = sourceInfoOf(module);
  const names = readNames(module).spaces.function;
  return { instructions, info, names, inspector: new Inspector(instructions, info, (f) => names.get(f)) };
}

/** Undefined when it was interrupted. `onOpen`: told before anything runs but what runs at instantiation. */
export async function runToEnd(
  call: GuestCall,
  probe?: Probe,
  signal?: AbortSignal,
  onOpen?: (run: GuestRun) => void,
): Promise<Outcome | undefined> {
  const run = unwrap(GuestRun.open(call.program, call.entry, call.args, probe));
  onOpen?.(run);
  const slice = probe === undefined ? SLICE : SLICE_PROBED;
  for (;;) {
    const outcome = run.advance(slice);
    if (outcome !== undefined) return outcome;
    await nextTurn();
    if (signal?.aborted === true) return undefined;
  }
}

/** The exit status. A trap is thrown as the fault it is; results of an invoked function are printed. */
export function statusOf(outcome: Outcome | undefined, say: (line: string) => void): number {
  if (outcome === undefined) return INTERRUPTED;
  switch (outcome.kind) {
    case "trapped":
      throw outcome.fault;
    case "ended":
      if (!(outcome.thrown instanceof WasiExit)) throw outcome.thrown;
      return outcome.thrown.status & 0xff;
    case "returned":
      for (const value of outcome.values) say(valueText(value));
      return 0;
  }
}
