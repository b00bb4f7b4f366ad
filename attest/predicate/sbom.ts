/**
 * What the owner asks of a bill of materials: components that must not be inside, or must be, and licences. A doubt goes
 * against the release: a forbidden version range catches a component whose version is missing or cannot be compared, and a
 * component without a known licence is refused unless the owner allows that.
 */
import { array, type Infer, object, oneOf, optional, refined, string } from "../../runtime/kernel/shape.ts";
import type { Examine } from "../candidate.ts";
import { fault as evidenceFault } from "../faults.ts";
import { passed, type Reason, refused, unexamined } from "../reasons.ts";
import { type Component, type Licence, type Materials, parseMaterials } from "./components.ts";
import { fault } from "./faults.ts";
import { createLicenceJudge, type Standing } from "./licence.ts";
import { once } from "./once.ts";
import { parsePurl } from "./purl.ts";
import { clipped, some } from "./shown.ts";
import { compileRange, isExactVersion, isVersionRange } from "./versions.ts";

/** Of what is wrong, so much is said. */
const LINES_MAX = 20;

const name = string({ min: 1, max: 500 });
const ranges = refined(
  array(string({ min: 1, max: 200 }), { min: 1, max: 32 }),
  (all) => all.every(isVersionRange),
  "versions such as 1.2.3, <1.2.3 or >=1.0 <1.2.3",
);

/** Its version, if any, is one that can be compared by equality. */
function isPlainPurl(text: string): boolean {
  const parsed = parsePurl(text);
  return parsed !== undefined && (parsed.version === undefined || isExactVersion(parsed.version));
}

const componentRule = refined(
  object({
    /** As the document writes it, in any case; a component with a group is also `group/name`. */
    name: optional(name),
    /** `pkg:type/namespace/name`, with or without `@version`. A component without a package URL is not found by it. */
    purl: optional(refined(name, isPlainPurl, "a package URL such as pkg:npm/lodash or pkg:npm/lodash@4.17.20")),
    /** Any of these; all versions unless given. */
    versions: optional(ranges),
  }),
  (one) =>
    (one.name === undefined) !== (one.purl === undefined) &&
    (one.versions === undefined || one.purl === undefined || parsePurl(one.purl)?.version === undefined),
  "a component with either name or purl, and its versions in one place",
);
type ComponentRule = Infer<typeof componentRule>;

const licences = refined(
  object({
    /** SPDX identifiers, with `WITH exception` where only that is meant. Nothing else is accepted. */
    allow: optional(array(name, { min: 1, max: 256 })),
    deny: optional(array(name, { min: 1, max: 256 })),
    /** A component without a licence that can be read. Refused unless given. */
    unknown: optional(oneOf("allow", "refuse")),
    /** Names of components whose licence does not matter, such as the owner's own. */
    except: optional(array(name, { min: 1, max: 64 })),
  }),
  (one) => one.allow !== undefined || one.deny !== undefined,
  "licences with allow or deny",
);

export const sbomFields = {
  formats: optional(array(oneOf("spdx", "cyclonedx"), { min: 1, max: 2 })),
  forbid: optional(array(componentRule, { min: 1, max: 128 })),
  /** Components that must be listed: a part without which the document is of something else. */
  components: optional(array(componentRule, { min: 1, max: 64 })),
  licences: optional(licences),
};
const fields = object(sbomFields);
type Asked = Infer<typeof fields>;

/** Checks `components` and `licences`. Refuses with ATTEST_PREDICATE_TYPE, ATTEST_SBOM_COMPONENT or ATTEST_SBOM_LICENCE. */
export const examineSbom: Examine<Asked> = (asked, { statement }) => {
  const parsed = parseMaterials(statement);
  if (!parsed.ok) return { reasons: [refused("components", parsed.error), unexamined("licences")] };
  const materials = parsed.value;
  if (asked.formats?.includes(materials.format) === false) {
    const why = evidenceFault("ATTEST_PREDICATE_TYPE", { found: materials.format, expected: asked.formats });
    return { reasons: [refused("components", why), unexamined("licences")] };
  }
  return { reasons: [examineComponents(asked, materials), examineLicences(asked, materials)] };
};

