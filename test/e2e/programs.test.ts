/** Programs from files in the interpreter, as a person runs, debugs, profiles and covers them on the command line. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { assemble } from "../guests/guests.ts";
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

describe("sallyport run in the interpreter", () => {
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

describe("sallyport run --tier auto", () => {
  it("runs a program, which is one call, in the tier that can do what is asked", () => {
    const file = join(folder, "auto.wasm");
    writeFileSync(file, assemble('(module (func (export "f") (result i32) (i32.const 7)))'));
    const run = (...args: readonly string[]) => sallyport(["run", file, "--tier", "auto", "--invoke", "f", ...args]);
    expect(run().out).toContain("i32 7 ");
    const traced = run("--trace", "5");
    expect(traced.out).toContain("i32 7 ");
    expect(traced.err).toContain("i32.const 7");
  });
});

describe.each(["metered", "interpreter"])("sallyport run --tier %s", (tier) => {
  const run = (wat: string, ...args: readonly string[]) => {
    const file = join(folder, "program.wasm");
    writeFileSync(file, assemble(wat));
    return sallyport(["run", file, "--tier", tier, ...args]);
  };

  it("gives a program its directory, and no way to write to one that is read-only", () => {
    const data = join(folder, `data-${tier}`);
    mkdirSync(data, { recursive: true });
    expect(run(MAKE_DIRECTORY, "--dir", `/d::${data}:readonly`).status).toBe(76);
    expect(run(MAKE_DIRECTORY, "--dir", `/d::${data}`).status).toBe(0);
    expect(run(MAKE_DIRECTORY, "--dir", `/d::${data}`).status).toBe(20);
    expect(existsSync(join(data, "new"))).toBe(true);
    expect(run(MAKE_DIRECTORY).status).toBe(8);
    expect(run(MAKE_DIRECTORY, "--dir", "/d::/proc").err).toContain("WASI_PREOPEN");
  });

  it("stops a program that runs too long, in a loop or asleep", () => {
    expect(run('(module (func (export "_start") (loop (br 0))))', "--timeout", "200").err).toContain("CLI_TIME_LIMIT");
    expect(run(SLEEP, "--timeout", "200").err).toContain("CLI_TIME_LIMIT");
  });

  it("stops a program that waits for its input", async () => {
    const file = join(folder, "reads.wasm");
    writeFileSync(file, assemble(READ));
    const args = [join(ROOT, "agent", "main.ts"), "run", file, "--tier", tier, "--timeout", "200"];
    const child = spawn(process.execPath, args, { stdio: ["pipe", "ignore", "pipe"] });
    const [status] = await once(child, "exit");
    child.stdin?.destroy();
    expect(status).toBe(1);
  });

  it("calls a function with numbers of every type", () => {
    const wat = '(module (func (export "f") (param i32 i64 f32 f64) (result f64) (local.get 3)))';
    expect(run(wat, "--invoke", "f", "1", "2", "3.5", "4.25").out).toBe("f64 4.25\n");
  });

  it("sets a reactor up before it calls one of its functions", () => {
    const wat = `(module (global $g (mut i32) (i32.const 0)) (func (export "_initialize") (global.set $g (i32.const 7)))
      (func (export "f") (result i32) (global.get $g)))`;
    expect(run(wat, "--invoke", "f").out).toContain("i32 7 ");
  });

  it("lets its memory grow no further than it is told", () => {
    const wat = '(module (memory 1) (func (export "f") (result i32) (memory.grow (i32.const 9))))';
    expect(run(wat, "--invoke", "f", "--memory-pages", "9").out).toContain("i32 -1");
    expect(run(wat, "--invoke", "f", "--memory-pages", "10").out).toContain("i32 1 ");
  });

  it("refuses imports that are not WASI's, and WASI's with another type", () => {
    const of = (text: string) => `(module (import ${text}) (func (export "_start")))`;
    expect(run(of('"env" "abort" (func)')).err).toContain("LINK_UNKNOWN_IMPORT");
    expect(run(of('"wasi_snapshot_preview1" "fd_close" (func (param i64) (result i32))')).err).toContain("LINK_");
  });

  it("counts what the program asked of its host", () => {
    expect(run(MAKE_DIRECTORY, "--stats").err).toMatch(/host calls: path_create_directory 1, proc_exit 1; 1 answered/);
  });

  it("ends with the trap's code", () => {
    expect(run('(module (func (export "_start") unreachable))').err).toContain("TRAP_UNREACHABLE");
  });
});

/** Exits with the error number of making `new` in the first directory. */
const MAKE_DIRECTORY = `(module
  (import "wasi_snapshot_preview1" "path_create_directory" (func $make (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (data (i32.const 8) "new")
  (func (export "_start") (call $exit (call $make (i32.const 3) (i32.const 8) (i32.const 3)))))`;

const READ = `(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 0) "\\40\\00\\00\\00\\08\\00\\00\\00")
  (func (export "_start") (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))))`;

const SLEEP = `(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i64.store (i32.const 24) (i64.const 100000000000))
    (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))`;

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
