/** The state of an instance in the interpreter, put into one of the metered tier: all of it, exported or not, or none. */
import { describe, expect, it } from "vitest";
import { putState } from "../../../../runtime/auto/put.ts";
import { CARRY_LIMITS, stateOf } from "../../../../runtime/auto/state.ts";
import { decodeModule } from "../../../../runtime/binary/decode.ts";
import { HostRef, Store, type Value } from "../../../../runtime/interpret/index.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { instrument, METER_EXPORTS, type MeterOptions } from "../../../../runtime/metered/index.ts";
import { ALL_FEATURES } from "../../../../runtime/module/features.ts";
import { I32 } from "../../../../runtime/module/val-type.ts";
import { validateModule } from "../../../../runtime/validate/module.ts";
import { assemble } from "../../../guests/guests.ts";

const OPTIONS: MeterOptions = { epoch: true, fuel: "exact", reentry: true, carry: true };
type Given = number | bigint | null | HostRef;

/** A module in the interpreter; the host function `host.hear` writes down what it is called with. */
function begin(wat: string) {
  const store = new Store({ fuel: 1_000_000 });
  const features = ALL_FEATURES;
  const valid = unwrap(validateModule(unwrap(decodeModule(assemble(wat))), { registry: store.registry, features }));
  const heard: number[] = [];
  const hear = store.hostFunction([I32], [], ([one]) => {
    heard.push(one?.type === "i32" ? one.value : Number.NaN);
    return [];
  });
  const instance = unwrap(store.instantiate(valid, (_module, name) => (name === "hear" ? hear : undefined)));
  const call = (name: string, ...given: Given[]): unknown => {
    const f = instance.exports.get(name);
    if (f?.kind !== "function") throw new Error(`no function ${name}`);
    const args = given.map(toValue);
    const [result] = unwrap(store.invoke(f, args));
    return result === undefined ? undefined : plain(result);
  };
  const carry = () => {
    const state = stateOf({ valid, store, instance });
    if (typeof state === "string") return state;
    const compiled = new WebAssembly.Module(unwrap(instrument(valid, OPTIONS)).bytes);
    const host = { hear: (one: number) => void heard.push(one) };
    const { exports } = new WebAssembly.Instance(compiled, { host });
    putState(state, exports);
    const tank = exports[METER_EXPORTS.fuel] as { readonly value: bigint };
    const next = (name: string, ...given: Given[]): unknown =>
      (exports[name] as (...args: unknown[]) => unknown)(
        ...given.map((one) => (one instanceof HostRef ? one.value : one)),
      );
    return { call: next, left: () => Number(tank.value) };
  };
  return { store, call, carry, heard };
}

function toValue(one: Given): Value {
  if (typeof one === "number") return { type: "i32", value: one };
  return typeof one === "bigint" ? { type: "i64", value: one } : { type: "ref", value: one };
}

function plain(value: Value): unknown {
  if (value.type === "i32" || value.type === "i64") return value.value;
  if (value.type === "ref") return value.value instanceof HostRef ? value.value.value : value.value;
  throw new Error(`a result of ${value.type}`);
}

function carried(begun: ReturnType<typeof begin>) {
  const next = begun.carry();
  if (typeof next === "string") throw new Error(`stays: ${next}`);
  return next;
}

/** Each observer is called here and there. */
function sameAfterwards(begun: ReturnType<typeof begin>, looks: readonly (readonly [string, ...Given[]])[]): unknown[] {
  const here = looks.map(([name, ...args]) => begun.call(name, ...args));
  const next = carried(begun);
  const there = looks.map(([name, ...args]) => next.call(name, ...args));
  expect(there).toEqual(here);
  return here;
}

