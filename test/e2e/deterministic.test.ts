/** `sallyport run --deterministic`: one output, whatever the tier, the hour and the chance. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { assemble } from "../guests/guests.ts";
import { ROOT } from "../tree.ts";

const folder = mkdtempSync(join(tmpdir(), "sallyport-one-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes 48 bytes: two clocks, sixteen random bytes, and the bits of two NaNs. */
const program = join(folder, "program.wasm");
writeFileSync(
  program,
  assemble(`(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\30\\00\\00\\00")
  (func $zero (result f64) (f64.load (i32.const 512)))
  (func (export "_start")
    (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 16)))
    (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 24)))
    (drop (call $random (i32.const 32) (i32.const 16)))
    (f64.store (i32.const 48) (f64.div (call $zero) (call $zero)))
    (f64.store (i32.const 56) (f64.sqrt (f64.sub (call $zero) (f64.const 2))))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))`),
);

function run(...args: readonly string[]) {
  const done = spawnSync(process.execPath, [join(ROOT, "agent", "main.ts"), "run", program, ...args], { cwd: folder });
  return { status: done.status, out: done.stdout.toString("hex"), err: done.stderr.toString() };
}

it("gives the same bytes in both tiers and in every run; without it, no two runs are alike", () => {
  const metered = run("--tier", "metered", "--deterministic");
  expect(metered.status).toBe(0);
  expect(metered.out).toHaveLength(96);
  expect(metered.out.slice(64)).toBe("000000000000f87f".repeat(2));
  expect(run("--tier", "interpreter", "--deterministic")).toEqual(metered);
  expect(run("--tier", "metered", "--deterministic")).toEqual(metered);
  expect(run("--tier", "metered").out).not.toBe(run("--tier", "metered").out);
});

it("is refused where the host's compilers run the module as it is", () => {
  expect(run("--tier", "v8", "--deterministic")).toMatchObject({ status: 2 });
});
