/** Where bodies look at the epoch, and what of the added code the host's compiler is told to expect rarely. */
import { describe, expect, it } from "vitest";
import { decodeModule } from "../../../../runtime/binary/decode.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { HINTS } from "../../../../runtime/metered/hints.ts";
import { EPOCH, instrument, METER_EXPORTS, type MeterOptions, WHY, whyOf } from "../../../../runtime/metered/index.ts";
import { planLooks } from "../../../../runtime/metered/looks.ts";
import { scanBody } from "../../../../runtime/metered/scan.ts";
import { ALL_FEATURES } from "../../../../runtime/module/features.ts";
import { validateModule } from "../../../../runtime/validate/module.ts";
import { assemble } from "../../../guests/guests.ts";

const EPOCH_ONLY: MeterOptions = { epoch: true, fuel: "none", reentry: true };
const validOf = (wat: string) =>
  unwrap(validateModule(unwrap(decodeModule(assemble(wat))), { features: ALL_FEATURES }));

/** Heads with a look, out of how many, of the first function; and the weights of its loops. */
function looksOf(wat: string, turns = 4096) {
  const { module } = validOf(wat);
  const body = module.code[0]?.body ?? { start: 0, end: 0 };
  const { heads, weights } = planLooks(scanBody(module.bytes, body.start, body.end, 0), turns);
  return { heads: Array.from(heads), weights: [...weights.values()] };
}

describe("a function", () => {
  it("that recurs looks where it is about to call, once, and not where a recursion ends", () => {
    const wat = `(module (func $f (param i32) (result i32) (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add (call $f (i32.sub (local.get 0) (i32.const 1))) (call $f (i32.sub (local.get 0) (i32.const 2))))))))`;
    expect(looksOf(wat).heads).toEqual([0, 0, 1, 0]);
  });

  it("that calls in both arms and behind them looks on every path", () => {
    const wat = `(module (func $f (param i32) (if (local.get 0) (then (call $f (i32.const 0))) (else (call $f (i32.const 1))))
      (call $f (i32.const 2))))`;
    expect(looksOf(wat).heads).toEqual([0, 1, 1, 1]);
  });

  it("without calls and loops looks when it is long, and not when it is short", () => {
    const straight = (count: number) => `(module (func ${"(drop (i32.const 1))".repeat(count)}))`;
    expect(looksOf(straight(500)).heads).toEqual([0]);
    expect(looksOf(straight(513)).heads).toEqual([1]);
  });

  it("counts a turn of a loop that calls much more than once, and half of the countdown at most", () => {
    const wat = `(module (func $f (param i32) (loop $l ${"(call $f (i32.const 0))".repeat(40)} (br_if $l (local.get 0)))))`;
    expect(looksOf(wat).weights).toEqual([3]);
    expect(looksOf(wat, 2).weights).toEqual([1]);
  });
});

describe("a guest that is told to stop", () => {
  it.each([
    ["recurs", '(func $f (export "run") (param i32) (call $f (i32.const 0)) (call $f (i32.const 0)))'],
    ["calls its own tail", '(func $f (export "run") (param i32) (return_call $f (i32.const 0)))'],
    ["turns a loop", '(func $f (export "run") (param i32) (loop $l (br $l)))'],
    [
      "turns a loop with a value below it",
      '(func $f (export "run") (param i32) (drop (i32.add (i32.const 1) (loop $l (result i32) (br $l)))))',
    ],
  ])("stops when it %s", (_what, wat) => {
    const made = unwrap(instrument(validOf(`(module ${wat})`), EPOCH_ONLY));
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(made.bytes));
    new Int32Array((exports[METER_EXPORTS.epoch] as WebAssembly.Memory).buffer)[0] = EPOCH.stop;
    expect(() => (exports["run"] as (n: number) => void)(1)).toThrow(WebAssembly.RuntimeError);
    expect(whyOf(exports)).toBe(WHY.stopped);
  });
});

describe("hints", () => {
  const wat = `(module (import "m" "f" (func $f)) (func (export "run") (param i64) (local f32 f64 f64)
    (loop $l (call $f) (br_if $l (i32.wrap_i64 (local.get 0))))) (func (local i32) (call $f)))`;

  it("lie at instructions `if` of the functions that they name", () => {
    const { bytes } = unwrap(instrument(validOf(wat), { ...EPOCH_ONLY, fuel: "exact" }));
    const { customs, code } = unwrap(decodeModule(bytes));
    const section = customs.find(({ name }) => name === HINTS)?.bytes ?? { start: 0, end: 0 };
    let at = section.start;
    const byte = () => bytes[at++] as number;
    const hinted: number[] = [];
    for (let left = byte(); left > 0; left -= 1) {
      const index = byte();
      hinted.push(index);
      const { start } = code[index - 1]?.body ?? { start: 0 };
      // The declaration of locals lies before the instructions: look for how long it is from the size before it.
      for (let count = byte(); count > 0; count -= 1) {
        const low = byte();
        const offset = low < 128 ? low : (low & 127) + 128 * byte();
        expect([byte(), byte()]).toEqual([1, 0]);
        expect(bytes[bodyStart(bytes, start) + offset]).toBe(0x04);
      }
    }
    expect(at).toBe(section.end);
    expect(hinted).toEqual([1, 2, 4]);
  });

  it("are not given for functions that the deterministic profile rewrites afterwards", () => {
    const floats = '(module (func $f (export "run") (param f32) (result f32) (call $f (f32.sqrt (local.get 0)))))';
    const { bytes } = unwrap(instrument(validOf(floats), { ...EPOCH_ONLY, deterministic: true }));
    const section = unwrap(decodeModule(bytes)).customs.find(({ name }) => name === HINTS)?.bytes;
    expect(bytes.subarray(section?.start, section?.end)).toEqual(Uint8Array.of(0));
  });
});

/** Where a body's declaration of locals begins, from where its instructions do: each entry is a count and one byte of type. */
function bodyStart(bytes: Uint8Array, instructions: number): number {
  for (let count = 0; ; count += 1) {
    const at = instructions - 2 * count - 1;
    if (bytes[at] === count) return at;
  }
}
