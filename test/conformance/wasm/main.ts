/** The WebAssembly suite: which scripts, in which groups, what is expected to fail, and the table at the end. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ALL_FEATURES, type Feature, type FeatureSet, WASM_3 } from "../../../runtime/module/features.ts";
import { loadAssembler } from "../../../tools/wat/index.ts";
import type { MakeEngine } from "./engine.ts";
import { interpreter, interpreterBlocks } from "./interpreter.ts";
import type { Assemble } from "./literals.ts";
import { meteredTiers } from "./metered.ts";
import { runScript, type ScriptReport } from "./run.ts";
import { v8 } from "./v8.ts";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..", "..");

/** Reported apart from the core suite, and not part of its verdict. */
const GROUPS: Readonly<Record<string, FeatureSet>> = {
  legacy: ALL_FEATURES,
  // Written before a module could have several memories, and says that it cannot. (Of several tables it says so, too:
  // those three commands fail.)
  "proposals/threads": without("multi-memory"),
  "proposals/custom-page-sizes": ALL_FEATURES,
  "proposals/wide-arithmetic": ALL_FEATURES,
};

function without(...off: readonly Feature[]): FeatureSet {
  return new Set([...ALL_FEATURES].filter((one) => !off.includes(one)));
}

const TIERS: Readonly<Record<string, MakeEngine>> = {
  interpreter,
  "interpreter-blocks": interpreterBlocks,
  v8,
  ...meteredTiers,
};

interface FileReport extends ScriptReport {
  readonly file: string;
}

export async function wasm(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tier: { type: "string", default: "interpreter" },
      only: { type: "string" },
      file: { type: "string", multiple: true },
      json: { type: "boolean", default: false },
      verbose: { type: "boolean", short: "v", default: false },
      dump: { type: "string" },
    },
  });
  const suites = resolve(process.env["SALLYPORT_SUITES"] ?? join(root, "..", "shared", "data"));
  const folder = join(suites, "wasm-spec");
  if (!existsSync(folder)) {
    process.stderr.write(
      `No WebAssembly suite at ${folder}: set SALLYPORT_SUITES to the folder that holds wasm-spec/.\n`,
    );
    return 2;
  }
  const tier = TIERS[values.tier];
  if (tier === undefined) {
    process.stderr.write(`No such tier: ${values.tier}. There are: ${Object.keys(TIERS).join(", ")}.\n`);
    return 2;
  }
  if (values.only !== undefined && values.only !== "malformed" && values.only !== "invalid") {
    process.stderr.write("--only takes malformed or invalid\n");
    return 2;
  }
  const assemble: Assemble = await loadAssembler();
  const expected = expectedFailures(values.tier);
  const wanted = values.file;
  const chosen = (file: string) => wanted === undefined || wanted.some((one) => file === one || file === `${one}.wast`);
  const core = scripts(folder, "").filter(chosen);
  const reports: FileReport[] = [];
  const runAll = (files: readonly string[], features: FeatureSet) =>
    files.map((file): FileReport => {
      progress(file);
      const source = readFileSync(join(folder, file), "latin1");
      const report = runScript(source, {
        assemble,
        engine: tier({ features }),
        ...(values.only === undefined ? {} : { only: values.only as "malformed" | "invalid" }),
        ...(values.dump === undefined ? {} : { onModule: dumper(values.dump, file) }),
      });
      return { ...report, file };
    });
  reports.push(...runAll(core, WASM_3));
  const apart = Object.entries(GROUPS).map(
    ([group, features]) => [group, runAll(scripts(folder, group).filter(chosen), features)] as const,
  );
  progress("");
  for (const report of reports) print(report, values.verbose, expected);
  for (const [group, list] of apart) {
    if (list.length === 0) continue;
    console.log(`\n${group} (apart from the core suite)`);
    for (const report of list) print(report, values.verbose, expected);
  }
  return verdict(values.tier, reports, expected, values.json, wanted === undefined && values.only === undefined);
}

const scripts = (folder: string, group: string): readonly string[] =>
  readdirSync(join(folder, group))
    .filter((name) => name.endsWith(".wast"))
    .sort()
    .map((name) => (group === "" ? name : `${group}/${name}`));

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

/** Lines `file:line reason`; empty lines and lines with # are comments. */
function expectedFailures(tier: string): ReadonlySet<string> {
  const name = tier === "v8" || tier.startsWith("metered") ? "expected-failures.v8.txt" : "expected-failures.txt";
  const lines = readFileSync(join(here, name), "utf8").split("\n");
  return new Set(lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split(" ")[0] ?? ""));
}

function print(report: FileReport, verbose: boolean, expected: ReadonlySet<string>): void {
  const { file, commands, passed, failures, skipped, notes } = report;
  const failed = failures.length;
  console.log(
    `${file.padEnd(44)} ${String(passed).padStart(6)} of ${String(commands).padStart(6)}` +
      `${failed === 0 ? "" : `  ${failed} failed`}${skipped.length === 0 ? "" : `  ${skipped.length} skipped`}`,
  );
  for (const { line, message } of failures.slice(0, verbose ? 1000 : 5)) {
    console.log(`  ${file}:${line} ${expected.has(`${file}:${line}`) ? "(expected) " : ""}${message}`);
  }
  for (const { line, message } of skipped.slice(0, verbose ? 1000 : 3))
    console.log(`  ${file}:${line} skipped: ${message}`);
  if (verbose) for (const { line, message } of notes) console.log(`  ${file}:${line} note: ${message}`);
}

function verdict(
  tier: string,
  reports: readonly FileReport[],
  expected: ReadonlySet<string>,
  json: boolean,
  whole: boolean,
): number {
  const total = reports.reduce((sum, one) => sum + one.commands, 0);
  const passed = reports.reduce((sum, one) => sum + one.passed, 0);
  const skipped = reports.reduce((sum, one) => sum + one.skipped.length, 0);
  const failing = new Set(reports.flatMap((one) => one.failures.map(({ line }) => `${one.file}:${line}`)));
  const failed = reports.reduce((sum, one) => sum + one.failures.length, 0);
  const unexpected = [...failing].filter((one) => !expected.has(one));
  const surprising = whole ? [...expected].filter((one) => !failing.has(one)) : [];
  const notes = reports.reduce((sum, one) => sum + one.notes.length, 0);
  console.log(
    `\n${reports.length} scripts, ${total} commands: ${passed} passed, ${failed} failed, ${skipped} skipped.`,
  );
  if (notes > 0) console.log(`${notes} refused as expected, in other words than the suite's (-v lists them).`);
  for (const one of surprising) console.log(`${one} passes, but the list of expected failures says that it fails`);
  if (json) {
    const summary = {
      suite: "wasm",
      tier,
      passed,
      failed,
      skipped,
      total,
      expectedFailures: expected.size,
    };
    console.log(JSON.stringify(summary));
  }
  return unexpected.length === 0 && surprising.length === 0 && skipped === 0 && total > 0 ? 0 : 1;
}

function dumper(folder: string, file: string) {
  mkdirSync(folder, { recursive: true });
  let n = 0;
  return (bytes: Uint8Array, line: number, what: string) => {
    n += 1;
    writeFileSync(join(folder, `${file.replaceAll("/", "-").replace(".wast", "")}-${line}-${n}.${what}.wasm`), bytes);
  };
}
