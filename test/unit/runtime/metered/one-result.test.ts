/** The deterministic profile: code of the host's compilers leaves the interpreter's bits, whatever is NaN or relaxed. */
import { describe, expect, it } from "vitest";
import { ALL_FEATURES, loadModule, Store } from "../../../../runtime/embed/index.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { instrument, METER_EXPORTS } from "../../../../runtime/metered/index.ts";
import { type Opcode, opcodes } from "../../../../runtime/module/opcodes.ts";
import { Random } from "../../../fuzz/random.ts";
import { assemble } from "../../../guests/guests.ts";

const FUEL = 1_000_000_000;
const PARAMS = 8;
/** NaNs of both signs, quiet and signalling, with payloads; infinities, zeros, and what is near the ends of integers. */
const SPECIAL = [
  0x7ff8000000000000n,
  0xfff8000000000000n,
  0x7ff0000000000001n,
  0xfff4deadbeef0001n,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  0x8000000000000000n,
  0n,
  0x7fc00000ffc00000n,
  0x7f8000017fa0beefn,
  0xffffffff7f800000n,
  0xff80000080000000n,
  0x41dfffffffc00000n,
  0x4f0000004effffffn,
  0x8080808080808080n,
  0x7f80807f80807f7fn,
];

/** Instructions without immediates that cannot trap and have to do with floats or vectors, by the letter they leave. */
const INSTRUCTIONS: readonly Opcode[] = opcodes.filter((one): one is Opcode => {
  if (one === undefined || one.immediates !== "" || one.signature === undefined) return false;
  const { params, results } = one.signature;
  return results.length === 1 && /[fdv]/.test(params + results) && !/^i(?:32|64)\.trunc_f/.test(one.name);
});

/** An expression that leaves a value of a letter. */
function expression(random: Random, letter: string, depth: number, root?: Opcode): string {
  const leaf = `(local.get ${random.below(PARAMS)})`;
  const fitting = INSTRUCTIONS.filter(({ signature }) => signature?.results === letter);
  if (root === undefined && (depth === 0 || fitting.length === 0 || random.chance(0.2))) {
    if (letter === "l") return leaf;
    if (letter === "i") return `(i32.wrap_i64 ${leaf})`;
    if (letter === "f") return `(f32.reinterpret_i32 (i32.wrap_i64 ${leaf}))`;
    if (letter === "d") return `(f64.reinterpret_i64 ${leaf})`;
    return `(i64x2.replace_lane 1 (i64x2.splat ${leaf}) (local.get ${random.below(PARAMS)}))`;
  }
  const one = root ?? random.pick(fitting);
  const operands = [...(one.signature?.params ?? "")].map((next) => expression(random, next, depth - 1));
  return `(${one.name} ${operands.join(" ")})`;
}

/** One function per expression; it leaves two i64 with the result's bits. */
function moduleOf(expressions: readonly (readonly [letter: string, text: string])[]): Uint8Array {
  const bits: Readonly<Record<string, (text: string) => string>> = {
    l: (text) => `${text} (i64.const 0)`,
    i: (text) => `(i64.extend_i32_u ${text}) (i64.const 0)`,
    f: (text) => `(i64.extend_i32_u (i32.reinterpret_f32 ${text})) (i64.const 0)`,
    d: (text) => `(i64.reinterpret_f64 ${text}) (i64.const 0)`,
    v: (text) => `(local.set $v ${text}) (i64x2.extract_lane 0 (local.get $v)) (i64x2.extract_lane 1 (local.get $v))`,
  };
  const functions = expressions.map(
    ([letter, text], n) =>
      `(func (export "f${n}") (param ${"i64 ".repeat(PARAMS)}) (result i64 i64) (local $v v128) ${bits[letter]?.(text)})`,
  );
  return assemble(`(module ${functions.join("\n")})`);
}

type Call = (name: string, args: readonly bigint[]) => string;

