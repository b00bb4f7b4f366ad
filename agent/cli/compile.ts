/** `sallyport compile`: what the metered tier makes of a module, as a file and in numbers. */
import { writeFileSync } from "node:fs";
import { decodeModule, instrument, type Metered, validateModule } from "../../runtime/embed/index.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { oneOf } from "../../runtime/kernel/shape.ts";
import { size } from "./bars.ts";
import { readModuleFile } from "./module-file.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "compile",
  summary: "Put the metered tier's leash into a module: print what was inserted and what it costs in size.",
  positionals: ["FILE"],
  options: {
    out: { value: "FILE", short: "o", help: "write the instrumented module here" },
    fuel: { value: "GRADE", default: "none", help: "none, block (a bound) or exact (every basic block)" },
    "no-epoch": { help: "leave out what lets the host pause and stop the guest" },
    "no-reentry": { help: "leave out the twins by which hot loops reach optimised code" },
    deterministic: { help: "one result for every NaN and every relaxed instruction" },
    json: { help: "print the numbers as JSON" },
  },
  examples: ["sallyport compile module.wasm", "sallyport compile module.wasm --fuel exact -o metered.wasm"],
  async run(args, io) {
    const [file = ""] = args.positionals;
    const bytes = await readModuleFile(file);
    const options = {
      epoch: !args.flag("no-epoch"),
      fuel: args.parsed("fuel", oneOf("none", "block", "exact")),
      reentry: !args.flag("no-reentry"),
      deterministic: args.flag("deterministic"),
    };
    const made = unwrap(instrument(unwrap(validateModule(unwrap(decodeModule(bytes)))), options));
    const out = args.maybe("out");
    if (out !== undefined) writeFileSync(out, made.bytes);
    const { bytes: result, ...numbers } = made;
    if (args.flag("json")) io.out(JSON.stringify({ before: bytes.length, after: result.length, ...numbers }));
    else for (const line of table(file, bytes.length, made)) io.out(line);
    return 0;
  },
};

function table(file: string, before: number, made: Metered): readonly string[] {
  const grown = (from: number, to: number) => `${size(from)} -> ${size(to)} (x ${(to / Math.max(1, from)).toFixed(2)})`;
  const rows: readonly (readonly [string, string])[] = [
    ["module", grown(before, made.bytes.length)],
    ["code", grown(made.codeBefore, made.codeAfter)],
    ["functions", `${made.functions}, of them ${made.twins} with a twin for their loops`],
    ["looks at the epoch", String(made.looks)],
    ["payments of fuel", String(made.payments)],
    ["bulk operations", made.helpers === 0 ? "none in pieces" : `in pieces by ${made.helpers} helpers`],
  ];
  return [file, ...rows.map(([name, value]) => `  ${name.padEnd(20)}${value}`)];
}
