/**
 * The kinds of requirement that a policy may make, one entry each: which predicate types answer it, which fields it has
 * beside those that all have, and who compares them. What they all have: whose signature counts, which of the release's
 * files the statement must speak of, how old it may be, and rules on single fields.
 */
import { array, type Infer, integer, object, oneOf, optional, string, variants } from "../runtime/kernel/shape.ts";
import type { Candidate, Circumstances, Examine, Examined } from "./candidate.ts";
import { namedSignersFields, partyName } from "./named.ts";
import { SBOM_TYPES } from "./predicate/components.ts";
import { fieldRuleShape, predicateFields } from "./predicate/fields.ts";
import { LINK_TYPES } from "./predicate/link.ts";
import { examineProvenance, provenanceFields } from "./predicate/provenance.ts";
import { examineRelease, RELEASE_TYPES, releaseFields } from "./predicate/release.ts";
import { examineSbom, sbomFields } from "./predicate/sbom.ts";
import { examineScai, SCAI_TYPES, scaiFields } from "./predicate/scai.ts";
import { VULNS_TYPES } from "./predicate/scan-report.ts";
import { examineTestResult, TEST_RESULT_TYPES, testResultFields } from "./predicate/test-result.ts";
import { examineVsa, VSA_TYPES, vsaFields } from "./predicate/vsa.ts";
import { examineVulns, vulnsFields } from "./predicate/vulns.ts";
import { PROVENANCE_TYPES } from "./provenance.ts";

/** What every kind but `layout` has. */
const common = {
  ...namedSignersFields,
  /** Names of parties of this policy, instead of signers named in place. */
  parties: optional(array(partyName, { min: 1, max: 16 })),
  /** How many of the parties must each have signed such an attestation; 1 unless given. */
  threshold: optional(integer({ min: 1, max: 16 })),
  /** Which files the statement must speak of: manifest and code, or the code alone. The first unless given. */
  about: optional(oneOf("release", "module")),
  /** The oldest that its first trusted time may be. Only of a certificate's signature: a key's is refused, as it has no age. */
  maxAgeDays: optional(integer({ min: 1, max: 36_500 })),
  /** Rules on single fields of the statement; all must hold. */
  fields: optional(array(fieldRuleShape, { min: 1, max: 32 })),
};

export const requirementShape = variants("type", {
  provenance: object({ type: oneOf("provenance"), ...common, ...provenanceFields }),
  vsa: object({ type: oneOf("vsa"), ...common, ...vsaFields }),
  release: object({ type: oneOf("release"), ...common, ...releaseFields }),
  sbom: object({ type: oneOf("sbom"), ...common, ...sbomFields }),
  vulns: object({ type: oneOf("vulns"), ...common, ...vulnsFields }),
  "test-result": object({ type: oneOf("test-result"), ...common, ...testResultFields }),
  scai: object({ type: oneOf("scai"), ...common, ...scaiFields }),
  predicate: object({ type: oneOf("predicate"), ...common, ...predicateFields }),
  /** The name of one of the policy's layouts, which names the parties of each step itself. */
  layout: object({ type: oneOf("layout"), layout: string({ min: 1, max: 100 }) }),
});
export type Requirement = Infer<typeof requirementShape>;
/** Met by one attestation, or by one of each of several parties. */
export type Single = Exclude<Requirement, { readonly type: "layout" }>;

/** Somebody is named, in place or by the names of parties, and the threshold can be met; or a layout that there is. */
export function isSoundRequirement(one: Requirement, parties: readonly string[], layouts: readonly string[]): boolean {
  if (one.type === "layout") return layouts.includes(one.layout);
  const inPlace = one.identities !== undefined || one.keys !== undefined;
  if (inPlace) return one.parties === undefined && one.threshold === undefined;
  const named = new Set(one.parties);
  return named.size > 0 && [...named].every((name) => parties.includes(name)) && (one.threshold ?? 1) <= named.size;
}

/** The predicate types that answer a requirement. */
export function predicateTypesOf(one: Requirement): readonly string[] {
  if (one.type === "layout") return LINK_TYPES;
  return one.type === "predicate" ? one.predicateTypes : KINDS[one.type].predicateTypes;
}

/** What the kind says of a candidate whose predicate is of its type. */
export function examine(one: Single, candidate: Candidate, circumstances: Circumstances): Examined {
  const kind: { readonly examine: Examine<never> } = KINDS[one.type];
  return (kind.examine as Examine<Single>)(one, candidate, circumstances);
}

const KINDS = {
  provenance: { predicateTypes: PROVENANCE_TYPES, examine: examineProvenance },
  vsa: { predicateTypes: VSA_TYPES, examine: examineVsa },
  release: { predicateTypes: RELEASE_TYPES, examine: examineRelease },
  sbom: { predicateTypes: SBOM_TYPES, examine: examineSbom },
  vulns: { predicateTypes: VULNS_TYPES, examine: examineVulns },
  "test-result": { predicateTypes: TEST_RESULT_TYPES, examine: examineTestResult },
  scai: { predicateTypes: SCAI_TYPES, examine: examineScai },
  // Known by its type and the rules on its fields alone.
  predicate: { predicateTypes: [], examine: () => ({ reasons: [] }) },
} as const satisfies {
  readonly [T in Single["type"]]: {
    readonly predicateTypes: readonly string[];
    readonly examine: Examine<Extract<Single, { readonly type: T }>>;
  };
};
