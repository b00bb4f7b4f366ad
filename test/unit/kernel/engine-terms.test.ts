/** How code is run is the stricter of what the manifest wants, the policy demands and the device is started with. */
import { describe, expect, it } from "vitest";
import {
  type EngineRule,
  type EngineWish,
  engineRuleShape,
  engineWishShape,
  matchingEngineRules,
  meetEngine,
  onDevice,
} from "../../../runtime/kernel/authority/engine.ts";
import { GUEST_FEATURES } from "../../../runtime/kernel/authority/features.ts";
import { meetCapabilities, withoutChance } from "../../../runtime/kernel/authority/meet.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { parseShape } from "../../../runtime/kernel/shape.ts";
import { Random } from "../../fuzz/random.ts";

const LIMITS = { memoryPages: 16, callMs: 200 };
const all = { devices: { all: true } };
const wish = (value: unknown): EngineWish => unwrap(parseShape(engineWishShape, value, "wish"));
const rules = (...list: object[]): readonly EngineRule[] =>
  list.map((one) => unwrap(parseShape(engineRuleShape, { ...all, ...one }, "rule")));
const terms = (wanted: unknown, ...list: object[]) => meetEngine(wish(wanted), LIMITS, rules(...list));

describe("without a word from manifest and policy", () => {
  it("the device's tier runs the code uncounted, with all features that have one result", () => {
    expect(meetEngine(undefined, LIMITS, [])).toEqual({
      fuel: "none",
      deterministic: false,
      features: GUEST_FEATURES.filter((one) => one !== "relaxed-simd"),
      ...LIMITS,
    });
    for (const tier of ["v8", "auto", "metered", "interpreter"] as const) {
      expect(onDevice(meetEngine(undefined, LIMITS, []), tier).tier).toBe(tier);
    }
  });
});

describe("the tier", () => {
  it("is the interpreter where the policy says so, whatever manifest and device would rather have", () => {
    const forced = terms({ tier: "metered" }, { tier: "interpreter" });
    for (const tier of ["v8", "auto", "metered"] as const) expect(onDevice(forced, tier).tier).toBe("interpreter");
  });

  it("of a device is never loosened by a manifest", () => {
    expect(onDevice(terms({ tier: "metered" }), "interpreter").tier).toBe("interpreter");
    expect(onDevice(terms({ tier: "metered" }), "v8").tier).toBe("metered");
  });

  it("is the interpreter where only the manifest asks for it", () => {
    expect(onDevice(terms({ tier: "interpreter" }), "metered").tier).toBe("interpreter");
  });

  it("has a leash where something is to be counted or fixed", () => {
    for (const wanted of [{ fuel: "block" }, { fuelPerCall: 5000 }, { deterministic: true }]) {
      expect(onDevice(terms(wanted), "v8").tier).toBe("metered");
    }
  });
});

describe("fuel", () => {
  it("is counted as finely as the finest that is asked for", () => {
    expect(terms({ fuel: "block" }, { fuel: "exact" }).fuel).toBe("exact");
    expect(terms({ fuel: "exact" }, { fuel: "block" }).fuel).toBe("exact");
    expect(terms({ fuel: "none" }, { fuel: "block" }).fuel).toBe("block");
  });

  it("per call is the least of all numbers, and counted exactly where nobody says how", () => {
    expect(terms({ fuelPerCall: 9000 }, { fuelPerCall: 7000 }, { fuelPerCall: 8000 })).toMatchObject({
      fuel: "exact",
      fuelPerCall: 7000,
    });
    expect(terms({ fuel: "block", fuelPerCall: 9000 })).toMatchObject({ fuel: "block", fuelPerCall: 9000 });
    expect(terms({ fuel: "none" }, { fuelPerCall: 7000 })).toMatchObject({ fuel: "exact", fuelPerCall: 7000 });
  });

  it("is counted exactly in the interpreter, and said so", () => {
    expect(onDevice(terms({ tier: "interpreter", fuel: "block" }), "metered").fuel).toBe("exact");
  });
});

describe("features", () => {
  it("are those that manifest and every rule name, and mvp", () => {
    const found = terms({ features: ["simd", "bulk-memory"] }, { features: ["bulk-memory", "gc"] }).features;
    expect(found).toEqual(["mvp", "bulk-memory"]);
    expect(terms({ features: [] }).features).toEqual(["mvp"]);
  });

  it("never reach beyond WebAssembly 3.0", () => {
    expect(terms({ features: ["threads"] }, { features: ["threads"] }).features).toEqual(["mvp"]);
  });

  it("hold relaxed vectors only where they have one result", () => {
    expect(terms({ features: ["relaxed-simd"] }).features).not.toContain("relaxed-simd");
    expect(terms({ deterministic: true }).features).toContain("relaxed-simd");
    expect(terms({ deterministic: true }, { features: ["simd"] }).features).not.toContain("relaxed-simd");
  });
});

