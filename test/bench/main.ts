/**
 * `npm run bench -- agent`: what the agent costs beside bare Node, on this machine, in this run. Prints a table and, with
 * `--json`, one object as the last line. Figures are medians; nothing is asserted.
 */
import { parseArgs } from "node:util";
import { usageFault } from "../../agent/cli/verb.ts";
import { benchAgent } from "./agent.ts";
import type { Row } from "./row.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false }, short: { type: "boolean", default: false } },
});
const [which = "agent"] = positionals;
if (which !== "agent") {
  process.stderr.write(`${usageFault(`there is no bench "${which}"; there is: agent`).line()}\n`);
  process.exitCode = 2;
} else {
  const rows = await benchAgent(values.short ? 3 : 7);
  for (const row of rows) {
    const beside = row.ratio === undefined ? "" : `${row.ratio.toFixed(2)} × ${row.baseline}`;
    process.stdout.write(
      `${row.name.padEnd(34)} ${row.subject.padEnd(26)} ${row.value.toFixed(1).padStart(9)} ${row.unit.padEnd(4)} ${beside}\n`,
    );
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ bench: which, rows, summary: summaryOf(rows) })}\n`);
}

/** Geometric mean of the ratios per subject. */
function summaryOf(rows: readonly Row[]): Record<string, number> {
  const ratios = new Map<string, number[]>();
  for (const { subject, ratio } of rows)
    if (ratio !== undefined) ratios.set(subject, [...(ratios.get(subject) ?? []), ratio]);
  return Object.fromEntries(
    [...ratios].map(([subject, list]) => [
      subject,
      Math.exp(list.reduce((sum, one) => sum + Math.log(one), 0) / list.length),
    ]),
  );
}
