/**
 * `npm run bench -- agent`: what the agent costs beside bare Node; `-- engine`: what our engine costs beside V8;
 * `-- loader`: how fast modules are judged. On this machine, in this run. Prints a table and, with `--json`, one object as the last line. Nothing is asserted.
 */
import { parseArgs } from "node:util";
import { usageFault } from "../../agent/cli/verb.ts";
import { Fault } from "../../runtime/kernel/fault.ts";
import { benchAgent } from "./agent.ts";
import { benchEngine, profileEngine } from "./engine.ts";
import { benchLoader } from "./loader.ts";
import type { Row } from "./row.ts";
import { benchStart } from "./start.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    short: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [] },
    subject: { type: "string", multiple: true, default: [] },
    profile: { type: "string" },
  },
});
const [which = "agent"] = positionals;
try {
  if (which === "engine" && values.profile !== undefined) {
    process.stdout.write(`${profileEngine(values.profile).join("\n")}\n`);
  } else report(await rowsOf());
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  process.stderr.write(`${error.line()}\n`);
  process.exitCode = 2;
}

async function rowsOf(): Promise<readonly Row[]> {
  if (which === "agent") return benchAgent(values.short ? 3 : 7);
  if (which === "engine") return benchEngine({ only: values.only, subjects: values.subject, short: values.short });
  if (which === "loader") return benchLoader({ only: values.only, short: values.short });
  if (which === "start") return benchStart(values.short);
  throw usageFault(`there is no bench "${which}"; there are: agent, engine, loader, start`);
}

function report(rows: readonly Row[]): void {
  for (const row of rows) {
    const beside = row.ratio === undefined ? "" : `${row.ratio.toFixed(2)} × ${row.baseline}`;
    const value = row.value.toFixed(row.unit === "s cpu" ? 3 : row.unit === "× size" ? 2 : 1).padStart(9);
    process.stdout.write(`${row.name.padEnd(34)} ${row.subject.padEnd(26)} ${value} ${row.unit.padEnd(6)} ${beside}\n`);
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ bench: which, rows, summary: summaryOf(rows) })}\n`);
}

/** Geometric mean of the ratios per subject. */
function summaryOf(rows: readonly Row[]): Record<string, number> {
  const ratios = new Map<string, number[]>();
  for (const { subject, ratio, apart } of rows)
    if (ratio !== undefined && apart !== true) ratios.set(subject, [...(ratios.get(subject) ?? []), ratio]);
  return Object.fromEntries(
    [...ratios].map(([subject, list]) => [
      subject,
      Math.exp(list.reduce((sum, one) => sum + Math.log(one), 0) / list.length),
    ]),
  );
}
