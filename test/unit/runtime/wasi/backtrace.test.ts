/** A program that traps tells the same fault in every tier: code, reason, functions by name, offsets in the published module. */
import { describe, expect, it } from "vitest";
import type { LoadedModule } from "../../../../runtime/engine.ts";
import { load } from "../../../../runtime/index.ts";
import { Store } from "../../../../runtime/interpret/index.ts";
import { Fault } from "../../../../runtime/kernel/fault.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { createRegistry } from "../../../../runtime/module/registry.ts";
import { framesOf, withFrames } from "../../../../runtime/v8/frames.ts";
import { validateModule } from "../../../../runtime/validate/module.ts";
import { createWasi, type OnV8, runOnV8 } from "../../../../runtime/wasi/index.ts";
import { assemble } from "../../../guests/guests.ts";

const FUEL = 100_000;
const loadedOf = (wat: string) => unwrap(load(assemble(`(module ${wat})`), { memoryPages: 100, tableElements: 100 }));

function interpreted({ module }: LoadedModule, fuel = FUEL): string {
  const registry = createRegistry();
  const store = new Store({ registry, fuel });
  const instance = unwrap(store.instantiate(unwrap(validateModule(module, { registry })), () => undefined));
  const run = instance.exports.get("run");
  if (run?.kind !== "function") throw new Error("no function run");
  const made = store.invoke(run, []);
  return made.ok ? "returned" : made.error.line();
}

function compiled(loaded: LoadedModule, more: Partial<OnV8> = {}): string {
  try {
    runOnV8(loaded, { wasi: unwrap(createWasi({})), entry: "run", args: [], metered: true, ...more });
    return "returned";
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.line();
    throw thrown;
  }
}

const TRAPPING = {
  "unreachable code, two calls deep":
    '(func $a (export "run") (call $b)) (func $b (call $c)) (func $c (nop) (unreachable))',
  "a load": `(memory 1) (func $a (export "run") (drop (call $b (i32.const -4))))
    (func $b (param i32) (result i32) (i32.add (i32.load (local.get 0)) (i32.const 1)))`,
  "a store": '(memory 1) (func (export "run") (i32.store (i32.const -4) (i32.add (i32.const 1) (i32.const 5))))',
  "a load in a loop that went on in a twin": `(memory 1) (func (export "run") (local i32) (loop $l
    (local.set 0 (i32.add (local.get 0) (i32.const 12))) (drop (i32.load (local.get 0)))
    (br_if $l (i32.lt_u (local.get 0) (i32.const 0x10000000)))))`,
  "a call in a loop that went on in a twin": `(memory 1) (func (export "run") (local i32) (loop $l
    (local.set 0 (i32.add (local.get 0) (i32.const 12))) (call $b (local.get 0)) (br $l)))
    (func $b (param i32) (if (i32.eq (local.get 0) (i32.const 60000)) (then (unreachable))))`,
  "a division of the module's own": '(func (export "run") (local i32) (drop (i32.div_u (i32.const 1) (local.get 0))))',
  "a remainder": '(func (export "run") (local i64) (drop (i64.rem_s (i64.const 1) (local.get 0))))',
  "a quotient that does not fit": '(func (export "run") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))',
  "a NaN": '(func (export "run") (drop (i32.trunc_f32_s (f32.const nan))))',
  "memory.fill, which is done in pieces":
    '(memory 1) (func (export "run") (memory.fill (i32.const 65535) (i32.const 1) (i32.const 5)))',
  "memory.init":
    '(memory 1) (data $d "abc") (func (export "run") (memory.init $d (i32.const 0) (i32.const 1) (i32.const 5)))',
  "an element that is not there": `(table 1 funcref) (type $t (func))
    (func (export "run") (call_indirect (type $t) (i32.const 5)))`,
  "an element of another type": `(table funcref (elem $b)) (type $t (func))
    (func $a (export "run") (call_indirect (type $t) (i32.const 0))) (func $b (param i32))`,
  "table.get": '(table 1 funcref) (func (export "run") (drop (table.get (i32.const 9))))',
  "a null reference": '(func (export "run") (drop (ref.as_non_null (ref.null func))))',
  "a null structure": `(type $s (struct (field i32))) (global $g (mut (ref null $s)) (ref.null $s))
    (func (export "run") (drop (struct.get $s 0 (global.get $g))))`,
  "a null function": `(type $t (func)) (global $g (mut (ref null $t)) (ref.null $t))
    (func (export "run") (call_ref $t (global.get $g)))`,
  "a cast": `(type $s (struct (field i32))) (type $u (struct (field i64))) (global $g (mut anyref) (ref.null any))
    (func (export "run") (global.set $g (struct.new $u (i64.const 1))) (drop (ref.cast (ref $s) (global.get $g))))`,
  "an array's bounds": `(type $a (array i32)) (func (export "run") (local i32)
    (drop (array.get $a (array.new_default $a (i32.const 3)) (i32.add (local.get 0) (i32.const 7)))))`,
};

