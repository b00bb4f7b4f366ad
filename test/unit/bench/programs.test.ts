/** The compiled bench programs are what their sources give, and our engine and V8 make the same of them. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compileSteps, PROGRAMS, wasmOf } from "../../bench/engine-programs.ts";

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