function examineComponents({ forbid = [], components: needed = [] }: Asked, materials: Materials): Reason {
  const { format, version, components } = materials;
  const places = placesOf(components);
  const forbidden = forbid.flatMap((rule) => {
    const ranges = rangesOf(rule);
    return places(rule)
      .filter((one) => mayBe(one, ranges))
      .map((one) => one.label);
  });
  const missing = needed.filter((rule) => {
    const ranges = rangesOf(rule);
    return !places(rule).some((one) => isSurely(one, ranges));
  });
  if (forbidden.length + missing.length === 0) {
    const facts = { format: `${format} ${version}`, components: components.length };
    return passed("components", "it lists nothing that is forbidden, and all that must be there", facts);
  }
  const wrong = [
    ...[...new Set(forbidden)].map((label) => `${clipped(label)} is forbidden`),
    ...missing.map((rule) => `${rule.name ?? rule.purl} is missing`),
  ];
  return refused("components", fault("ATTEST_SBOM_COMPONENT", { wrong: some(wrong, LINES_MAX), count: wrong.length }));
}

/** Which components a rule speaks of, whatever their version; found without going through all for each rule. */
const placesOf = once((components: readonly Component[]): ((rule: ComponentRule) => readonly Component[]) => {
  const named = Map.groupBy(
    components.flatMap((one) => one.names.map((key) => ({ key, one }))),
    ({ key }) => key,
  );
  const packaged = Map.groupBy(components, (one) => one.packageKey);
  return (rule) => {
    if (rule.name !== undefined) return (named.get(rule.name.toLowerCase()) ?? []).map(({ one }) => one);
    return packaged.get(parsePurl(rule.purl ?? "")?.key) ?? [];
  };
});

type Ranges = readonly ReturnType<typeof compileRange>[];

/** Undefined for all versions. */
function rangesOf({ versions, purl }: ComponentRule): Ranges | undefined {
  const version = purl === undefined ? undefined : parsePurl(purl)?.version;
  return (versions ?? (version === undefined ? undefined : [version]))?.map(compileRange);
}

function mayBe({ versions }: Component, ranges: Ranges | undefined): boolean {
  if (ranges === undefined || versions.length === 0) return true;
  return versions.some((one) => ranges.some((isWithin) => isWithin(one) !== "no"));
}

function isSurely({ versions }: Component, ranges: Ranges | undefined): boolean {
  if (ranges === undefined) return true;
  return versions.length > 0 && versions.every((one) => ranges.some((isWithin) => isWithin(one) === "yes"));
}

function examineLicences({ licences: asked }: Asked, { components }: Materials): Reason {
  if (asked === undefined) return passed("licences", "the policy does not ask for licences");
  const judge = createLicenceJudge(asked);
  const standingOf = (one: Licence) => ("name" in one ? judge.named(one.name) : judge.standing(one.expression));
  const except = new Set((asked.except ?? []).map((one) => one.toLowerCase()));
  const wrong = components
    .filter((one) => !one.names.some((each) => except.has(each)))
    .map((one) => ({ label: one.label, licences: one.licences, standing: allOf(one.licences.map(standingOf)) }))
    .filter(({ standing }) => standing === "denied" || (standing === "unknown" && asked.unknown !== "allow"));
  if (wrong.length === 0)
    return passed("licences", "every licence is one that is accepted", { components: components.length });
  const lines = wrong
    .slice(0, LINES_MAX)
    .map(({ label, licences, standing }) => `${clipped(label)}: ${written(licences)} (${standing})`);
  return refused("licences", fault("ATTEST_SBOM_LICENCE", { wrong: lines, count: wrong.length }));
}

/** All that are said must be kept; nothing said is nothing known. */
function allOf(standings: readonly Standing[]): Standing {
  if (standings.includes("denied")) return "denied";
  return standings.length === 0 || standings.includes("unknown") ? "unknown" : "allowed";
}

function written(licences: readonly Licence[]): string {
  const texts = licences.map((one) => ("name" in one ? one.name : one.expression));
  return texts.length === 0 ? "no licence" : clipped(texts.slice(0, 5).join(", "));
}
