/** What grants may come to and how code is run, before and after, in every place that the policies can tell apart. */
import { type Cover, capabilityId } from "../../runtime/kernel/authority/capability.ts";
import { matchingCeilings } from "../../runtime/kernel/authority/ceiling.ts";
import {
  type EngineTerms,
  type EngineWish,
  matchingEngineRules,
  meetEngine,
} from "../../runtime/kernel/authority/engine.ts";
import type { TeamName } from "../../runtime/kernel/brand.ts";
import type { Policy } from "../policy.ts";
import { type Change, type Places, type Said, same, tellByPlace } from "./change.ts";
import { ANY_OTHER, closeScopes, exampleOf, type Scope, sayDevices, sayScope } from "./scope.ts";
import { effectOf } from "./strictness.ts";
import { plain } from "./words.ts";

export function diffCeilings(old: Policy, now: Policy): readonly Change[] {
  return tellByPlace(
    "ceilings",
    placesOf([...old.ceilings, ...now.ceilings]),
    ({ scope }) => compareCovers(coversIn(old, scope), coversIn(now, scope)),
    ({ scope }) => sayScope(scope),
  );
}

function placesOf(of: readonly Scope[]): Places<{ readonly scope: Scope }> {
  const { scopes, areAll } = closeScopes(of);
  return { places: scopes.map((scope) => ({ scope })), areAll };
}

type Covers = ReadonlyMap<string, readonly Cover[]>;

/** By capability what each matching ceiling says of it; only those that all of them cover. */
function coversIn({ ceilings }: Policy, scope: Scope): Covers {
  const { device, module } = exampleOf(scope);
  const matching = matchingCeilings(ceilings, device, module);
  const ids = new Set(matching.flatMap((one) => one.map(capabilityId)));
  const all = [...ids].map(
    (id) => [id, matching.flatMap((one) => one.filter((cover) => capabilityId(cover) === id))] as const,
  );
  return new Map(all.filter(([, covers]) => covers.length === matching.length && !contradict(covers)));
}

/** An input in one ceiling and an output in another leave neither. */
function contradict(covers: readonly Cover[]): boolean {
  return new Set(covers.flatMap((one) => (one.cap === "gpio" ? [one.dir] : []))).size > 1;
}

function compareCovers(before: Covers, after: Covers): readonly Said[] {
  const ids = [...new Set([...before.keys(), ...after.keys()])];
  return ids.flatMap((id): readonly Said[] => {
    const [old, now] = [before.get(id), after.get(id)];
    if (old === undefined) return [{ effect: "wider", says: `may be granted ${id}` }];
    if (now === undefined) return [{ effect: "narrower", says: `may not be granted ${id} any more` }];
    const names = [...new Set([...old, ...now].flatMap((one) => Object.keys(one)))];
    return names.flatMap((name) => {
      const [was, is] = [strictest(name, old), strictest(name, now)];
      if (same(was, is)) return [];
      const effect = name === "safe" ? "neutral" : effectOf(isLess(is, was), isLess(was, is));
      return [
        {
          effect,
          says: `${id} ${name} ${was === undefined ? "anything" : plain(was)} → ${is === undefined ? "anything" : plain(is)}`,
        },
      ];
    });
  });
}

const ORDERS: readonly (readonly string[])[] = [
  ["coarse", "fine"],
  ["ro", "rw"],
];

function strictest(name: string, covers: readonly Cover[]): unknown {
  const given = covers.flatMap((one) =>
    Object.entries(one)
      .filter(([key]) => key === name)
      .map(([, value]) => value),
  );
  return given.reduce<unknown>((least, one) => {
    if (Array.isArray(least) && Array.isArray(one)) return least.filter((item) => one.includes(item));
    return least === undefined || isLess(one, least) ? one : least;
  }, undefined);
}

/** Is the first at most the second? Nothing said is no bound; lists by what is in them. */
function isLess(a: unknown, b: unknown): boolean {
  if (b === undefined) return true;
  if (a === undefined) return false;
  if (typeof a === "number" && typeof b === "number") return a <= b;
  if (Array.isArray(a) && Array.isArray(b)) return a.every((one) => b.includes(one));
  const order = ORDERS.find((one) => one.includes(String(a)) && one.includes(String(b)));
  return order === undefined ? same(a, b) : order.indexOf(String(a)) <= order.indexOf(String(b));
}

const LIMITS = { memoryPages: 16_384, callMs: 600_000 };

export function diffEngines(old: Policy, now: Policy): readonly Change[] {
  const rules = [...(old.engines ?? []), ...(now.engines ?? [])];
  const named = rules.flatMap(({ modules }) => (modules === undefined ? [] : [modules]));
  const anyone = { team: ANY_OTHER as TeamName };
  const scopes = rules.flatMap(({ devices, modules }) =>
    modules === undefined ? [anyone, ...named].map((one) => ({ devices, modules: one })) : [{ devices, modules }],
  );
  const terms = (policy: Policy, scope: Scope, wish?: EngineWish) => {
    const { device, module } = exampleOf(scope);
    return meetEngine(wish, LIMITS, matchingEngineRules(policy.engines ?? [], device, module));
  };
  const compare = ({ scope }: { readonly scope: Scope }) => {
    const plainly = compareTerms(terms(old, scope), terms(now, scope));
    if (plainly.length > 0) return plainly;
    // Some features are only for modules that ask for the deterministic profile themselves.
    const wish = { deterministic: true };
    return compareTerms(terms(old, scope, wish), terms(now, scope, wish));
  };
  return tellByPlace("engines", placesOf(scopes), compare, ({ scope }) =>
    scope.modules.team === ANY_OTHER ? `every module on ${sayDevices(scope.devices)}` : sayScope(scope),
  );
}

const TIERS = [undefined, "metered", "interpreter"];
const FUELS = ["none", "block", "exact"];

function compareTerms(old: EngineTerms, now: EngineTerms): readonly Said[] {
  const stricter: Readonly<Record<keyof EngineTerms, (a: EngineTerms, b: EngineTerms) => boolean>> = {
    tier: (a, b) => TIERS.indexOf(a.tier) >= TIERS.indexOf(b.tier),
    fuel: (a, b) => FUELS.indexOf(a.fuel) >= FUELS.indexOf(b.fuel),
    fuelPerCall: (a, b) => isLess(a.fuelPerCall, b.fuelPerCall),
    deterministic: (a, b) => a.deterministic || !b.deterministic,
    features: (a, b) => isLess(a.features, b.features),
    memoryPages: (a, b) => a.memoryPages <= b.memoryPages,
    callMs: (a, b) => a.callMs <= b.callMs,
  };
  return Object.entries(stricter).flatMap(([name, holds]) => {
    const [was, is] = [termOf(old, name), termOf(now, name)];
    if (same(was, is)) return [];
    return [{ effect: effectOf(holds(now, old), holds(old, now)), says: `${name} ${was} → ${is}` }];
  });
}

function termOf(terms: EngineTerms, name: string): string {
  const value = Object.entries(terms).find(([key]) => key === name)?.[1];
  return value === undefined ? "any" : plain(value);
}
