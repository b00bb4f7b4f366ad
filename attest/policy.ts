/**
 * The owner's policy, schema `sallyport.policy/1`: one closed document, default deny, a target that only the owner's
 * offline role signs. Which evidence a module needs (`evidence`), how far grants may go (`ceilings`), how code is run
 * (`engines`), whose command keys count (`operators`). Every evidence rule that matches a module must be satisfied and at least one must
 * match: adding a rule can only narrow.
 */
import {
  ceilingShape,
  deviceMatchShape,
  moduleMatchShape,
  operatorShape,
} from "../runtime/kernel/authority/ceiling.ts";
import { engineRuleShape } from "../runtime/kernel/authority/engine.ts";
import type { Fault } from "../runtime/kernel/fault.ts";
import type { Result } from "../runtime/kernel/result.ts";
import {
  array,
  type Infer,
  integer,
  object,
  oneOf,
  optional,
  parseJson,
  refined,
  string,
} from "../runtime/kernel/shape.ts";
import { isSubjectPattern } from "./pattern.ts";

export const POLICY_BYTES_MAX = 262_144;
/** Where the policy and the trusted root live in the image repository (owner's top-level role). */
export const POLICY_PATH = "policy/policy.json";
export const TRUSTED_ROOT_PATH = "trust/trusted_root.json";

const uri = string({ min: 1, max: 500 });

/**
 * `subject` is compared by equality: `https://github.com/acme/app` must not admit `https://github.com/acme/app-evil`.
 * `subjectPattern` stands in its place where a name changes with every release (pattern.ts says what it may hold).
 */
const identity = refined(
  object({
    issuer: uri,
    subject: optional(uri),
    subjectPattern: optional(
      refined(uri, isSubjectPattern, "a URI with * only at the end of path components after the first"),
    ),
  }),
  (one) => (one.subject === undefined) !== (one.subjectPattern === undefined),
  "an identity with either subject or subjectPattern",
);

const evidenceRule = object({
  devices: deviceMatchShape,
  modules: moduleMatchShape,
  /** Any one of these identities may have signed. */
  identities: array(identity, { min: 1, max: 32 }),
  /** SLSA provenance v1: `runDetails.builder.id` must be one of these. */
  builders: array(uri, { min: 1, max: 32 }),
  /** `buildDefinition.externalParameters.source.uri` must be one of these. */
  sources: array(uri, { min: 1, max: 32 }),
  /** `buildDefinition.buildType`, when given, must be one of these. */
  buildTypes: optional(array(uri, { min: 1, max: 16 })),
});
export type EvidenceRule = Infer<typeof evidenceRule>;

export const policyShape = object({
  schema: oneOf("sallyport.policy/1"),
  /** Rises with each change; a device refuses one below the highest it has seen. */
  version: integer({ min: 1, max: 2 ** 31 }),
  evidence: array(evidenceRule, { max: 128 }),
  ceilings: array(ceilingShape, { max: 128 }),
  /** How code is run: every rule that matches holds. */
  engines: optional(array(engineRuleShape, { max: 128 })),
  operators: array(operatorShape, { max: 32 }),
  clock: optional(
    object({
      /** A board's clock that is further ahead of the last signed time is not believed: only revoke and refresh count. */
      aheadDaysMax: optional(integer({ min: 1, max: 36_500 })),
      /** Sets the time floor of every board once, when this version is first seen: the way back from a stolen time key. */
      floorMs: optional(integer({ min: 0, max: 8.64e15 })),
    }),
  ),
});
export type Policy = Infer<typeof policyShape>;

export function parsePolicy(bytes: Uint8Array): Result<Policy, Fault> {
  return parseJson(policyShape, bytes, "the policy", POLICY_BYTES_MAX);
}
