/** `sallyport coverage`: runs a program in the interpreter and says what of it ran, by function and by line of source. */
import { dirname } from "node:path";
import { Coverage, type FileCoverage, type FunctionCoverage, lcov, missedLines } from "../../runtime/debug/index.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { Sources } from "./debug/sources.ts";
import { writeFile } from "./files.ts";
import { GUEST_OPTIONS, GUEST_POSITIONALS, guestCall, passThrough } from "./guest-program.ts";
import { describe, runToEnd, statusOf } from "./guest-run.ts";
import { cleanLine } from "./terminal-text.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "coverage",
  summary: "Run a program in the interpreter and show what of it ran.",
  positionals: GUEST_POSITIONALS,
  options: {
    ...GUEST_OPTIONS,
    lcov: { value: "FILE", help: "write a tracefile for genhtml or an editor" },
    source: { value: "DIR", many: true, help: "where the source text is, besides the module's directory" },
    lines: { help: "print the source with how often each line ran" },
    all: { help: "also libraries: files whose text is not found" },
    json: { help: "print the figures as JSON" },
  },
  examples: [
    "sallyport coverage program.wasm --lines",
    "sallyport coverage program.wasm --lcov coverage.info -- argument",
    "sallyport coverage sums.wasm --invoke sum 3 --json",
  ],
  async run(args, io) {
    const call = await guestCall(args, passThrough(args.flag("json")));
    const { instructions, info, inspector } = describe(call);
    const coverage = new Coverage({ instructions, info, nameOf: (f) => inspector.nameOf(f) });
    const outcome = await runToEnd(call, coverage.probe, io.signal);

    const every = coverage.functions();
    const sources = new Sources([dirname(args.positionals[0] ?? ""), ...args.list("source")]);
    const known = every.some(({ file }) => file !== undefined && sources.linesOf(file) !== undefined);
    const own = (file: string | undefined) =>
      args.flag("all") || !known || (file !== undefined && sources.linesOf(file) !== undefined);
    const functions = every.filter(({ file }) => own(file));
    const files = coverage.files(every).filter(({ file }) => own(file));
    const tracefile = args.maybe("lcov");
    const placed = files.map((one) => ({ ...one, file: sources.find(one.file)?.path ?? one.file }));
    if (tracefile !== undefined) writeFile(tracefile, utf8(lcov(placed)));

    const say = args.flag("json") ? io.out : io.err;
    if (args.flag("json")) {
      io.out(
        JSON.stringify({
          functions,
          files: files.map((one) => ({
            file: one.file,
            lines: one.lines.size,
            hit: one.hit,
            counts: Object.fromEntries(one.lines),
          })),
        }),
      );
    } else {
      for (const line of table(functions, files)) say(cleanLine(line));
      if (args.flag("lines")) for (const line of files.flatMap((one) => annotated(one, sources))) say(cleanLine(line));
    }
    return statusOf(outcome, io.err);
  },
};

function table(functions: readonly FunctionCoverage[], files: readonly FileCoverage[]): readonly string[] {
  const out = [`${"calls".padStart(10)}  instructions       function`];
  for (const { name, calls, executed, instructions } of functions) {
    out.push(`${String(calls).padStart(10)}  ${share(executed, instructions)}  ${name}`);
  }
  for (const one of files) {
    out.push("", `${one.file}: ${share(one.hit, one.lines.size).trim()} of the lines`);
    const missed = missedLines(one);
    if (missed !== "") out.push(`  not run: ${missed}`);
  }
  return out;
}

/** The text of a file, each line with its count: nothing where there is no code, `#####` where it did not run. */
function annotated({ file, lines }: FileCoverage, sources: Sources): readonly string[] {
  const text = sources.linesOf(file) ?? [];
  const rows = text.map((line, n) => {
    const count = lines.get(n + 1);
    const mark = count === undefined ? "" : count === 0 ? "#####" : String(count);
    return `${mark.padStart(10)} ${String(n + 1).padStart(5)}  ${line}`;
  });
  return rows.length === 0 ? [] : ["", file, ...rows];
}

function share(part: number, whole: number): string {
  const percent = whole === 0 ? 100 : (100 * part) / whole;
  return `${`${percent.toFixed(1)} %`.padStart(8)} ${`${part}/${whole}`.padEnd(9)}`;
}
