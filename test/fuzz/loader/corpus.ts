/**
 * What the fuzzer mutates: every module of the specification's suite, valid, invalid and malformed, and the compiled
 * programs of the bench. The suite is assembled once and kept in the temporary folder; without it the programs and what
 * the generator makes have to do.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { loadAssembler } from "../../../tools/wat/index.ts";
import type { Outcome, ScriptEngine } from "../../conformance/wasm/engine.ts";
import { runScript } from "../../conformance/wasm/run.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const GROUPS = ["", "legacy", "proposals/threads"];
/** Larger modules are mutated too slowly to find much. */
const BYTES_MAX = 100_000;

export async function loadCorpus(): Promise<readonly Uint8Array[]> {
  return [...(await suite()), ...programs()];
}

function programs(): readonly Uint8Array[] {
  const folder = join(ROOT, "test/bench/programs");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".wasm"))
    .map((name) => new Uint8Array(readFileSync(join(folder, name))));
}

async function suite(): Promise<readonly Uint8Array[]> {
  const folder = join(resolve(process.env["SALLYPORT_SUITES"] ?? join(ROOT, "..", "shared", "data")), "wasm-spec");
  if (!existsSync(folder)) {
    process.stderr.write(
      `No WebAssembly suite at ${folder}: fuzzing without it (SALLYPORT_SUITES names its folder).\n`,
    );
    return [];
  }
  const files = GROUPS.flatMap((group) =>
    readdirSync(join(folder, group))
      .filter((name) => name.endsWith(".wast"))
      .sort()
      .map((name) => join(folder, group, name)),
  );
  const sources = files.map((file) => readFileSync(file, "latin1"));
  const key = createHash("sha256").update(sources.join("\0")).digest("hex").slice(0, 16);
  const cache = join(tmpdir(), "sallyport-fuzz", `corpus-${key}`);
  if (existsSync(cache)) return unpack(new Uint8Array(readFileSync(cache)));
  const modules = await assembled(sources);
  mkdirSync(join(cache, ".."), { recursive: true });
  // Whole or not there, also for two runs at once.
  writeFileSync(`${cache}.${process.pid}`, pack(modules));
  renameSync(`${cache}.${process.pid}`, cache);
  return modules;
}

async function assembled(sources: readonly string[]): Promise<readonly Uint8Array[]> {
  const assemble = await loadAssembler();
  const modules = new Map<string, Uint8Array>();
  const onModule = (bytes: Uint8Array) => {
    if (bytes.length <= BYTES_MAX) modules.set(Buffer.from(bytes).toString("latin1"), bytes);
  };
  for (const source of sources) runScript(source, { assemble, engine: idle, onModule });
  return [...modules.values()];
}

/** The scripts are walked for their modules alone. */
const refused: Outcome<never> = { ok: false, refusal: { stage: "other", message: "not run" } };
const idle: ScriptEngine = {
  compile: () => refused,
  instantiate: () => refused,
  register: () => undefined,
  invoke: () => refused,
  get: () => refused,
};

function pack(modules: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      modules.flatMap((one) => {
        const length = Buffer.alloc(4);
        length.writeUInt32LE(one.length);
        return [length, one];
      }),
    ),
  );
}

function unpack(bytes: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint32(at, true);
    out.push(bytes.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return out;
}
