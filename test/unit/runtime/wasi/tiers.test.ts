/** The same functions under both tiers: what a guest sees of its host, and that its end and its stack are its own. */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { GuestTier } from "../../../../runtime/guest-code.ts";
import { interpreterTier } from "../../../../runtime/interpret/guest-code.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { v8Tier } from "../../../../runtime/v8/guest-code.ts";
import { createWasi, WASI_MODULE, WasiExit, type WasiOptions } from "../../../../runtime/wasi/index.ts";
import { assemble } from "../../../guests/guests.ts";
import { folder } from "./rig.ts";

const HEAD = `
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "hello") (data (i32.const 32) "\\10\\00\\00\\00\\05\\00\\00\\00")`;

const TIERS: readonly (readonly [string, GuestTier])[] = [
  ["v8", v8Tier],
  ["interpreter", interpreterTier],
];

describe.each(TIERS)("on %s", (_name, tier) => {
  function guest(body: string, options: WasiOptions = {}) {
    const wasi = unwrap(createWasi(options));
    let memory: (() => Uint8Array) | undefined;
    wasi.bind(() => memory?.() ?? new Uint8Array(0));
    const code = tier.make(assemble(`(module ${HEAD} ${body})`), WASI_MODULE, wasi.functions);
    memory = () => code.memory();
    return { wasi, code };
  }

  it("a program writes, and sees the bytes that were written", () => {
    const written: string[] = [];
    const { code } = guest(
      `(func (export "f") (result i32)
        (drop (call $write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 64))) (i32.load (i32.const 64)))`,
      { stdout: { write: (bytes) => void written.push(new TextDecoder().decode(bytes)) } },
    );
    expect(code.call("f")).toBe(5);
    expect(written).toEqual(["hello"]);
  });

  it("memory that has grown is there at the next call", () => {
    const { code } = guest(
      `(func (export "f") (result i32)
        (drop (memory.grow (i32.const 1))) (call $random (i32.const 70000) (i32.const 8)))`,
      { random: (into) => into.fill(1) },
    );
    expect(code.call("f")).toBe(0);
    expect(code.memory()[70_007]).toBe(1);
  });

  it("a program that catches its own end does not go on", () => {
    const calls: string[] = [];
    const { code, wasi } = guest(
      `(func (export "f") (result i32)
         (block $caught (try_table (catch_all $caught) (call $exit (i32.const 3))))
         (drop (call $write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 64))) (i32.const 9))`,
      { stdout: { write: () => void calls.push("written") } },
    );
    expect(() => code.call("f")).toThrow(WasiExit);
    expect(calls).toEqual([]);
    expect(wasi.stats().calls).toEqual({ proc_exit: 1 });
  });

  it("a program that calls with its stack used up leaves nothing open behind it", () => {
    const { root } = folder();
    const { code, wasi } = guest(
      `(func $deep (export "f") (result i32)
         (drop (call $mkdir (i32.const 3) (i32.const 16) (i32.const 5)))
         (i32.add (call $deep) (i32.const 1)))`,
      { preopens: [{ guestPath: "/", hostPath: root }] },
    );
    const before = readdirSync("/proc/self/fd").length;
    expect(() => code.call("f")).toThrow();
    // The call that did not come back may have left what it held; there is no second one.
    expect(readdirSync("/proc/self/fd").length).toBeLessThan(before + 4);
    wasi.close();
  });
});
