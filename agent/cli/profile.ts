/** `sallyport profile`: runs a program in the interpreter and says where its instructions go, as a table and a flame graph. */
import { flameGraph, Profile } from "../../runtime/debug/index.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { writeFile } from "./files.ts";
import { GUEST_OPTIONS, GUEST_POSITIONALS, guestCall, passThrough } from "./guest-program.ts";
import { describe, runToEnd, statusOf } from "./guest-run.ts";
import { cleanLine } from "./terminal-text.ts";
import type { Verb } from "./verb.ts";

const ROWS = 20;

export const verb: Verb = {
  name: "profile",
  summary: "Run a program in the interpreter and show where its instructions go. Counts instructions, not time.",
  positionals: GUEST_POSITIONALS,
  options: {
    ...GUEST_OPTIONS,
    output: { value: "FILE", short: "o", help: "write a flame graph (SVG)" },
    folded: { value: "FILE", help: "write folded stacks, for other flame-graph tools" },
    every: { value: "N", default: "1000", help: "look at the stack every so many instructions" },
    json: { help: "print the table as JSON" },
  },
  examples: [
    "sallyport profile program.wasm -o flame.svg",
    "sallyport profile program.wasm --every 100 --folded stacks.txt -- argument",
    "sallyport profile sums.wasm --invoke sum 1000 --json",
  ],
  async run(args, io) {
    const call = await guestCall(args, passThrough(args.flag("json")));
    const { inspector } = describe(call);
    const every = args.integer("every", { min: 1, max: 1_000_000_000 });
    const profile = new Profile({ every, nameOf: (f) => inspector.nameOf(f) });
    const outcome = await runToEnd(call, profile.probe, io.signal);

    const functions = profile.functions();
    const { samples, instructions } = profile;
    const output = args.maybe("output");
    const title = (args.positionals[0] ?? "").split("/").at(-1) ?? "";
    const subtitle = `${instructions} instructions, ${samples} samples`;
    if (output !== undefined) writeFile(output, utf8(flameGraph(profile.stacks, { title, subtitle })));
    const folded = args.maybe("folded");
    if (folded !== undefined)
      writeFile(
        folded,
        utf8(
          profile
            .folded()
            .map((line) => `${line}\n`)
            .join(""),
        ),
      );

    if (args.flag("json")) io.out(JSON.stringify({ instructions, samples, functions }));
    else {
      const percent = (count: number) => `${((100 * count) / Math.max(1, samples)).toFixed(1)} %`.padStart(8);
      io.err(subtitle);
      io.err(`${"self".padStart(8)} ${"total".padStart(8)}  function`);
      for (const { name, self, total } of functions.slice(0, ROWS))
        io.err(cleanLine(`${percent(self)} ${percent(total)}  ${name}`));
      if (output !== undefined) io.err(`flame graph in ${output}`);
    }
    return statusOf(outcome, io.err);
  },
};
