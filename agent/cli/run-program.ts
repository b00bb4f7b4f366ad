/** `sallyport run --tier interpreter`: a plain program to its end, with a trace when it is asked for. */
import { tracer } from "../../runtime/debug/index.ts";
import { guestCall, passThrough } from "./guest-program.ts";
import { describe, runToEnd, statusOf } from "./guest-run.ts";
import { cleanLine } from "./terminal-text.ts";
import type { Args, Io, OptionSpec } from "./verb.ts";

export const TRACE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  trace: { value: "N", help: "write the first N instructions, with addresses and arguments" },
  calls: { value: "N", help: "write the first N calls with their arguments" },
};

const LINES_MAX = 100_000_000;

export async function runProgram(args: Args, io: Io): Promise<number> {
  const call = await guestCall(args, passThrough(false));
  const what = args.maybe("trace") !== undefined ? "trace" : args.maybe("calls") !== undefined ? "calls" : undefined;
  if (what === undefined) return statusOf(await runToEnd(call, io), io.out);
  const { instructions, inspector } = describe(call);
  const probe = tracer({
    instructions,
    nameOf: (f) => inspector.nameOf(f),
    write: (line) => io.err(cleanLine(line)),
    max: args.integer(what, { min: 1, max: LINES_MAX }),
    what: what === "trace" ? "instructions" : "calls",
  });
  return statusOf(await runToEnd(call, io, probe), io.out);
}