describe("what is carried", () => {
  it("memories that nobody exports, grown as they are, over what active segments brought", () => {
    const begun = begin(`(module
      (memory $a 1 4) (memory $b 1)
      (data (memory $a) (i32.const 0) "first") (data (memory $b) (i32.const 8) "second")
      (func (export "change")
        (drop (memory.grow $a (i32.const 2)))
        (i32.store8 $a (i32.const 0) (i32.const 70))
        (i32.store $a (i32.const 196604) (i32.const 77))
        (i64.store $b (i32.const 8) (i64.const 0)))
      (func (export "a") (param i32) (result i32) (i32.load $a (local.get 0)))
      (func (export "b") (param i32) (result i32) (i32.load $b (local.get 0)))
      (func (export "pages") (result i32) (memory.size $a))
      (func (export "more") (result i32) (memory.grow $a (i32.const 1))))`);
    begun.call("change");
    const looks = [["a", 0], ["a", 196_604], ["b", 8], ["pages"]] as const;
    expect(sameAfterwards(begun, looks)).toEqual([0x73726946, 77, 0, 3]);
    const next = carried(begun);
    expect([next.call("more"), next.call("more")]).toEqual([3, -1]);
  });

  it("memories and tables of 64 bits, and shared ones, as large as they have become", () => {
    const begun = begin(`(module
      (memory $w i64 1 4) (memory $s 1 4 shared) (table $t i64 1 9 funcref) (elem declare func $f)
      (func $f (result i32) (i32.const 8))
      (func (export "change")
        (drop (memory.grow $w (i64.const 1))) (i32.store $w (i64.const 131068) (i32.const 3))
        (drop (memory.grow $s (i32.const 2))) (i32.atomic.store $s (i32.const 196604) (i32.const 4))
        (drop (table.grow $t (ref.func $f) (i64.const 2))))
      (func (export "w") (result i32) (i32.load $w (i64.const 131068)))
      (func (export "s") (result i32) (i32.atomic.load $s (i32.const 196604)))
      (func (export "pages") (result i64) (memory.size $w))
      (func (export "size") (result i64) (table.size $t))
      (func (export "null") (result i32) (ref.is_null (table.get $t (i64.const 0))))
      (func (export "t") (result i32) (call_indirect $t (result i32) (i64.const 2))))`);
    begun.call("change");
    const looks = [["w"], ["s"], ["pages"], ["size"], ["null"], ["t"]] as const;
    expect(sameAfterwards(begun, looks)).toEqual([3, 4, 2n, 3n, 1, 8]);
  });

  it("globals of every number type to the bit, NaNs and vectors too, and those that never change", () => {
    const begun = begin(`(module
      (global $i (mut i32) (i32.const 1)) (global $l (mut i64) (i64.const 2)) (global $f (mut f32) (f32.const 3))
      (global $d (mut f64) (f64.const 4)) (global $v (mut v128) (v128.const i64x2 0 0)) (global $c i32 (i32.const 9))
      (func (export "change")
        (global.set $i (i32.const -5)) (global.set $l (i64.const -6000000000))
        (global.set $f (f32.reinterpret_i32 (i32.const 0x7fa12345)))
        (global.set $d (f64.reinterpret_i64 (i64.const 0xfff4000000000001)))
        (global.set $v (v128.const i64x2 0x123456789abcdef0 -2)))
      (func (export "i") (result i32) (i32.add (global.get $i) (global.get $c)))
      (func (export "l") (result i64) (global.get $l))
      (func (export "f") (result i32) (i32.reinterpret_f32 (global.get $f)))
      (func (export "d") (result i64) (i64.reinterpret_f64 (global.get $d)))
      (func (export "v0") (result i64) (i64x2.extract_lane 0 (global.get $v)))
      (func (export "v1") (result i64) (i64x2.extract_lane 1 (global.get $v))))`);
    begun.call("change");
    expect(sameAfterwards(begun, [["i"], ["l"], ["f"], ["d"], ["v0"], ["v1"]])).toEqual([
      4,
      -6_000_000_000n,
      0x7fa12345,
      BigInt.asIntN(64, 0xfff4000000000001n),
      0x123456789abcdef0n,
      -2n,
    ]);
  });

  it("tables of functions by index, the host's included, with what has been taken out and added", () => {
    const begun = begin(`(module
      (import "host" "hear" (func $hear (param i32)))
      (type $say (func (param i32))) (type $give (func (result i32)))
      (table $t 4 20 funcref) (elem (table $t) (i32.const 0) func $one $two $hear) (elem declare func $three)
      (global $f (mut funcref) (ref.null func)) (global $g (mut (ref null $give)) (ref.null $give))
      (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2)) (func $three (result i32) (i32.const 3))
      (func (export "change")
        (table.set $t (i32.const 0) (ref.null func))
        (drop (table.grow $t (ref.func $three) (i32.const 2)))
        (global.set $f (table.get $t (i32.const 1)))
        (global.set $g (ref.func $three)))
      (func (export "call") (param i32) (result i32) (call_indirect $t (type $give) (local.get 0)))
      (func (export "say") (param i32) (call_indirect $t (type $say) (local.get 0) (i32.const 2)))
      (func (export "null") (param i32) (result i32) (ref.is_null (table.get $t (local.get 0))))
      (func (export "size") (result i32) (table.size $t))
      (func (export "global") (result i32) (table.set $t (i32.const 3) (global.get $f)) (call_indirect $t (type $give) (i32.const 3)))
      (func (export "typed") (result i32) (call_ref $give (ref.as_non_null (global.get $g)))))`);
    begun.call("change");
    const looks = [["call", 1], ["call", 4], ["call", 5], ["null", 0], ["size"], ["global"], ["typed"]];
    expect(sameAfterwards(begun, looks as [string, ...Given[]][])).toEqual([2, 3, 3, 1, 6, 2, 3]);
    carried(begun).call("say", 41);
    expect(begun.heard).toEqual([41]);
  });

  it("references of the host as they are, and small numbers with their sign", () => {
    const thing = { of: "the host" };
    const begun = begin(`(module
      (table $e 2 externref) (table $a 2 anyref) (global $g (mut externref) (ref.null extern))
      (func (export "keep") (param externref)
        (table.set $e (i32.const 1) (local.get 0)) (global.set $g (local.get 0))
        (table.set $a (i32.const 0) (ref.i31 (i32.const -7))) (table.set $a (i32.const 1) (ref.i31 (i32.const 0x3fffffff))))
      (func (export "e") (param i32) (result externref) (table.get $e (local.get 0)))
      (func (export "g") (result externref) (global.get $g))
      (func (export "a") (param i32) (result i32) (i31.get_s (ref.cast (ref i31) (table.get $a (local.get 0))))))`);
    begun.call("keep", new HostRef(thing));
    const looks = [["e", 0], ["e", 1], ["g"], ["a", 0], ["a", 1]] as const;
    expect(sameAfterwards(begun, looks)).toEqual([null, thing, thing, -7, 0x3fffffff]);
  });

  it("which segments are dropped: those trap, the others still bring what they hold", () => {
    const begun = begin(`(module
      (memory 1) (table $t 4 funcref)
      (data $gone "gone") (data $here "here") (elem $nobody func $f) (elem $somebody func $f)
      (func $f (result i32) (i32.const 6))
      (func (export "drop") (data.drop $gone) (elem.drop $nobody))
      (func (export "here") (result i32) (memory.init $here (i32.const 0) (i32.const 0) (i32.const 4)) (i32.load (i32.const 0)))
      (func (export "gone") (memory.init $gone (i32.const 0) (i32.const 0) (i32.const 4)))
      (func (export "somebody") (result i32) (table.init $t $somebody (i32.const 0) (i32.const 0) (i32.const 1)) (call_indirect $t (result i32) (i32.const 0)))
      (func (export "nobody") (table.init $t $nobody (i32.const 0) (i32.const 0) (i32.const 1))))`);
    begun.call("drop");
    expect(sameAfterwards(begun, [["here"], ["somebody"]])).toEqual([0x65726568, 6]);
    const next = carried(begun);
    expect(() => next.call("gone")).toThrow(/out of bounds/);
    expect(() => next.call("nobody")).toThrow(/out of bounds/);
  });

  it("data beyond what is copied at instantiation, changed and dropped like the rest", () => {
    const large = "x".repeat(300_000);
    const begun = begin(`(module (memory 8) (data (i32.const 0) "${large}") (data (i32.const 300000) "later")
      (func (export "change") (i32.store (i32.const 300000) (i32.const 5)))
      (func (export "at") (param i32) (result i32) (i32.load (local.get 0))))`);
    begun.call("change");
    expect(
      sameAfterwards(begun, [
        ["at", 0],
        ["at", 300_000],
      ] as const),
    ).toEqual([0x78787878, 5]);
  });

  it("what the start function did, and it runs no second time", () => {
    const begun = begin(`(module (global $n (mut i32) (i32.const 0)) (start $s)
      (func $s (global.set $n (i32.add (global.get $n) (i32.const 1))))
      (func (export "n") (result i32) (global.get $n)))`);
    expect(sameAfterwards(begun, [["n"]])).toEqual([1]);
  });

  it("the fuel that is left, to the unit over both", () => {
    const wat = `(module (global $n (mut i32) (i32.const 0))
      (func (export "count") (param i32) (loop (global.set $n (i32.add (global.get $n) (i32.const 1)))
        (br_if 0 (i32.lt_u (global.get $n) (local.get 0))))))`;
    const alone = begin(wat);
    alone.call("count", 10);
    alone.call("count", 500);
    const begun = begin(wat);
    begun.call("count", 10);
    const next = carried(begun);
    expect(next.left()).toBe(begun.store.fuel);
    next.call("count", 500);
    expect(next.left()).toBe(alone.store.fuel);
  });
});

