/**
 * `npm run conformance -- sigstore`: other people's bundles through our verifier, in two sets. `cases` (unless another
 * is named) are sigstore-conformance's, through the command line of its protocol; `slsa` are real bundles of npm and
 * GitHub; `policies` are twenty-four
 * owners' policies over those; `all` is everything. Every verdict is compared with a committed table. No failure is expected, so there is no list.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readCases, runCase } from "./cases.ts";
import { interop } from "./interop.ts";
import { judgeOwners } from "./policies.ts";
import { judgeBundle, readBundles } from "./slsa.ts";
import { failuresOf, readTable, writeTable } from "./verdicts.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Every tenth case is run by the client's own process as well. */
const CLIENT_EVERY = 10;

const SETS = {
  cases: {
    folder: "sigstore/bundle-verify",
    table: "cases-verdicts.txt",
    run: (folder: string) => readCases(folder).map((one, index) => runCase(one, index % CLIENT_EVERY === 0)),
  },
  slsa: {
    folder: "slsa",
    table: "slsa-verdicts.txt",
    run: (folder: string) => readBundles(folder).flatMap(judgeBundle),
  },
  policies: { folder: "slsa", table: "policies-verdicts.txt", run: judgeOwners },
};

export function sigstore(args: readonly string[]): number {
  const { values } = parseArgs({
    args: [...args],
    options: {
      set: { type: "string", default: "cases" },
      json: { type: "boolean", default: false },
      verbose: { type: "boolean", short: "v", default: false },
      write: { type: "boolean", default: false },
      interop: { type: "boolean", default: false },
    },
  });
  if (values.interop) return interop();
  const suites = resolve(process.env["SALLYPORT_SUITES"] ?? join(root, "..", "shared", "data"));
  let total = 0;
  let failed = 0;
  const chosen = Object.entries(SETS).filter(([name]) => values.set === "all" || values.set === name);
  if (chosen.length === 0) {
    process.stderr.write(`There is no set ${values.set}: ${Object.keys(SETS).join(", ")}, all.\n`);
    return 2;
  }
  for (const [name, { folder, table, run }] of chosen) {
    const path = join(suites, folder);
    if (!existsSync(path)) {
      process.stderr.write(`No bundles at ${path}: set SALLYPORT_SUITES to the folder that holds ${folder}.\n`);
      return 2;
    }
    const rows = run(path);
    if (values.write) writeTable(table, rows);
    const failures = failuresOf(rows, readTable(table));
    if (values.verbose) for (const row of rows) console.log(`${row.name}: ${row.verdict}`);
    for (const [one, reason] of failures) console.log(`FAILED ${one}: ${reason}`);
    console.log(`${name}: ${rows.length} verdicts, ${failures.size} wrong`);
    total += rows.length;
    failed += failures.size;
  }
  if (values.json) {
    const counts = { passed: total - failed, failed, skipped: 0, total, expectedFailures: 0 };
    console.log(JSON.stringify({ suite: "sigstore", ...counts }));
  }
  return failed === 0 && total > 0 ? 0 : 1;
}
