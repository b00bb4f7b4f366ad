/** A call that stands still can be written down and continued elsewhere, and nobody can tell. */
import { describe, expect, it } from "vitest";
import { snapshot } from "../../../../runtime/interpret/index.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { program, resume, start } from "../../../snapshots/rig.ts";

const INTEGER = new URL("../../../bench/programs/integer.wasm", import.meta.url).pathname;
const ARGS = ["integer", "3"];
const LIMITS = { stackSlots: 1 << 14, callDepth: 1 << 10 };
const FUEL = 1e9;

function whole() {
  const one = program(INTEGER, ARGS, { fuel: FUEL, limits: LIMITS });
  return one.finish(start(one));
}

/** A snapshot after so much fuel. */
function snapshotAt(spent: number) {
  const one = program(INTEGER, ARGS, { fuel: spent, limits: LIMITS });
  const call = start(one);
  expect(call.run()).toEqual({ state: "fuel" });
  // What was spent beyond the tank is a debt: the rest of the whole tank is given back.
  one.store.fuel += FUEL - spent;
  return unwrap(snapshot(one.store, call));
}

describe("a snapshot", () => {
  it("continues in another store to the same output, the same memory and the same fuel", () => {
    const expected = whole();
    for (const spent of [1, 1000, 54_321, 400_000, 900_001]) {
      expect(resume(INTEGER, ARGS, { limits: LIMITS }, snapshotAt(spent))).toEqual(expected);
    }
  });

  it("leaves the call as it was", () => {
    const one = program(INTEGER, ARGS, { fuel: 100_000, limits: LIMITS });
    const call = start(one);
    call.run();
    one.store.fuel += FUEL - 100_000;
    unwrap(snapshot(one.store, call));
    expect(one.finish(call)).toEqual(whole());
  });

  it("is refused when a byte of it was altered, when it is cut off, and over another program", () => {
    const file = snapshotAt(5000);
    const altered = file.slice();
    altered[altered.length >> 1] = (altered[altered.length >> 1] as number) ^ 1;
    expect(() => resume(INTEGER, ARGS, { limits: LIMITS }, altered)).toThrow("digest");
    expect(() => resume(INTEGER, ARGS, { limits: LIMITS }, file.subarray(0, 100))).toThrow("digest");
    const other = INTEGER.replace("integer", "i64");
    expect(() => resume(other, ARGS, { limits: LIMITS }, file)).toThrow("other modules");
  });
});
