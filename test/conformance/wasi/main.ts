/**
 * The preview 1 programs of the WASI test suite: each in a process of its own, over a fresh copy of its directory, compared
 * with what its JSON file expects (status, standard output, standard error).
 */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Run } from "./program.ts";
import { TIERS } from "./tiers.ts";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..", "..");
const TIMEOUT_MS = 60_000;

interface Expectation {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly root?: string;
  readonly exit_code?: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

export async function wasi(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tier: { type: "string", default: "metered" },
      file: { type: "string", multiple: true },
      json: { type: "boolean", default: false },
      verbose: { type: "boolean", short: "v", default: false },
    },
  });
  const suites = resolve(process.env["SALLYPORT_SUITES"] ?? join(root, "..", "shared", "data"));
  const folder = join(suites, "wasi");
  if (!existsSync(folder)) {
    process.stderr.write(`No WASI suite at ${folder}: set SALLYPORT_SUITES to the folder that holds wasi/.\n`);
    return 2;
  }
  const { tier, file: wanted } = values;
  if (!Object.hasOwn(TIERS, tier)) {
    process.stderr.write(`No such tier: ${tier}. There are: ${Object.keys(TIERS).join(", ")}.\n`);
    return 2;
  }
  const expected = expectedFailures();
  const programs = programsOf(folder).filter(
    (one) => wanted === undefined || wanted.some((name) => one.includes(name)),
  );
  const failures: string[] = [];
  for (const program of programs) {
    const wrong = runProgram(folder, program, tier);
    if (wrong.length > 0) failures.push(program);
    if (wrong.length > 0 || values.verbose) console.log(`${program}: ${wrong.length === 0 ? "ok" : "failed"}`);
    for (const line of wrong) console.log(`  ${line}`);
  }
  const failed = failures.length;
  const total = programs.length;
  console.log(`\n${total} programs: ${total - failed} passed, ${failed} failed.`);
  const unexpected = failures.filter((one) => !expected.has(one));
  const surprising = wanted === undefined ? [...expected].filter((one) => !failures.includes(one)) : [];
  for (const one of surprising) console.log(`${one} passes, but the list of expected failures says that it fails`);
  if (values.json) {
    const figures = { passed: total - failed, failed, skipped: 0, total, expectedFailures: expected.size };
    console.log(JSON.stringify({ suite: "wasi", tier, ...figures }));
  }
  return unexpected.length === 0 && surprising.length === 0 && total > 0 ? 0 : 1;
}

const programsOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".wasm"))
    .sort();

/** Lines `language/version/name.wasm reason`; empty lines and lines with # are comments. */
function expectedFailures(): ReadonlySet<string> {
  const lines = readFileSync(join(here, "expected-failures.txt"), "utf8").split("\n");
  return new Set(lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split(" ")[0] ?? ""));
}

/** What was not as expected. */
function runProgram(folder: string, program: string, tier: string): readonly string[] {
  const file = join(folder, program);
  const json = file.replace(/\.wasm$/, ".json");
  const expectation = existsSync(json) ? (JSON.parse(readFileSync(json, "utf8")) as Expectation) : {};
  const work = mkdtempSync(join(tmpdir(), "sallyport-wasi-"));
  try {
    const { args = [], env = {} } = expectation;
    const run: Run = {
      tier,
      file,
      args,
      env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      ...(expectation.root === undefined ? {} : { root: copyRoot(join(dirname(file), expectation.root), work) }),
    };
    const child = spawnSync(process.execPath, [join(here, "program.ts"), JSON.stringify(run)], {
      encoding: "utf8",
      timeout: TIMEOUT_MS,
      input: "",
    });
    return compare(expectation, child);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The suite may be read-only; what earlier runs left over is not copied. */
function copyRoot(from: string, work: string): string {
  const to = join(work, "root");
  cpSync(from, to, { recursive: true, filter: (name) => !name.endsWith(".cleanup") });
  chmodSync(to, 0o755);
  for (const entry of readdirSync(to, { recursive: true, withFileTypes: true })) {
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
  }
  return to;
}

function compare(
  expectation: Expectation,
  child: { readonly status: number | null; readonly stdout: string; readonly stderr: string },
): readonly string[] {
  const wrong: string[] = [];
  const status = expectation.exit_code ?? 0;
  if (child.status !== status) {
    wrong.push(`status ${child.status}, expected ${status}`);
    wrong.push(...child.stderr.trim().split("\n").slice(0, 12));
  }
  for (const stream of ["stdout", "stderr"] as const) {
    const text = expectation[stream];
    if (text !== undefined && child[stream] !== text) wrong.push(`${stream}: ${JSON.stringify(child[stream])}`);
  }
  if (child.stderr.includes("mistake: ")) wrong.push(child.stderr);
  return wrong;
}
