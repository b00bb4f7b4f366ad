/** Programs from files in the interpreter, as a person runs, debugs, profiles and covers them on the command line. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ROOT } from "../tree.ts";

const folder = mkdtempSync(join(tmpdir(), "sallyport-programs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = join(ROOT, "examples", "debug", "readings.wasm");

function sallyport(args: readonly string[], input = "") {
  const done = spawnSync(process.execPath, [join(ROOT, "agent", "main.ts"), ...args], {
    cwd: folder,
    input,
    encoding: "utf8",
  });
  return { status: done.status, out: done.stdout, err: done.stderr };
}

describe("sallyport run --tier interpreter", () => {
  it("runs a command and shows its calls", () => {
    const { status, out, err } = sallyport(["run", program, "--tier", "interpreter", "--calls", "5000", "40", "8"]);
    expect({ status, out }).toEqual({ status: 0, out: "40 -> 40\n8 -> 32\nmean 24\n" });
    expect(err).toMatch(/smooth\(i32 40 \(0x28\), i32 8 \(0x8\)\)/);
  });

  it("ends with a code when the fuel is used up", () => {
    const { status, err } = sallyport(["run", program, "--tier", "interpreter", "--fuel", "1000"]);
    expect(status).toBe(1);
    expect(err).toContain("TRAP_FUEL");
  });

  it("says how to call a module that is no command", () => {
    const counter = join(folder, "nothing.wasm");
    const { status, err } = sallyport(["run", counter, "--tier", "interpreter"]);
    expect(status).toBe(1);
    expect(err).toContain("DISK_READ");
    expect(sallyport(["run", program, "--tier", "interpreter", "--invoke", "nobody"]).err).toContain("CLI_USAGE");
  });
});

describe("sallyport debug", () => {
  it("does what docs/debugging.md shows", () => {
    const page = readFileSync(join(ROOT, "docs", "debugging.md"), "utf8");
    const session = /```\n\$ sallyport debug \S+ (.*)\n([\s\S]*?)```/.exec(page);
    const lines = (session?.[2] ?? "").split("\n");
    const prompt = /^\(sallyport\) /;
    const typed = lines.filter((line) => prompt.test(line)).map((line) => line.replace(prompt, ""));
    const shown = lines.filter((line) => !prompt.test(line));
    expect(typed.length).toBeGreaterThan(4);
    const { out } = sallyport(["debug", program, ...(session?.[1] ?? "").split(" ")], `${typed.join("\n")}\n`);
    expect(out.split("\n")).toEqual(shown);
  });

  it("takes its commands from a pipe", () => {
    const commands = [
      "b sum",
      "run",
      "bt",
      "info",
      "print left",
      "up",
      "locals",
      "nonsense",
      "l",
      "m 1024 16",
      "dis",
      "q",
    ];
    const { status, out } = sallyport(["debug", program, "40", "8"], `${commands.join("\n")}\n`);
    expect(status).toBe(0);
    expect(out).toMatch(/breakpoint 1: sum at 0x[0-9a-f]+, readings\.c:26/);
    expect(out).toMatch(/\* #0 sum at readings\.c:26\n {2}#1 main at readings\.c:47\n/);
    expect(out).toMatch(/left = 2\n#1 main at readings\.c:47/);
    expect(out).toMatch(/total = 0\n/);
    expect(out).toContain("there is no command nonsense");
    expect(out).toMatch(/-> +47\t {2}int total = sum\(readings, count\);/);
    expect(out).toMatch(/00000400 {2}.*\n/);
  });
});

describe("sallyport profile", () => {
  it("writes a flame graph and folded stacks", () => {
    const { status, err } = sallyport([
      "profile",
      program,
      "--every",
      "50",
      "-o",
      "flame.svg",
      "--folded",
      "stacks.txt",
    ]);
    expect(status).toBe(0);
    expect(err).toMatch(/%\s+main\n/);
    const svg = readFileSync(join(folder, "flame.svg"), "utf8");
    expect(svg).toMatch(/^<svg [\s\S]*<title>main: \d+ samples, [\d.]+ %<\/title>[\s\S]*<\/svg>\n$/);
    expect(readFileSync(join(folder, "stacks.txt"), "utf8")).toMatch(/;main;printf\S* \d+\n/);
  });
});

describe("sallyport coverage", () => {
  it("names the lines that did not run, and writes a tracefile", () => {
    const { status, err } = sallyport(["coverage", program, "--lcov", "cover.info", "40", "8"]);
    expect(status).toBe(0);
    expect(err).toContain("not run: 39-40");
    const info = readFileSync(join(folder, "cover.info"), "utf8");
    expect(info).toMatch(/SF:\S+readings\.c\n/);
    expect(info).toMatch(/\nDA:32,2\n/);
    expect(info).toMatch(/\nFNDA:3,sum\n/);
  });
});
