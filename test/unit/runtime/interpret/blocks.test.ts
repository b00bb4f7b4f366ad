/** Generated code for hot functions is faster and nothing else: nobody can tell from the results where it ran. */
import { describe, expect, it } from "vitest";
import { snapshot } from "../../../../runtime/interpret/index.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { program, resume, start } from "../../../snapshots/rig.ts";

const LIMITS = { stackSlots: 1 << 14, callDepth: 1 << 10 };
const FUEL = 1e9;
const path = (name: string) => new URL(`../../../bench/programs/${name}.wasm`, import.meta.url).pathname;

function whole(name: string, rounds: string, blocks: boolean | "eager") {
  const one = program(path(name), [name, rounds], { fuel: FUEL, limits: LIMITS, blocks });
  const outcome = one.finish(start(one));
  return { outcome, compiled: one.store.machine.hot?.compiled ?? 0 };
}

function snapshotAt(spent: number, blocks: boolean | "eager") {
  const one = program(path("integer"), ["integer", "3"], { fuel: spent, limits: LIMITS, blocks });
  const call = start(one);
  expect(call.run()).toEqual({ state: "fuel" });
  one.store.fuel += FUEL - spent;
  return unwrap(snapshot(one.store, call));
}

describe("block compilation", () => {
  it.each([
    ["integer", "3"],
    ["sha256", "2"],
    ["i64", "20"],
    ["float", "8"],
    ["pointers", "3"],
  ])("gives %s the same output, the same memory and the same fuel", (name, rounds) => {
    const loop = whole(name, rounds, false);
    const hot = whole(name, rounds, true);
    const eager = whole(name, rounds, "eager");
    expect(loop.compiled).toBe(0);
    expect(hot.compiled).toBeGreaterThan(0);
    expect(eager.compiled).toBeGreaterThan(hot.compiled);
    expect(hot.outcome).toEqual(loop.outcome);
    expect(eager.outcome).toEqual(loop.outcome);
  });

  it("runs out of fuel at the same instruction with the same state, byte for byte", () => {
    for (const spent of [1, 777, 54_321, 400_000, 900_001]) {
      expect(Buffer.compare(snapshotAt(spent, "eager"), snapshotAt(spent, false))).toBe(0);
    }
  });

  it("takes over from the loop in a snapshot, and the loop from it", () => {
    const expected = whole("integer", "3", false).outcome;
    const args = ["integer", "3"];
    expect(resume(path("integer"), args, { limits: LIMITS, blocks: "eager" }, snapshotAt(54_321, false))).toEqual(
      expected,
    );
    expect(resume(path("integer"), args, { limits: LIMITS }, snapshotAt(54_321, "eager"))).toEqual(expected);
  });

  it("names the same instruction in a trap's backtrace", () => {
    const trapped = (blocks: boolean | "eager") => {
      const one = program(path("integer"), ["integer", "3"], { limits: { ...LIMITS, callDepth: 4 }, blocks });
      const progress = start(one).run();
      return progress.state === "failed" ? progress.fault.line() : progress.state;
    };
    expect(trapped("eager")).toContain("call stack exhausted");
    expect(trapped("eager")).toBe(trapped(false));
  });
});
