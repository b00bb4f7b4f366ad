/**
 * Text goes round: every valid module of the WebAssembly suite, and every program of the WASI suite, is printed, assembled
 * again, decoded and printed again. The two texts must be the same, and the second module valid when the first was.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { reasonOf } from "../../../runtime/kernel/fault.ts";
import { ALL_FEATURES } from "../../../runtime/module/features.ts";
import { decodeModule, type Module, printModule, validateModule } from "../../../runtime/tool/index.ts";
import { loadAssembler } from "../../../tools/wat/index.ts";
import type { ScriptEngine } from "../wasm/engine.ts";
import type { Assemble } from "../wasm/literals.ts";
import { runScript } from "../wasm/run.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

interface Row {
  modules: number;
  sameBytes: number;
  lines: number;
  readonly failures: string[];
}

export async function text(): Promise<number> {
  const suites = resolve(process.env["SALLYPORT_SUITES"] ?? join(root, "..", "shared", "data"));
  const folder = join(suites, "wasm-spec");
  if (!existsSync(folder)) {
    process.stderr.write(`No WebAssembly suite at ${folder}: set SALLYPORT_SUITES to the folder that holds it.\n`);
    return 2;
  }
  const assemble: Assemble = await loadAssembler();
  const start = performance.now();
  const spec = newRow();
  for (const file of files(folder, ".wast")) {
    // Modules are looked at when the runner has them in binary form; what the scripts assert is another suite's matter.
    runScript(readFileSync(file, "latin1"), {
      assemble,
      engine: ACCEPTS,
      onModule: (bytes, line, what) => {
        if (what === "valid") goRound(spec, assemble, bytes, `${relative(folder, file)}:${line}`);
      },
    });
  }
  const programs = newRow();
  for (const file of [...files(join(suites, "wasi"), ".wasm"), ...files(join(root, "test"), ".wasm")]) {
    goRound(programs, assemble, readFileSync(file), relative(suites, file));
  }
  show("modules of the WebAssembly suite", spec);
  show("programs", programs);
  console.log(`${((performance.now() - start) / 1000).toFixed(1)} s`);
  return spec.modules > 0 && spec.failures.length + programs.failures.length === 0 ? 0 : 1;
}

const newRow = (): Row => ({ modules: 0, sameBytes: 0, lines: 0, failures: [] });

const files = (folder: string, ending: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(ending))
        .sort()
        .map((name) => join(folder, name))
    : [];

function goRound(row: Row, assemble: Assemble, bytes: Uint8Array, where: string): void {
  const first = decodeModule(bytes);
  // A component, or a module for another version of the format.
  if (!first.ok) return;
  row.modules += 1;
  try {
    const lines = textOf(first.value);
    row.lines += lines.length;
    const made = assemble(lines.join("\n"));
    if ("error" in made) throw new Error(made.error.message);
    const second = decodeModule(made.bytes);
    if (!second.ok) throw second.error;
    const again = textOf(second.value);
    const n = lines.findIndex((line, index) => line !== again[index]);
    if (n !== -1) throw new Error(`line ${n + 1} was "${lines[n]}", is "${again[n]}"`);
    if (isValid(first.value) && !isValid(second.value)) throw new Error("is not valid any more");
    if (Buffer.compare(bytes, made.bytes) === 0) row.sameBytes += 1;
  } catch (error) {
    row.failures.push(`${where}: ${reasonOf(error)}`);
  }
}

/** Without the lines that only mention what is left out. */
const textOf = (module: Module) => [...printModule(module)].filter((line) => !line.startsWith("  ;;"));

const isValid = (module: Module) => validateModule(module, { features: ALL_FEATURES }).ok;

function show(what: string, { modules, sameBytes, lines, failures }: Row): void {
  console.log(
    `${what}: ${modules - failures.length} of ${modules} print the same again (${lines} lines), ` +
      `${sameBytes} are the same to the byte`,
  );
  for (const one of failures.slice(0, 20)) console.log(`  ${one}`);
}

const NOTHING = { ok: true, value: { opaque: undefined } } as const;
const NOT_RUN = { ok: false, refusal: { stage: "other", message: "nothing is run" } } as const;
const ACCEPTS: ScriptEngine = {
  compile: () => NOTHING,
  instantiate: () => NOTHING,
  register: () => undefined,
  invoke: () => NOT_RUN,
  get: () => NOT_RUN,
};
