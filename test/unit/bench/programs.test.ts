/** The compiled bench programs are what their sources give, and our engine and V8 make the same of them. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { decodeModule } from "../../../runtime/binary/decode.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { compileSteps, PROGRAMS, START_PROGRAMS, startStep, wasmOf } from "../../bench/engine-programs.ts";

const OPTIMISER = fileURLToPath(new URL("../../../node_modules/.bin/wasm-opt", import.meta.url));
const SUBJECT = fileURLToPath(new URL("../../bench/engine-subject.ts", import.meta.url));

/** The compiler together with its library: a compiler alone cannot build for WASI. */
const canCompile =
  spawnSync("clang-14", ["--target=wasm32-wasi", "-E", "-include", "stdio.h", "-x", "c", "/dev/null"]).status === 0;

function printed(subject: string, wasm: string): string {
  const child = spawnSync(process.execPath, [SUBJECT, subject, wasm, "1"], { encoding: "utf8" });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout).output;
}

describe.each(PROGRAMS)("the bench program $name", (program) => {
  it.skipIf(!canCompile || program.name === "lua")("is, byte for byte, what clang-14 makes of its source", () => {
    const folder = mkdtempSync(join(tmpdir(), "sallyport-programs-"));
    try {
      const source = wasmOf(program).replace(/wasm$/, "c");
      const output = join(folder, "out.wasm");
      for (const [command = "", ...args] of compileSteps(source, join(folder, "out.o"), output)) {
        const step = spawnSync(command, args, { encoding: "utf8" });
        expect(step.status, step.stderr).toBe(0);
      }
      expect(readFileSync(output).equals(readFileSync(wasmOf(program)))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("prints the same checksum in the interpreter as in V8", () => {
    const inV8 = printed("v8", wasmOf(program));
    expect(inV8).toMatch(new RegExp(`^${program.name} 1 [0-9a-f]{8}\n$`));
    expect(printed("interpreter", wasmOf(program))).toBe(inV8);
  });
});

describe.each(START_PROGRAMS)("the bench program $name", (program) => {
  const bytes = new Uint8Array(readFileSync(wasmOf(program)));

  it("does its work in _start itself", () => {
    const module = unwrap(decodeModule(bytes));
    const imported = module.imports.filter(({ desc }) => desc.kind === "function").length;
    const index = module.exports.find(({ name }) => name === "_start")?.index ?? -1;
    const body = module.code[index - imported]?.body ?? { start: 0, end: 0 };
    expect(body.end - body.start).toBeGreaterThan(1000);
  });

  it("prints what the program prints whose kernel it has inlined", () => {
    const usual = PROGRAMS.find(({ name }) => name === program.prints);
    expect(usual && printed("v8", wasmOf(usual))).toBe(printed("v8", wasmOf(program)));
  });

  // The others are made by the same recipe: one is enough for the time that it takes.
  it.skipIf(!existsSync(OPTIMISER) || program.prints !== "sha256")(
    "is, byte for byte, what wasm-opt makes of that program",
    { timeout: 20_000 },
    () => {
      const folder = mkdtempSync(join(tmpdir(), "sallyport-programs-"));
      try {
        const output = join(folder, "out.wasm");
        const [, ...args] = startStep(wasmOf(program).replace("-start", ""), output);
        const step = spawnSync(OPTIMISER, args, { encoding: "utf8" });
        expect(step.status, step.stderr).toBe(0);
        expect(readFileSync(output).equals(bytes)).toBe(true);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});