describe("limits", () => {
  it("of the manifest are narrowed by the policy and never widened", () => {
    expect(terms({}, { memoryPages: 4, callMs: 1000 })).toMatchObject({ memoryPages: 4, callMs: 200 });
  });
});

it("one more rule, whatever it says, loosens nothing", () => {
  const random = new Random("rules");
  const maybe = (name: string, make: () => unknown) => (random.chance(0.5) ? { [name]: make() } : {});
  const any = () => ({
    ...maybe("tier", () => random.pick(["metered", "interpreter"])),
    ...maybe("fuel", () => random.pick(["block", "exact"])),
    ...maybe("fuelPerCall", () => 1000 + random.below(1000)),
    ...maybe("deterministic", () => true),
    ...maybe("features", () => GUEST_FEATURES.filter(() => random.chance(0.6))),
  });
  const more = () => ({
    ...any(),
    ...maybe("memoryPages", () => 1 + random.below(32)),
    ...maybe("callMs", () => 1 + random.below(400)),
  });
  const grade = ["none", "block", "exact"];
  const strict = { v8: 0, auto: 1, metered: 1, interpreter: 2 };
  for (let n = 0; n < 500; n += 1) {
    const list = Array.from({ length: random.below(3) }, more);
    const wanted = any();
    const tier = random.pick(["v8", "auto", "metered", "interpreter"] as const);
    const before = onDevice(terms(wanted, ...list), tier);
    const after = onDevice(terms(wanted, ...list, more()), tier);
    const bare = onDevice(terms({}, ...list), tier);
    for (const [loose, tight] of [
      [before, after],
      [bare, before],
    ] as const) {
      expect(strict[tight.tier]).toBeGreaterThanOrEqual(strict[loose.tier]);
      expect(grade.indexOf(tight.fuel)).toBeGreaterThanOrEqual(grade.indexOf(loose.fuel));
      expect(tight.fuelPerCall ?? Infinity).toBeLessThanOrEqual(loose.fuelPerCall ?? Infinity);
      expect(tight.deterministic || !loose.deterministic).toBe(true);
      expect(tight.memoryPages).toBeLessThanOrEqual(loose.memoryPages);
      expect(tight.callMs).toBeLessThanOrEqual(loose.callMs);
      // With one result it may use what has several elsewhere.
      const plus = tight.deterministic && !loose.deterministic ? ["relaxed-simd"] : [];
      expect([...loose.features, ...plus]).toEqual(expect.arrayContaining([...tight.features]));
    }
  }
});

describe("the documents", () => {
  const refused = (shape: typeof engineWishShape | typeof engineRuleShape, value: unknown) =>
    parseShape<unknown>(shape, value, "document").ok === false;

  it("are closed, bounded and name only what there is", () => {
    for (const one of [
      { tier: "v8" },
      { tier: "fastest" },
      { fuel: "some" },
      { fuelPerCall: 10 },
      { fuelPerCall: 2 ** 60 },
      { fuelPerCall: 5000, fuel: "none" },
      { deterministic: "yes" },
      { features: ["simd", "simd"] },
      { features: ["everything"] },
      { unknown: 1 },
    ]) {
      expect(refused(engineWishShape, one), JSON.stringify(one)).toBe(true);
    }
    expect(refused(engineRuleShape, { ...all, deterministic: false })).toBe(true);
    expect(refused(engineRuleShape, { ...all, fuel: "none" })).toBe(true);
    expect(refused(engineRuleShape, { tier: "interpreter" })).toBe(true);
  });

  it("of the owner speak of the devices and modules that they match", () => {
    const device = { id: "porch-1", class: "porch", region: "eu" };
    const list = rules(
      { tier: "interpreter" },
      { devices: { class: "attic" }, fuel: "exact" },
      { modules: { team: "acme", name: "fan" }, fuel: "block" },
      { modules: { team: "acme" }, callMs: 5 },
    );
    const of = (name: string, team = "acme") =>
      matchingEngineRules(list, device, { team, name }).map((one) => list.indexOf(one));
    expect([of("fan"), of("room"), of("fan", "other")]).toEqual([[0, 2, 3], [0, 3], [0]]);
  });
});

it("the deterministic profile has neither clock nor chance, and says so where they were wanted", () => {
  const wanted = [
    { cap: "clock", resolution: "coarse" },
    { cap: "random", optional: true },
    { cap: "identity", what: ["module"] },
  ] as const;
  const covers = [{ cap: "clock" }, { cap: "random" }, { cap: "identity" }] as const;
  expect(withoutChance(meetCapabilities(wanted, covers, [covers]), wanted)).toEqual({
    effective: [{ cap: "identity", what: ["module"] }],
    missing: [
      { capability: "clock", optional: false, by: "profile" },
      { capability: "random", optional: true, by: "profile" },
    ],
  });
});
