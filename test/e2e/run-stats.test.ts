/** What a program took is the same in both tiers: fuel to the unit, memory, tables, calls of the host. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { assemble } from "../guests/guests.ts";
import { ROOT } from "../tree.ts";

const folder = mkdtempSync(join(tmpdir(), "sallyport-stats-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function sallyport(...args: readonly string[]) {
  const done = spawnSync(process.execPath, [join(ROOT, "agent", "main.ts"), ...args], {
    cwd: folder,
    encoding: "utf8",
  });
  return { status: done.status, out: done.stdout, lines: done.stderr.trim().split("\n") };
}

let files = 0;
function file(wat: string): string {
  files += 1;
  const path = join(folder, `program-${files}.wasm`);
  writeFileSync(path, assemble(wat));
  return path;
}

/** The object of `--stats --json`, without what differs from run to run. */
function stats(tier: string, ...args: readonly string[]) {
  const { lines } = sallyport("run", ...args, "--tier", tier, "--stats", "--json");
  const object: unknown = JSON.parse(lines.find((line) => line.startsWith("{")) ?? "null");
  const { timeMs, tier: said, ...rest } = Object(object);
  return { keys: Object.keys(Object(object)), timed: typeof timeMs === "number" && timeMs > 0, said, rest };
}

const HOST = `(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))`;
/** Grows its memory and a table that it shows to nobody, writes a line twice, looks at a clock that is not there. */
const BUSY = file(`(module ${HOST}
  (memory (export "memory") 1) (table $t 3 funcref)
  (data (i32.const 0) "\\08\\00\\00\\00\\03\\00\\00\\00hi\\n")
  (start $first) (func $first (drop (memory.grow (i32.const 1))))
  (func $turns (param $n i32) (loop $more (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "_start")
    (drop (memory.grow (i32.const 5)))
    (drop (table.grow $t (ref.null func) (i32.const 7)))
    (call $turns (i32.const 9999))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
    (drop (call $clock (i32.const 99) (i64.const 0) (i32.const 24)))
    (call $exit (i32.const 3))))`);

describe("the statistics of a program", () => {
  it("are the same in both tiers, under the same names", () => {
    const metered = stats("metered", BUSY);
    const interpreter = stats("interpreter", BUSY);
    expect(metered.rest).toEqual(interpreter.rest);
    expect(metered.keys).toEqual(interpreter.keys);
    expect([metered.said, interpreter.said, metered.timed, interpreter.timed]).toEqual([
      "metered",
      "interpreter",
      true,
      true,
    ]);
    expect(metered.rest).toMatchObject({
      memory: { count: 1, pages: 7 },
      tables: { count: 1, elements: 10 },
      hostCalls: { fd_write: 2, clock_time_get: 1, proc_exit: 1 },
      failedHostCalls: 1,
      bytes: { read: 0, written: 6 },
    });
    expect(metered.rest.fuel).toBeGreaterThan(9999);
  });

  it("are told of a program that trapped and of one whose fuel ran out, with the same fuel", () => {
    const trapping = file(
      '(module (memory (export "memory") 1) (func (export "_start") (drop (memory.grow (i32.const 1))) (drop (i32.load (i32.const -4)))))',
    );
    expect(stats("metered", trapping).rest).toEqual(stats("interpreter", trapping).rest);
    expect(stats("metered", trapping).rest).toMatchObject({ memory: { pages: 2 } });
    const [one, other] = ["metered", "interpreter"].map((tier) => stats(tier, BUSY, "--fuel", "5000"));
    expect(one?.rest).toEqual(other?.rest);
    expect(one?.rest.fuel).toBeGreaterThanOrEqual(5000);
    expect(one?.rest.hostCalls).toEqual({});
  });

  it("of the tier without a leash say what is not known there, under the same names", () => {
    const v8 = stats("v8", BUSY);
    expect(v8.keys).toEqual(stats("metered", BUSY).keys);
    expect(v8.rest).toMatchObject({ fuel: null, memory: null, tables: null, hostCalls: { fd_write: 2 } });
  });

  it("are written for people unless JSON is asked for, and JSON alone is asking for nothing", () => {
    const { status, out, lines } = sallyport("run", BUSY, "--stats");
    expect({ status, out }).toEqual({ status: 3, out: "hi\nhi\n" });
    expect(lines.map((line) => line.split(":")[0])).toEqual([
      "time",
      "fuel",
      "memory",
      "tables",
      "host calls",
      "bytes",
    ]);
    expect(sallyport("run", BUSY, "--json").status).toBe(2);
  });
});
