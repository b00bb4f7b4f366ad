/** `npm run sim -- TARGET`: seeded runs of a whole room against a hostile world. A finding is its seed. */
import { parseArgs } from "node:util";
import { usageFault } from "../../agent/cli/verb.ts";
import { Fault } from "../../runtime/kernel/fault.ts";
import { simulateUpdater } from "./updater/run.ts";

const HELP = `Usage: npm run sim -- updater [--runs N] [--seed TEXT] [--first N] [--verbose] [--json]

updater: one board against both repositories while releases are published, assigned and taken back, keys change,
  metadata expires, files are withheld, altered or older than they were, clocks jump, and the board loses power, its
  disk or parts of its memory. Every run ends with everything repaired: then the board has to be at the newest state.

--first begins with that run of the seed: what a finding prints. Ends with 0 when there was no finding.`;

const TARGETS = new Map([["updater", simulateUpdater]]);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "100" },
    seed: { type: "string" },
    first: { type: "string", default: "0" },
    verbose: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  process.stderr.write(`${error.line()}\n`);
  process.exitCode = 2;
}

async function main(): Promise<number> {
  const [target] = positionals;
  if (target === undefined || values.help) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const simulate = TARGETS.get(target);
  if (simulate === undefined) {
    throw usageFault(`there is nothing to simulate called "${target}"; there is: ${[...TARGETS.keys()].join(", ")}`);
  }
  const seed = values.seed ?? Date.now().toString(36);
  const log = (line: string) => {
    process.stdout.write(`${line}\n`);
  };
  log(`seed ${seed}`);
  const summary = await simulate({
    runs: whole("runs", values.runs, 1),
    first: whole("first", values.first, 0),
    seed,
    verbose: values.verbose,
    log,
    progress: (line) => {
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
    },
  });
  if (values.json) log(JSON.stringify(summary));
  else log(`${summary.runs} runs in ${summary.seconds} s, ${summary.findings} findings (seed ${seed})`);
  return summary.findings === 0 ? 0 : 1;
}

function whole(name: string, text: string, min: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < min) throw usageFault(`--${name} takes a whole number from ${min}`);
  return value;
}