function interpreted(bytes: Uint8Array): Call {
  const store = new Store();
  const { exports } = unwrap(
    store.instantiate(unwrap(loadModule(bytes, { registry: store.registry })), () => undefined),
  );
  return (name, args) => {
    const f = exports.get(name);
    if (f?.kind !== "function") throw new Error(`no function ${name}`);
    store.fuel = FUEL;
    const results = unwrap(
      store.invoke(
        f,
        args.map((value) => ({ type: "i64", value: BigInt.asIntN(64, value) })),
      ),
    );
    return `${results.map((one) => ("value" in one ? String(one.value) : "?")).join()} for ${FUEL - store.fuel}`;
  };
}

function metered(bytes: Uint8Array, deterministic: boolean): Call {
  const made = unwrap(
    instrument(unwrap(loadModule(bytes)), { epoch: true, fuel: "exact", reentry: true, deterministic }),
  );
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(made.bytes));
  const tank = exports[METER_EXPORTS.fuel] as { value: bigint };
  return (name, args) => {
    tank.value = BigInt(FUEL);
    const results = (exports[name] as (...given: readonly bigint[]) => readonly bigint[])(...args);
    return `${results.join()} for ${BigInt(FUEL) - tank.value}`;
  };
}

function inputs(random: Random): readonly bigint[] {
  const word = () =>
    random.pick(SPECIAL) ^ (random.chance(0.3) ? BigInt(random.below(2 ** 32)) << BigInt(random.below(33)) : 0n);
  return Array.from({ length: PARAMS }, () => BigInt.asIntN(64, word()));
}

/** Expressions whose bits differ between the interpreter and another way to run them. */
function differing(expressions: readonly (readonly [string, string])[], deterministic: boolean, rounds: number) {
  const bytes = moduleOf(expressions);
  const expected = interpreted(bytes);
  const found = metered(bytes, deterministic);
  const random = new Random("operands");
  const wrong = new Map<string, string>();
  for (let round = 0; round < rounds; round += 1) {
    const args = inputs(random);
    for (const [n, [, text]] of expressions.entries()) {
      const [a, b] = [expected(`f${n}`, args), found(`f${n}`, args)];
      if (a !== b) wrong.set(text, `${args.join()}: ${a}, not ${b}`);
    }
  }
  return [...wrong];
}

const letterOf = (one: Opcode) => one.signature?.results ?? "";

describe("with the deterministic profile", () => {
  it("every instruction on floats and vectors leaves the interpreter's bits, for the same fuel", () => {
    const random = new Random("instructions");
    const each = INSTRUCTIONS.map((one) => [letterOf(one), expression(random, letterOf(one), 1, one)] as const);
    expect(each.length).toBeGreaterThan(250);
    expect(differing(each, true, 60)).toEqual([]);
    // Without it some differ: the test would notice.
    expect(differing(each, false, 60).length).toBeGreaterThan(10);
  });

  it("so do instructions whose operands are results of others", () => {
    const random = new Random("trees");
    const floats = INSTRUCTIONS.filter((one) => /^f|relaxed/.test(one.name));
    const trees = Array.from({ length: 300 }, () => {
      const root = random.pick(floats);
      return [letterOf(root), expression(random, letterOf(root), 4, root)] as const;
    });
    expect(differing(trees, true, 25)).toEqual([]);
  });

  it("code without floats is left as it is", () => {
    const valid = unwrap(
      loadModule(
        assemble('(module (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))'),
      ),
    );
    const options = { epoch: true, fuel: "exact", reentry: true } as const;
    const bytes = (deterministic: boolean) => unwrap(instrument(valid, { ...options, deterministic })).bytes;
    expect(bytes(true)).toEqual(bytes(false));
  });

  it("no relaxed instruction is left over", () => {
    const relaxed = INSTRUCTIONS.filter(({ feature }) => feature === "relaxed-simd");
    const random = new Random("relaxed");
    const bytes = moduleOf(relaxed.map((one) => [letterOf(one), expression(random, letterOf(one), 1, one)] as const));
    const uses = (deterministic: boolean) => {
      const options = { epoch: true, fuel: "none", reentry: true, deterministic } as const;
      return unwrap(
        loadModule(unwrap(instrument(unwrap(loadModule(bytes)), options)).bytes, { features: ALL_FEATURES }),
      );
    };
    expect(uses(false).features).toContain("relaxed-simd");
    expect(uses(true).features).not.toContain("relaxed-simd");
  });
});
