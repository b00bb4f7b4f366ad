/**
 * `npm run bench -- <which>`: what the project costs beside what it is made of, on this machine, in this run; see `HELP`.
 * Prints a table and, with `--json`, one object as the last line. Nothing is asserted.
 */
import { parseArgs } from "node:util";
import { usageFault } from "../../agent/cli/verb.ts";
import { Fault } from "../../runtime/kernel/fault.ts";
import { benchAgent } from "./agent.ts";
import { benchAttest } from "./attest.ts";
import { benchAuto } from "./auto.ts";
import { benchEngine, profileEngine } from "./engine.ts";
import { benchInterrupt } from "./interrupt.ts";
import { benchLoader } from "./loader.ts";
import type { Row } from "./row.ts";
import { benchStart } from "./start.ts";
import { benchUpdater } from "./updater.ts";

const DIGITS: Readonly<Record<string, number>> = { "s cpu": 3, "× size": 2, ms: 2, s: 2 };

const HELP = `npm run bench -- WHICH [options]

  agent       the agent beside bare Node: memory, start, from publish to running (the default)
  engine      programs in every tier, and in other engines on PATH, beside plain V8
  loader      how fast modules are decoded and validated, beside V8
  start       start of a 100 KB module over an empty worker, memory of an idle module
  auto        until the first message of a guest that nobody has prepared, metered and auto
  interrupt   from the request to stop until the guest stands
  updater     an update in bytes and time, beside tuf-js and a plain download; directed metadata
  attest      an attestation verified and judged, beside the library underneath

  --only NAME      engine, loader: this program; interrupt: this case; may be given again
  --subject NAME   engine: this subject beside v8; may be given again
  --profile NAME   engine: where the interpreter's time goes in this program
  --short          fewer runs, less exact
  --json           one object as the last line, with geometric means of the ratios per subject

examples:
  npm run bench -- engine --only sha256 --subject metered-epoch
  npm run bench -- engine --only sha256-start --subject v8-no-liftoff --subject metered-block
  npm run bench -- engine --profile integer
  npm run bench -- start --short
  npm run bench -- interrupt --only "memory.fill of 1 GiB" --json
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    short: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [] },
    subject: { type: "string", multiple: true, default: [] },
    profile: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});
const [which = "agent"] = positionals;
try {
  if (values.help) process.stdout.write(HELP);
  else if (which === "engine" && values.profile !== undefined) {
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
  if (which === "auto") return benchAuto(values.short);
  if (which === "interrupt") return benchInterrupt({ only: values.only, short: values.short });
  if (which === "updater") return benchUpdater(values.short);
  if (which === "attest") return benchAttest(values.short);
  throw usageFault(
    `there is no bench "${which}"; there are: agent, engine, loader, start, auto, interrupt, updater, attest`,
  );
}

function report(rows: readonly Row[]): void {
  for (const row of rows) {
    const beside = row.ratio === undefined ? "" : `${row.ratio.toFixed(2)} × ${row.baseline}`;
    const value = row.value.toFixed(DIGITS[row.unit] ?? 1).padStart(9);
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
