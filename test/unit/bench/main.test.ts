/** The bench's command line: what it says of itself, and how it refuses. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const MAIN = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));
const bench = (...args: readonly string[]) => spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8" });

it("--help names every bench and gives examples", { timeout: 20_000 }, () => {
  const { status, stdout } = bench("--help");
  expect(status).toBe(0);
  for (const one of ["agent", "engine", "loader", "start", "auto", "interrupt", "examples:"])
    expect(stdout).toContain(one);
});

it("a bench, program, subject or case that there is not is refused by name, with those that there are", {
  timeout: 40_000,
}, () => {
  for (const [args, known] of [
    [["nothing"], "interrupt"],
    [["engine", "--only", "nothing"], "sha256-start"],
    [["engine", "--subject", "nothing"], "v8-no-liftoff"],
    [["interrupt", "--only", "nothing"], "deep recursion"],
  ] as const) {
    const { status, stderr } = bench(...args);
    expect(status).toBe(2);
    expect(stderr).toContain("CLI_USAGE");
    expect(stderr).toContain(known);
  }
});