describe("what stays in the interpreter", () => {
  const GC = `(type $s (struct (field (mut i32))))
    (func (export "set") (param i32) (struct.set $s 0 (global.get $g) (local.get 0)))`;
  it.each([
    ["shape", "an imported global", '(module (import "host" "x" (global i32)) (func (export "f")))'],
    ["shape", "a table of exceptions", "(module (table 1 exnref))"],
    ["objects", "an object in a global", `(module ${GC} (global $g (mut (ref $s)) (struct.new $s (i32.const 1))))`],
    [
      "objects",
      "an object in a global of one value",
      `(module ${GC} (global $g (ref $s) (struct.new $s (i32.const 1))))`,
    ],
    ["size", "a large memory", `(module (memory ${CARRY_LIMITS.memoryBytes / 65_536 + 1}))`],
    ["size", "a large table", `(module (table ${CARRY_LIMITS.tableElements + 1} funcref))`],
  ])("%s: %s", (why, _what, wat) => {
    if (wat.includes("import")) {
      const valid = unwrap(validateModule(unwrap(decodeModule(assemble(wat)))));
      const store = new Store({ registry: valid.registry });
      const x = store.newGlobal({ type: I32, mutable: false }, { type: "i32", value: 1 });
      const instance = unwrap(store.instantiate(valid, () => x));
      expect(stateOf({ valid, store, instance })).toBe(why);
    } else expect(begin(wat).carry()).toBe(why);
  });

  it("objects: one that a segment has and a call has changed", () => {
    const begun = begin(`(module (type $s (struct (field (mut i32)))) (table $t 1 anyref)
      (elem $e anyref (item (struct.new $s (i32.const 1))))
      (func (export "change")
        (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))
        (struct.set $s 0 (ref.cast (ref $s) (table.get $t (i32.const 0))) (i32.const 2))
        (table.set $t (i32.const 0) (ref.null any)))
      (func (export "drop") (elem.drop $e)))`);
    begun.call("change");
    expect(begun.carry()).toBe("objects");
    begun.call("drop");
    expect(begun.carry()).toMatchObject({ call: expect.any(Function) });
  });

  it("objects: a number of the host's, which would be one of the guest's elsewhere", () => {
    const begun = begin(`(module (table $e 1 externref)
      (func (export "keep") (param externref) (table.set $e (i32.const 0) (local.get 0))))`);
    begun.call("keep", new HostRef(5));
    expect(begun.carry()).toBe("objects");
  });

  it("busy: an instance in the middle of a call", () => {
    const begun = begin(`(module (import "host" "hear" (func $hear (param i32)))
      (func (export "f") (call $hear (i32.const 1))))`);
    const { store } = begun;
    const f = store.instances[0]?.exports.get("f");
    if (f?.kind !== "function") throw new Error("no function");
    store.fuel = 0;
    const call = unwrap(store.begin(f, []));
    expect(call.run().state).toBe("fuel");
    expect(begun.carry()).toBe("busy");
    call.discard();
    expect(begun.carry()).toMatchObject({ call: expect.any(Function) });
  });
});
