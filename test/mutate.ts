/**
 * `npm run mutate`: switches off one check after the other in a copy of the tree and runs the tests that should notice.
 * A mutation that no test notices is a check that nobody would miss: exit status 1. `npm run mutate -- attest/` runs only
 * those whose file or check has this text, `--part 1/4` every fourth of them, beginning with the first.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Mutation, MUTATIONS as OTHERS } from "./mutations.ts";
import { ON_EVIDENCE } from "./mutations-evidence.ts";
import { ON_POLICY } from "./mutations-policy.ts";
import { ON_PREDICATES } from "./mutations-predicates.ts";
import { PROOF_MUTATIONS } from "./mutations-proof.ts";
import { ON_PUBLISHER } from "./mutations-publisher.ts";
import { ON_STRICTNESS } from "./mutations-strict.ts";
import { ROOMS, ROOT } from "./tree.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { part: { type: "string", default: "1/1" } },
});
const [wanted = ""] = positionals;
const [, part = "0", parts = "0"] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(values.part) ?? [];
if (Number(part) < 1 || Number(part) > Number(parts)) throw new Error("--part takes PART/PARTS, e.g. 1/4");
const named = [
  ...OTHERS,
  ...ON_EVIDENCE,
  ...ON_POLICY,
  ...ON_PREDICATES,
  ...PROOF_MUTATIONS,
  ...ON_PUBLISHER,
  ...ON_STRICTNESS,
].filter(({ check, file }) => check.includes(wanted) || file.includes(wanted));
const MUTATIONS = named.filter((_, index) => index % Number(parts) === Number(part) - 1);
if (MUTATIONS.length < named.length) {
  process.stdout.write(`part ${values.part}: ${named.length - MUTATIONS.length} of ${named.length} are not run\n`);
}
const copy = mkdtempSync(join(tmpdir(), "sallyport-mutate-"));
let unnoticed = 0;
try {
  for (const name of [...ROOMS, "docs", "package.json", "vitest.config.ts", "tsconfig.json"])
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  for (const mutation of MUTATIONS) if (!noticed(mutation)) unnoticed += 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
process.stdout.write(`${MUTATIONS.length - unnoticed} of ${MUTATIONS.length} switched-off checks were noticed\n`);
process.exitCode = unnoticed === 0 && MUTATIONS.length > 0 ? 0 : 1;

function noticed({ check, file, from, to, tests }: Mutation): boolean {
  const path = join(copy, file);
  const text = readFileSync(path, "utf8");
  if (text.split(from).length !== 2) {
    process.stdout.write(`${check.padEnd(34)} NOT FOUND in ${file}: the list is out of date\n`);
    return false;
  }
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  const run = spawnSync(
    join(ROOT, "node_modules", ".bin", "vitest"),
    ["run", "--bail=1", "--reporter=json", `--outputFile=${join(copy, "report.json")}`, tests],
    {
      cwd: copy,
      encoding: "utf8",
      timeout: 180_000,
    },
  );
  writeFileSync(path, text);
  const failing = failedTests();
  const [first = "nothing"] = failing;
  process.stdout.write(`${check.padEnd(34)} ${run.status === 0 ? "UNNOTICED" : `noticed, first by "${first}"`}\n`);
  return run.status !== 0 && failing.length > 0;
}

/** Names of the failed tests: a run that broke for another reason has none, and does not count as noticing. */
function failedTests(): readonly string[] {
  const path = join(copy, "report.json");
  if (!existsSync(path)) return [];
  const report: unknown = JSON.parse(readFileSync(path, "utf8"));
  rmSync(path);
  const files = list(report, "testResults");
  return files
    .flatMap((one) => list(one, "assertionResults"))
    .filter((one) => field(one, "status") === "failed")
    .map((one) => String(field(one, "fullName")));
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
