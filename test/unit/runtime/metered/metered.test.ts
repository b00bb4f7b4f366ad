/** The metered tier counts what the interpreter counts and stops where it stops, whatever V8 makes of the code. */
import { describe, expect, it } from "vitest";
import { decodeModule } from "../../../../runtime/binary/decode.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { instrument, type MeterOptions } from "../../../../runtime/metered/index.ts";
import { ALL_FEATURES } from "../../../../runtime/module/features.ts";
import { validateModule } from "../../../../runtime/validate/module.ts";
import { body } from "../validate/build.ts";
import { interpreted, metered } from "./rig.ts";

const EXACT: MeterOptions = { epoch: true, fuel: "exact", reentry: true };
const FUEL = 1_000_000_000n;

describe("exact fuel", () => {
  it.each([
    ["integer", "3"],
    ["sha256", "2"],
    ["i64", "20"],
    ["float", "8"],
    ["pointers", "3"],
    ["lua", "1"],
  ])("of %s is the interpreter's, to the unit, in twins as well", (name, rounds) => {
    const expected = interpreted(name, rounds, FUEL);
    expect(expected.why).toBe(0);
    expect(metered(name, rounds, EXACT, FUEL)).toEqual(expected);
    expect(metered(name, rounds, { ...EXACT, turns: 2 }, FUEL)).toEqual(expected);
  });

  it("runs out at the same instruction, with the same memory and the same debt", () => {
    for (const fuel of [1n, 700n, 54_321n, 400_000n, 900_001n]) {
      const expected = interpreted("integer", "3", fuel);
      expect(expected.why).toBe(1);
      expect(metered("integer", "3", EXACT, fuel)).toEqual(expected);
      expect(metered("integer", "3", { ...EXACT, turns: 3 }, fuel)).toEqual(expected);
    }
  });
});

describe("fuel by block", () => {
  it("is never less than what is executed, and changes nothing else", () => {
    const exact = interpreted("pointers", "3", FUEL);
    const block = metered("pointers", "3", { epoch: false, fuel: "block", reentry: true }, FUEL);
    expect(block.left).toBeLessThanOrEqual(exact.left);
    expect({ ...block, left: exact.left }).toEqual(exact);
  });
});

describe("the instrumenter", () => {
  const valid = (bytes: Uint8Array) => unwrap(validateModule(unwrap(decodeModule(bytes)), { features: ALL_FEATURES }));

  it.each(["sallyport:fuel", "sallyport:memory-0", "sallyport:"])("refuses a module that exports %s", (name) => {
    const bytes = body([], { exports: [{ name, kind: "function", index: 0 }] });
    const made = instrument(valid(bytes), EXACT);
    expect(made.ok ? "made" : made.error.code).toBe("METER_NAME");
  });

  it("makes room for state in a module that does not say how many data segments it has", () => {
    const limits = { min: 1n, max: undefined, address: "i32" as const };
    const bytes = body([], {
      memories: [{ type: { limits, shared: false, pageSizeLog2: 16 } }],
      datas: [{ mode: { kind: "active", index: 0, offset: Uint8Array.of(0x41, 0, 0x0b) }, bytes: Uint8Array.of(1) }],
    });
    expect(instrument(valid(bytes), { ...EXACT, carry: true })).toMatchObject({ ok: true });
  });

  it("gives the same bytes for the same module", () => {
    const bytes = body([0x03, 0x40, 0x0c, 0, 0x0b]);
    const [first, second] = [1, 2].map(() => unwrap(instrument(valid(bytes), EXACT)).bytes);
    expect(first).toEqual(second);
  });
});
