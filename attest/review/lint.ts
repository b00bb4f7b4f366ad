/**
 * What is wrong with a policy that parses: rules that can never match or never be met, names that nobody uses, doors
 * that stand wider open than they look. An error is a policy that does not do what it says; a warning is worth a look.
 */
import { parsePublicKey } from "../../runtime/kernel/signer.ts";
import type { EvidenceRule, Policy } from "../policy.ts";
import { error, type Finding, requirementsOf, warning } from "./finding.ts";
import { lintCapabilities } from "./lint-capabilities.ts";
import { lintRequirement } from "./lint-requirement.ts";
import { lintSigners } from "./lint-signers.ts";
import { holdsScope, matchesNothing, sayDevices } from "./scope.ts";

/** In the order of the document's parts, errors and warnings mixed. `nowMs`: for what ends at a date. */
export function lintPolicy(policy: Policy, nowMs: number): readonly Finding[] {
  return [
    ...lintSigners(policy),
    ...policy.evidence.flatMap((rule, index) => lintRule(rule, index, policy, nowMs)),
    ...lintShadows(policy),
    ...lintManifest(policy),
    ...lintCapabilities(policy),
    ...lintDevices(policy),
    ...lintOperators(policy),
    ...lintClock(policy, nowMs),
  ];
}

function lintRule(rule: EvidenceRule, index: number, policy: Policy, nowMs: number): readonly Finding[] {
  const at = `evidence[${index}]`;
  const { regions, devices } = rule;
  const elsewhere = regions !== undefined && devices.region !== undefined && !regions.includes(devices.region);
  return [
    ...(elsewhere
      ? [
          error(
            "region-never",
            `${at}.regions`,
            `the rule is for region ${devices.region} and admits only ${regions.join(", ")}: nothing can run there`,
          ),
        ]
      : []),
    ...repeated(rule.builders, `${at}.builders`),
    ...repeated(rule.sources, `${at}.sources`),
    ...repeated(regions, `${at}.regions`),
    ...requirementsOf(rule, index).flatMap((one) => lintRequirement(one, policy, nowMs)),
  ];
}

function repeated(list: readonly string[] | undefined, at: string): readonly Finding[] {
  return (list ?? []).flatMap((one, index) =>
    list?.indexOf(one) === index ? [] : [warning("repeated", `${at}[${index}]`, `${one} is there already`)],
  );
}

/** A rule that says what a wider one says already. */
function lintShadows({ evidence }: Policy): readonly Finding[] {
  const content = ({ devices: _d, modules: _m, ...rest }: EvidenceRule) => JSON.stringify(rest);
  return evidence.flatMap((rule, index) => {
    const by = evidence.findIndex((other, place) => {
      if (place === index || content(other) !== content(rule) || !holdsScope(other, rule)) return false;
      return !holdsScope(rule, other) || place < index;
    });
    if (by < 0) return [];
    const says = `evidence[${by}] asks the same of all that this rule speaks of: it adds nothing`;
    return [warning("shadowed", `evidence[${index}]`, says)];
  });
}

/** Somebody must vouch for the manifest, which says what the code may touch. */
function lintManifest({ evidence }: Policy): readonly Finding[] {
  const isOfCodeAlone = (rule: EvidenceRule, index: number) =>
    requirementsOf(rule, index).every(({ asked }) => asked.about === "module");
  return evidence.flatMap((rule, index) => {
    const always = evidence.some(
      (other, place) => other.asks === undefined && holdsScope(other, rule) && !isOfCodeAlone(other, place),
    );
    if (always || !isOfCodeAlone(rule, index)) return [];
    const says =
      "asks only for attestations of the code, and no rule for the same modules asks for one of the whole release: nothing can be admitted by it alone";
    return [error("code-alone", `evidence[${index}]`, says)];
  });
}

/** Matches of no device, and matches that say `all` and name some. */
function lintDevices({ evidence, ceilings, engines = [], operators }: Policy): readonly Finding[] {
  return Object.entries({ evidence, ceilings, engines, operators }).flatMap(([part, list]) =>
    list.flatMap(({ devices }, index) => {
      const at = `${part}[${index}].devices`;
      if (matchesNothing(devices)) {
        return [
          error("never-matches", at, "names no device: write an id, a class or a region, or all: true for every one"),
        ];
      }
      const named = [devices.id, devices.class, devices.region].some((one) => one !== undefined);
      if (devices.all !== true || !named) return [];
      return [
        warning(
          "all-ignored",
          at,
          `all: true does not count beside what is named; this speaks of ${sayDevices(devices)}`,
        ),
      ];
    }),
  );
}

function lintOperators({ operators }: Policy): readonly Finding[] {
  return operators.flatMap(({ name, publicKey, verbs }, index) => {
    const at = `operators[${index}]`;
    const twice = operators.findIndex((one) => one.publicKey === publicKey);
    return [
      ...(parsePublicKey(publicKey, "the operator's key").ok
        ? []
        : [error("operator-key", `${at}.publicKey`, `${name}'s key cannot be read: no command of theirs will count`)]),
      ...(twice < index
        ? [warning("operator-twice", `${at}.publicKey`, `this is the key of operators[${twice}]`)]
        : []),
      ...(verbs.length === 0 ? [warning("operator-idle", `${at}.verbs`, `${name} may do nothing`)] : []),
    ];
  });
}

function lintClock({ clock }: Policy, nowMs: number): readonly Finding[] {
  const { floorMs } = clock ?? {};
  if (floorMs === undefined || floorMs <= nowMs) return [];
  const says = `${new Date(floorMs).toISOString()} is in the future: every board that sees this believes that it is at least then, for good`;
  return [error("floor-ahead", "clock.floorMs", says)];
}
