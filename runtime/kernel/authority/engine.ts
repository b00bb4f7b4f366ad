/**
 * How a module's code is run: what its manifest asks for, what the owner's policy demands, and what comes of the two. Every
 * term has a strict end, and the stricter of two always wins: a rule can only narrow, a manifest can tie its own module
 * further and never loosen what the owner or the device has decided.
 */
import { array, boolean, type Infer, integer, object, oneOf, optional, refined, type Shape } from "../shape.ts";
import { type DeviceFacts, deviceMatchShape, matchesDevice, matchesModule, moduleMatchShape } from "./ceiling.ts";
import { FEATURES, type Feature, GUEST_FEATURES } from "./features.ts";

const tier = oneOf("metered", "interpreter");
/** Units; about one per instruction. A call of fewer is no call. */
const fuelPerCall = integer({ min: 1000, max: Number.MAX_SAFE_INTEGER });
const features: Shape<readonly Feature[]> = refined(
  array(oneOf(...FEATURES), { max: FEATURES.length }),
  (list) => new Set(list).size === list.length,
  "a list that names each feature once",
);

/** `engine` of a manifest. */
export const engineWishShape = refined(
  object({
    tier: optional(tier),
    /** How fuel is counted; `exact` where a number per call is given and nothing else is said. */
    fuel: optional(oneOf("none", "block", "exact")),
    /** More fuel than this ends a call, and with it the module, by the trap `out-of-fuel`. */
    fuelPerCall: optional(fuelPerCall),
    /** One result wherever the specification leaves several; no clock, no random numbers. */
    deterministic: optional(boolean),
    /** All that the module uses, `mvp` understood; a module that uses more is refused. */
    features: optional(features),
  }),
  (one) => one.fuelPerCall === undefined || one.fuel !== "none",
  "with fuel of another kind than none where fuelPerCall is given",
);
export type EngineWish = Infer<typeof engineWishShape>;

/** One of the policy's `engines`. All that match hold; what is left out is not narrowed. */
export const engineRuleShape = object({
  devices: deviceMatchShape,
  /** Every module unless given. */
  modules: optional(moduleMatchShape),
  /** At least as strict as this: `metered` rules out code without a leash, `interpreter` generated code as well. */
  tier: optional(tier),
  /** `exact` where a number per call is given and nothing else is said. */
  fuel: optional(oneOf("block", "exact")),
  fuelPerCall: optional(fuelPerCall),
  deterministic: optional(oneOf(true)),
  /** The only ones that are admitted, `mvp` understood. */
  features: optional(features),
  memoryPages: optional(integer({ min: 1, max: 16_384 })),
  callMs: optional(integer({ min: 1, max: 600_000 })),
});
export type EngineRule = Infer<typeof engineRuleShape>;

/** What holds for one module on this board, but for the tier that the board itself is started with. */
export interface EngineTerms {
  /** The least strict tier that is allowed; without it, any. */
  readonly tier?: "metered" | "interpreter";
  readonly fuel: "none" | "block" | "exact";
  readonly fuelPerCall?: number;
  readonly deterministic: boolean;
  readonly features: readonly Feature[];
  readonly memoryPages: number;
  readonly callMs: number;
}

/** The rules that speak of this module on this device. */
export function matchingEngineRules(
  rules: readonly EngineRule[],
  device: DeviceFacts,
  module: { readonly team: string; readonly name: string },
): readonly EngineRule[] {
  return rules.filter(
    ({ devices, modules }) =>
      matchesDevice(devices, device) && (modules === undefined || matchesModule(modules, module)),
  );
}

/** Of the tiers that a device may be started with; `auto` ends in generated code with a leash, as `metered` begins. */
const STRICTNESS = { v8: 0, auto: 1, metered: 1, interpreter: 2 } as const;
const GRADES = ["none", "block", "exact"] as const;

/** Pure; can only narrow. `limits` are the manifest's. */
export function meetEngine(
  wish: EngineWish | undefined,
  limits: { readonly memoryPages: number; readonly callMs: number },
  rules: readonly EngineRule[],
): EngineTerms {
  const all: readonly Partial<EngineTerms>[] = [wish ?? {}, ...rules];
  const perCall = least(all.map((one) => one.fuelPerCall));
  const fuel = strictest(GRADES, all.map(gradeOf)) ?? "none";
  const deterministic = all.some((one) => one.deterministic === true);
  // A count or a profile is put into the code: code as it came has neither.
  const leash = perCall !== undefined || fuel !== "none" || deterministic ? "metered" : undefined;
  const tier = strictest(["metered", "interpreter"], [leash, ...all.map((one) => one.tier)]);
  const lists = all.flatMap((one) => (one.features === undefined ? [] : [one.features]));
  return {
    ...(tier === undefined ? {} : { tier }),
    fuel,
    ...(perCall === undefined ? {} : { fuelPerCall: perCall }),
    deterministic,
    features: GUEST_FEATURES.filter((one) => {
      if (one === "mvp") return true;
      // What may have several results is admitted where it has one.
      return (one !== "relaxed-simd" || deterministic) && lists.every((list) => list.includes(one));
    }),
    memoryPages: least([limits.memoryPages, ...rules.map((rule) => rule.memoryPages)]) ?? limits.memoryPages,
    callMs: least([limits.callMs, ...rules.map((rule) => rule.callMs)]) ?? limits.callMs,
  };
}

/** Whoever bounds a call and does not say how it is counted means exactly. */
function gradeOf({ fuel, fuelPerCall }: Partial<EngineTerms>): EngineTerms["fuel"] | undefined {
  return fuel ?? (fuelPerCall === undefined ? undefined : "exact");
}

/** The terms on a device whose own tier is this one: the stricter of the two. The interpreter counts exactly, always. */
export function onDevice<T extends keyof typeof STRICTNESS>(
  terms: EngineTerms,
  device: T,
): Omit<EngineTerms, "tier"> & { readonly tier: T | "metered" | "interpreter" } {
  const { tier } = terms;
  const chosen = tier !== undefined && STRICTNESS[tier] > STRICTNESS[device] ? tier : device;
  return { ...terms, tier: chosen, fuel: chosen === "interpreter" ? "exact" : terms.fuel };
}

function strictest<T extends string>(order: readonly T[], given: readonly (T | undefined)[]): T | undefined {
  const found = given.filter((one) => one !== undefined).map((one) => order.indexOf(one));
  return found.length === 0 ? undefined : order[Math.max(...found)];
}

function least(given: readonly (number | undefined)[]): number | undefined {
  const found = given.filter((one) => one !== undefined);
  return found.length === 0 ? undefined : Math.min(...found);
}
