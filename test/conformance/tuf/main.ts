/**
 * `npm run conformance -- tuf`: our own cases against simulated repositories, each through the command line of the
 * conformance protocol or on a board's updater, and each verdict compared with that of the stock library. A difference
 * that differences.txt does not name with its reason fails the suite, and so does one it names that is none.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CASES } from "./cases.ts";
import { Context } from "./context.ts";
import { compare, readDifferences } from "./differences.ts";
import { interop } from "./interop.ts";
import { type SimulatorServer, startServer } from "./server.ts";

const PARALLEL = 3;

export async function tuf(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      file: { type: "string", multiple: true },
      json: { type: "boolean", default: false },
      verbose: { type: "boolean", short: "v", default: false },
      interop: { type: "boolean", default: false },
    },
  });
  if (values.interop) return interop();
  const { file: wanted } = values;
  const cases = Object.entries(CASES).flatMap(([group, list]) =>
    list.map((one) => ({ ...one, id: `${group}: ${one.name}` })),
  );
  const chosen = cases.filter(({ id }) => wanted === undefined || wanted.some((part) => id.includes(part)));
  const directory = mkdtempSync(join(tmpdir(), "sallyport-tuf-"));
  const server = await startServer();
  const failures: string[] = [];
  const found: string[] = [];
  const queue = chosen.values();

  async function work(): Promise<void> {
    for (const one of queue) {
      const started = performance.now();
      const { problem, differences } = await runCase(one, server, mkdtempSync(join(directory, "case-")));
      found.push(...differences);
      if (problem !== undefined) failures.push(one.id);
      const ms = Math.round(performance.now() - started);
      if (problem !== undefined || values.verbose)
        console.log(`${problem === undefined ? "ok    " : "FAILED"} ${one.id} (${ms} ms)`);
      if (problem !== undefined) console.log(problem.replace(/^/gm, "  "));
    }
  }
  try {
    await Promise.all(Array.from({ length: PARALLEL }, work));
  } finally {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  }

  const isWhole = wanted === undefined;
  const complaints = compare(found, readDifferences(), isWhole);
  for (const line of complaints) console.log(line);
  const total = chosen.length;
  const failed = failures.length;
  console.log(
    `\n${total} cases: ${total - failed} passed, ${failed} failed. ${found.length} verdicts differ from the stock client's.`,
  );
  if (values.json) {
    console.log(
      JSON.stringify({ suite: "tuf", passed: total - failed, failed, skipped: 0, total, expectedFailures: 0 }),
    );
  }
  return failed === 0 && complaints.length === 0 && total > 0 ? 0 : 1;
}

interface Run {
  /** What went wrong, if anything. */
  readonly problem: string | undefined;
  readonly differences: readonly string[];
}

async function runCase(
  one: { id: string; run: (t: Context) => Promise<void> },
  server: SimulatorServer,
  directory: string,
): Promise<Run> {
  const context = new Context(server, directory);
  let problem: string | undefined;
  try {
    await one.run(context);
  } catch (error) {
    problem = error instanceof Error ? (error.name === "Error" ? error.message : String(error.stack)) : String(error);
  } finally {
    context.clear();
  }
  const differences = context.verdicts.flatMap(({ ours, stock }, at) =>
    (ours === "ok") === stock ? [] : [`${one.id} #${at + 1}: ours ${ours}, stock ${stock ? "accepts" : "refuses"}`],
  );
  return { problem, differences };
}