describe("a trap", () => {
  it.each(Object.entries(TRAPPING))("of %s is told alike in every tier and grade", (_what, wat) => {
    const loaded = loadedOf(wat);
    const expected = interpreted(loaded);
    expect(expected).toMatch(/^TRAP_\w+: .* \(in .* at 0x[0-9a-f]+\)$/);
    expect(compiled(loaded)).toBe(expected);
    expect(compiled(loaded, { fuel: FUEL })).toBe(expected);
    expect(compiled(loaded, { metered: false })).toBe(expected);
    expect(compiled(loaded, { deterministic: true })).toBe(expected);
  });

  it("names functions as the name section does", () => {
    const name = (text: string) => [text.length, ...new TextEncoder().encode(text)];
    const functions = [2, 0, ...name("outer"), 1, ...name("inner")];
    const custom = [...name("name"), 1, functions.length, ...functions];
    const plain = assemble('(module (func $a (export "run") (call $b)) (func $b (unreachable)))');
    const loaded = unwrap(
      load(Uint8Array.from([...plain, 0, custom.length, ...custom]), { memoryPages: 1, tableElements: 1 }),
    );
    expect(compiled(loaded)).toContain("(in inner at 0x");
    expect(compiled(loaded)).toBe(interpreted(loaded));
  });

  it("in a module that was clamped is told at the published module's offsets", () => {
    const loaded = loadedOf('(memory 1) (func (export "run") (drop (i32.load (i32.const -1))))');
    expect(loaded.bytes.length).not.toBe(loaded.module.bytes.length);
    expect(compiled(loaded)).toBe(interpreted(loaded));
  });

  it("of deep recursion tells the innermost 32 frames", () => {
    const told = compiled(loadedOf('(func (export "run") (call 0) (nop))'));
    expect(told).toMatch(/^TRAP_STACK: call stack exhausted \(in (run at 0x20, )+r…\)$/);
    expect(compiled(loadedOf('(func (export "run") (call 0) (nop))'), { metered: false })).toBe(told);
  });
});

describe("a tank that ran empty", () => {
  it("is told as such, at the block that could not be paid", () => {
    const loaded = loadedOf('(func $a (export "run") (call $b) (call $b)) (func $b (loop $l (br $l)))');
    const told = compiled(loaded, { fuel: FUEL });
    expect(told).toBe(interpreted(loaded));
    expect(told).toMatch(/^TRAP_FUEL: all fuel is used up \(in function 1 at 0x/);
  });
});

describe("frames that V8 noted", () => {
  it("are not made by a name with line breaks in it", () => {
    const error = new Error("x");
    error.stack = "Error: x\n    at evil\n    at wasm://wasm/1:wasm-function[7]:0x10";
    expect(framesOf(error)).toEqual([]);
    expect(framesOf("no error")).toEqual([]);
  });

  it("are as many as asked for, and the host's own limit stands again afterwards", () => {
    const before = Error.stackTraceLimit;
    expect(() =>
      withFrames(3, () => {
        throw new Error("x");
      }),
    ).toThrow("x");
    expect(Error.stackTraceLimit).toBe(before);
  });
});
