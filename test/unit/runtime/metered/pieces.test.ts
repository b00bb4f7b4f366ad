/** Bulk operations in pieces write what the instructions write, trap before anything is written, and cost the same. */
import { describe, expect, it } from "vitest";
import { decodeModule } from "../../../../runtime/binary/decode.ts";
import { Store, type Value } from "../../../../runtime/interpret/index.ts";
import { sha256 } from "../../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { instrument, METER_EXPORTS } from "../../../../runtime/metered/index.ts";
import { validateModule } from "../../../../runtime/validate/module.ts";
import { assemble } from "../../../guests/guests.ts";

const TEXT = `(module
  (memory (export "memory") 8)
  (data $data "${"0123456789abcdef".repeat(10_000)}")
  (table (export "table") 20000 funcref)
  (elem $elem func ${"$a $b ".repeat(6000)})
  (func $a) (func $b)
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init") (param i32 i32 i32) (memory.init $data (local.get 0) (local.get 1) (local.get 2)))
  (func (export "drop") (param i32 i32 i32) (data.drop $data))
  (func (export "tableInit") (param i32 i32 i32) (table.init $elem (local.get 0) (local.get 1) (local.get 2)))
  (func (export "tableCopy") (param i32 i32 i32) (table.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "tableFill") (param i32 i32 i32) (table.fill (local.get 0) (ref.null func) (local.get 2)))
  (func (export "pattern") (param i32 i32 i32) (local i32)
    (loop (i32.store (local.get 3) (i32.mul (local.get 3) (i32.const 2654435761)))
      (br_if 0 (i32.lt_u (local.tee 3 (i32.add (local.get 3) (i32.const 4))) (i32.const 524288)))))
  (func (export "at") (param i32 i32 i32) (result i32) (ref.is_null (table.get (local.get 0)))))`;

type Step = readonly [name: string, a: number, b: number, n: number];
const STEPS: readonly Step[] = [
  ["pattern", 0, 0, 0],
  ["fill", 100, 7, 200_000],
  ["pattern", 0, 0, 0],
  ["copy", 1000, 0, 300_000],
  ["copy", 0, 70_001, 300_000],
  ["copy", 200_000, 200_000, 100_000],
  ["fill", 500_000, 9, 24_288],
  ["fill", 500_000, 9, 24_289],
  ["fill", 400_000, 9, 200_000],
  ["copy", 0, 300_000, 300_000],
  ["copy", -1, 0, 100_000],
  ["init", 5, 3, 150_000],
  ["init", 5, 30_000, 150_000],
  ["drop", 0, 0, 0],
  ["init", 0, 0, 100_000],
  ["tableInit", 3, 0, 12_000],
  ["tableCopy", 8000, 0, 12_000],
  ["tableCopy", 0, 5000, 15_000],
  ["tableCopy", 0, 5001, 15_000],
  ["tableFill", 100, 0, 9000],
  ["tableFill", 100, 0, 19_901],
  ["tableInit", 9000, 0, 12_000],
];

interface Subject {
  run(step: Step): boolean;
  state(): string;
}
const bytes = assemble(TEXT);
const FUEL = 1_000_000_000;

function interpreter(): Subject {
  const store = new Store({ fuel: FUEL });
  const valid = unwrap(validateModule(unwrap(decodeModule(bytes)), { registry: store.registry }));
  const instance = unwrap(store.instantiate(valid, () => undefined));
  const invoke = (name: string, values: readonly number[]) => {
    const f = instance.exports.get(name);
    if (f?.kind !== "function") throw new Error(`no ${name}`);
    return store.invoke(
      f,
      values.map((value): Value => ({ type: "i32", value })),
    );
  };
  return {
    run: ([name, ...values]) => invoke(name, values).ok,
    state() {
      const memory = instance.exports.get("memory");
      const table = instance.exports.get("table");
      if (memory?.kind !== "memory" || table?.kind !== "table") throw new Error("not exported");
      return `${sha256(memory.bytes)} ${store.fuel} ${sha256(Uint8Array.from(table.elements, (one) => (one === null ? 1 : 0)))}`;
    },
  };
}

function metered(): Subject {
  const made = unwrap(
    instrument(unwrap(validateModule(unwrap(decodeModule(bytes)))), { epoch: true, fuel: "exact", reentry: true }),
  );
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(made.bytes));
  const tank = exports[METER_EXPORTS.fuel] as { value: bigint };
  tank.value = BigInt(FUEL);
  return {
    run([name, ...values]) {
      try {
        (exports[name] as (...args: readonly number[]) => void)(...values);
        return true;
      } catch (error) {
        if (error instanceof WebAssembly.RuntimeError) return false;
        throw error;
      }
    },
    state() {
      const memory = exports["memory"] as { readonly buffer: ArrayBuffer };
      const table = exports["table"] as { readonly length: number; get(index: number): unknown };
      const nulls = Uint8Array.from({ length: table.length }, (_, n) => (table.get(n) === null ? 1 : 0));
      return `${sha256(new Uint8Array(memory.buffer))} ${tank.value} ${sha256(nulls)}`;
    },
  };
}

describe("bulk operations in pieces", () => {
  it("leave what the interpreter leaves after every step, forwards, backwards and out of bounds", () => {
    const [one, other] = [interpreter(), metered()];
    const outcomes = new Set<boolean>();
    for (const step of STEPS) {
      const expected = one.run(step);
      outcomes.add(expected);
      expect([step, other.run(step), other.state()]).toEqual([step, expected, one.state()]);
    }
    expect(outcomes.size).toBe(2);
  });
});

describe("large active segments", () => {
  const big = "0123456789abcdef".repeat(20_000);
  const text = (offset: string) => `(module
    (import "host" "base" (global $base i32))
    (memory (export "memory") 16)
    (data (i32.const 5) "early")
    (data (global.get $base) "${big}")
    (data (i32.const 100) "over what was there")
    (data (i32.const ${offset}) "last")
    (func $start (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 100)) (i32.load8_u (i32.const 1000)))))
    (start $start)
    (func (export "again") (memory.init 1 (i32.const 0) (i32.const 0) (i32.const 1))))`;
  const made = (offset: string) =>
    unwrap(
      instrument(unwrap(validateModule(unwrap(decodeModule(assemble(text(offset)))))), {
        epoch: true,
        fuel: "none",
        reentry: true,
      }),
    ).bytes;
  const imports = { host: { base: 50 } };

  it("are copied when the host calls the start function, in order, and dropped", () => {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(made("1048572")), imports);
    const memory = new Uint8Array((exports["memory"] as { readonly buffer: ArrayBuffer }).buffer);
    const words = (at: number, length: number) => new TextDecoder().decode(memory.subarray(at, at + length));
    expect([words(5, 5), memory[50], words(1048572, 4)]).toEqual(["early", 0, "\0\0\0\0"]);
    (exports[METER_EXPORTS.start] as () => void)();
    expect([words(50, 16), words(100, 9), words(1048572, 4)]).toEqual(["0123456789abcdef", "over what", "last"]);
    expect(memory[0]).toBe(("o".charCodeAt(0) + (memory[1000] ?? 0)) & 255);
    expect(exports["again"]).toThrow(WebAssembly.RuntimeError);
  });

  it("trap there when they do not fit, before anything behind them is copied", () => {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(made("1048573")), imports);
    expect(exports[METER_EXPORTS.start]).toThrow(WebAssembly.RuntimeError);
  });
});
