/** `npm run fuzz -- TARGET`: inputs made to hurt, without end or for so many seconds. A finding is a file and a seed. */
import { parseArgs } from "node:util";
import { usageFault } from "../../agent/cli/verb.ts";
import { Fault } from "../../runtime/kernel/fault.ts";
import { fuzzAttest } from "./attest/run.ts";
import { fuzzLoader } from "./loader/run.ts";
import { fuzzTiers } from "./tiers/run.ts";

const HELP = `Usage: npm run fuzz -- loader|tiers|attest [--seconds N] [--seed TEXT] [--only TIER] [--json]

loader: compares what our Loader and Validator say of a module with what V8 says.
tiers: runs modules in the interpreter, the metered tier and plain V8, and compares results, traps, fuel and memories.
  One way is "carried": begun in the interpreter, moved to the metered tier after some call. --only compares one way
  alone with the interpreter.
attest: damages attestations, policies, trusted roots, statements, proofs and runtime attestations. None may be accepted
  unless it still says the same, for a reason that test/fuzz/attest/equalities.ts lists.

Set SALLYPORT_SUITES to the folder that holds wasm-spec/, sigstore/ and slsa/ (default: ../shared/data beside this repository). Ends with 0
when there was no finding.`;

const TARGETS = new Map([
  ["loader", fuzzLoader],
  ["tiers", fuzzTiers],
  ["attest", fuzzAttest],
]);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    only: { type: "string" },
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
  const fuzz = TARGETS.get(target);
  if (fuzz === undefined) {
    throw usageFault(`there is no fuzz target "${target}"; there are: ${[...TARGETS.keys()].join(", ")}`);
  }
  const seconds = Number(values.seconds);
  if (!(seconds > 0)) throw usageFault("--seconds takes a number above 0");
  const seed = values.seed ?? Date.now().toString(36);
  const log = (line: string) => {
    process.stdout.write(`${line}\n`);
  };
  const progress = (line: string) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
  };
  const summary = await fuzz({ seconds, seed, only: values.only, log, progress });
  if (values.json) log(JSON.stringify(summary));
  else log(`${summary.runs} inputs in ${summary.seconds} s, ${summary.findings} findings (seed ${seed})`);
  return summary.findings === 0 ? 0 : 1;
}
