/** What a policy asks, in sentences: of every rule, and of one module on one device, with the people that takes. */
import type { Cover } from "../../runtime/kernel/authority/capability.ts";
import { capabilityId } from "../../runtime/kernel/authority/capability.ts";
import {
  type DeviceFacts,
  matchesDevice,
  matchesModule,
  matchingCeilings,
} from "../../runtime/kernel/authority/ceiling.ts";
import { matchingEngineRules } from "../../runtime/kernel/authority/engine.ts";
import type { EvidenceRule, Policy } from "../policy.ts";
import { requirementsOf } from "./finding.ts";
import { sayDevices, sayModules, sayScope } from "./scope.ts";
import { type Need, plain, sayIdentity, sayNeed } from "./words.ts";

export interface RuleText {
  /** Its place in `evidence`. */
  readonly rule: number;
  /** Whom it speaks of. */
  readonly speaksOf: string;
  readonly asks?: string;
  readonly regions?: readonly string[];
  readonly needs: readonly Need[];
}

export function explainRule(rule: EvidenceRule, index: number, policy: Policy): RuleText {
  const asks = rule.asks?.map(({ cap, dir, mode }) => [cap, dir, mode].filter((one) => one !== undefined).join(" "));
  return {
    rule: index,
    speaksOf: sayScope(rule),
    ...(asks === undefined ? {} : { asks: asks.join(" or ") }),
    ...(rule.regions === undefined ? {} : { regions: rule.regions }),
    needs: requirementsOf(rule, index).map(({ asked }) => sayNeed(asked, policy)),
  };
}

/** The rest of the policy, a sentence each. */
export function explainRest({
  ceilings,
  engines = [],
  operators,
  revoked = [],
  builders = [],
  clock,
}: Policy): readonly string[] {
  return [
    ...builders.map(({ id, level }) => `Builder: ${id} is believed up to SLSA Build level ${level}.`),
    ...revoked.map(
      (one) =>
        `Revoked: ${sayRevoked(one)} (${one.reason}); what runs already ${one.running === "stop" ? "stops" : "goes on and is reported"}.`,
    ),
    ...ceilings.map((one) => `Ceiling: ${sayScope(one)} may be granted at most ${sayCovers(one.capabilities)}.`),
    ...engines.map(({ devices, modules, ...terms }) => {
      const who = modules === undefined ? "every module" : sayModules(modules);
      return `Engine: ${who} on ${sayDevices(devices)} runs with ${plain(terms)}.`;
    }),
    ...operators.map(
      ({ name, verbs, devices }) =>
        `Operator: ${name} may ${verbs.join(", ") || "do nothing"} on ${sayDevices(devices)}.`,
    ),
    ...(clock?.aheadDaysMax === undefined
      ? []
      : [`A board's clock is believed up to ${clock.aheadDaysMax} days ahead of the last signed time.`]),
    ...(clock?.floorMs === undefined ? [] : [`Every board believes that it is at least ${iso(clock.floorMs)}.`]),
  ];
}

export function sayRevoked(one: NonNullable<Policy["revoked"]>[number]): string {
  const { identity, key, builder, digest, sinceMs } = one;
  const since = sinceMs === undefined ? "" : ` for what was signed since ${iso(sinceMs)}`;
  if (identity !== undefined) return `${sayIdentity(identity)}${since}`;
  if (key !== undefined) return `key ${key.slice(0, 16)}…${since}`;
  return builder === undefined ? `the file with sha256 ${digest}` : `the builder ${builder}`;
}

export function sayCovers(covers: readonly Cover[]): string {
  if (covers.length === 0) return "nothing";
  return covers
    .map((one) => {
      const { cap: _cap, ...rest } = one;
      const limits = Object.entries(rest).filter(([name]) => !["line", "name", "channel"].includes(name));
      return `${capabilityId(one)}${limits.length === 0 ? "" : ` (${limits.map(([name, value]) => `${name} ${plain(value)}`).join(", ")})`}`;
    })
    .join(", ");
}

export interface Asking {
  readonly module: { readonly team: string; readonly name: string };
  readonly device: DeviceFacts;
}

export interface Answer {
  readonly runs: "never" | "with evidence";
  /** Why never. */
  readonly because?: string;
  readonly rules: readonly RuleText[];
  /** Parties without whom a requirement cannot be met. */
  readonly always: readonly string[];
  /** Each ceiling that matches: what may be granted is in all of them. */
  readonly ceilings: readonly string[];
  readonly engine: readonly string[];
}

/** What it takes to run a module on a device. Rules for those that ask for certain capabilities are among them. */
export function explainFor(policy: Policy, { module, device }: Asking): Answer {
  const rules = policy.evidence
    .map((rule, index) => ({ rule, index }))
    .filter(({ rule }) => matchesDevice(rule.devices, device) && matchesModule(rule.modules, module));
  const elsewhere = rules.find(({ rule }) => rule.regions !== undefined && !rule.regions.includes(device.region));
  const texts = rules.map(({ rule, index }) => explainRule(rule, index, policy));
  const needs = texts.filter((one) => one.asks === undefined).flatMap((one) => one.needs);
  const needed = needs.flatMap(({ who, threshold }) =>
    who.length === threshold ? who.map(({ party, names }) => (party === "" ? names.join(" or ") : party)) : [],
  );
  const never =
    rules.length === 0
      ? `no evidence rule speaks of ${module.team}/${module.name} on this device`
      : elsewhere &&
        `evidence[${elsewhere.index}] admits only the regions ${elsewhere.rule.regions?.join(", ")}, the device is in ${device.region}`;
  return {
    runs: never === undefined ? "with evidence" : "never",
    ...(never === undefined ? {} : { because: never }),
    rules: texts,
    always: [...new Set(needed)],
    ceilings: matchingCeilings(policy.ceilings, device, module).map(sayCovers),
    engine: matchingEngineRules(policy.engines ?? [], device, module).map(({ devices: _d, modules: _m, ...terms }) =>
      plain(terms),
    ),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
