/**
 * The owner's policy, schema `sallyport.policy/1`: one closed document, default deny, a target that only the owner's
 * offline role signs. Which evidence a module needs (`evidence`), whose signature counts as whose (`parties`), who is
 * believed no more (`revoked`), how far grants may go (`ceilings`), how code is run (`engines`), whose command keys
 * count (`operators`). Every evidence rule that matches a module must be satisfied and at least one must match: adding
 * a rule can only narrow.
 */
import {
  ceilingShape,
  deviceMatchShape,
  moduleMatchShape,
  operatorShape,
} from "../runtime/kernel/authority/ceiling.ts";
import { engineRuleShape } from "../runtime/kernel/authority/engine.ts";
import { sha256Hex } from "../runtime/kernel/brand.ts";
import { canonicalJson } from "../runtime/kernel/canonical.ts";
import type { Fault } from "../runtime/kernel/fault.ts";
import type { Result } from "../runtime/kernel/result.ts";
import { array, type Infer, integer, object, oneOf, optional, refined, string } from "../runtime/kernel/shape.ts";
import { isSoundRequirement, requirementShape } from "./kinds.ts";
import { identityShape, namedSignersFields, partyName } from "./named.ts";
import { mayBeBoth } from "./overlap.ts";
import { policyKey } from "./parties.ts";
import { layoutShape } from "./predicate/layout.ts";
import { builderShape } from "./predicate/provenance.ts";
import { parseStrictJson } from "./strict-json.ts";

export const POLICY_BYTES_MAX = 262_144;
/** Where the policy and the trusted root live in the image repository (owner's top-level role). */
export const POLICY_PATH = "policy/policy.json";
export const TRUSTED_ROOT_PATH = "trust/trusted_root.json";

const uri = string({ min: 1, max: 500 });
const timeMs = integer({ min: 0, max: 8.64e15 });
const region = string({ min: 1, max: 63 });

/** Who counts as one: a build service, a laboratory, a person. */
const party = refined(
  object({ name: partyName, ...namedSignersFields }),
  (one) => one.identities !== undefined || one.keys !== undefined,
  "a party with identities or keys",
);

type Party = Infer<typeof party>;

const builder = object({
  /** `runDetails.builder.id`, or a pattern of it. The highest level that names a builder counts. */
  id: builderShape,
  /** The SLSA Build level up to which the owner believes it. */
  level: integer({ min: 1, max: 3 }),
});

const CULPRITS = ["identity", "key", "builder", "digest"] as const;

/** Who or what is believed no more. Nothing new gets in with it; what runs already is stopped, or only reported. */
const revoked = refined(
  object({
    identity: optional(identityShape),
    /** Hex SHA-256 of the key's SubjectPublicKeyInfo. */
    key: optional(sha256Hex),
    builder: optional(builderShape),
    /** SHA-256 of the code or of the manifest. */
    digest: optional(sha256Hex),
    reason: string({ min: 1, max: 300 }),
    running: oneOf("stop", "flag"),
    /** What a trusted authority saw signed before this moment still counts. Only for identity and key. */
    sinceMs: optional(timeMs),
  }),
  (one) =>
    CULPRITS.filter((name) => one[name] !== undefined).length === 1 &&
    (one.sinceMs === undefined || one.identity !== undefined || one.key !== undefined),
  "an entry with exactly one of identity, key, builder and digest, and sinceMs only with the first two",
);
export type Revoked = Infer<typeof revoked>;

/** A capability that a manifest asks for: an output is more than an input. */
const asked = object({
  cap: oneOf("gpio", "sensor", "publish", "subscribe", "kv", "clock", "random", "identity", "dir"),
  dir: optional(oneOf("in", "out")),
  mode: optional(oneOf("ro", "rw")),
});
export type Asked = Infer<typeof asked>;

const evidenceRule = refined(
  object({
    devices: deviceMatchShape,
    modules: moduleMatchShape,
    /** Only where the manifest asks for one of these. */
    asks: optional(array(asked, { min: 1, max: 16 })),
    /** The module may only be where its data may be: the device's region must be one of these. */
    regions: optional(array(region, { min: 1, max: 64 })),
    /** Any one of these identities may have signed the provenance. */
    identities: optional(array(identityShape, { min: 1, max: 32 })),
    /** SLSA provenance: `runDetails.builder.id` must be one of these. */
    builders: optional(array(builderShape, { min: 1, max: 32 })),
    /** The source it was built from must be one of these. */
    sources: optional(array(uri, { min: 1, max: 32 })),
    /** `buildDefinition.buildType`, when given, must be one of these. */
    buildTypes: optional(array(uri, { min: 1, max: 16 })),
    /** What else must be there; each must be met. */
    require: optional(array(requirementShape, { min: 1, max: 16 })),
  }),
  ({ identities, builders, sources, buildTypes, require }) => {
    const short = [identities, builders, sources].filter((one) => one !== undefined).length;
    return short === 3 || (short === 0 && buildTypes === undefined && require !== undefined);
  },
  "a rule with identities, builders and sources, or with require, or with both",
);
export type EvidenceRule = Infer<typeof evidenceRule>;

const document = object({
  schema: oneOf("sallyport.policy/1"),
  /** Rises with each change; a device refuses one below the highest it has seen. */
  version: integer({ min: 1, max: 2 ** 31 }),
  parties: optional(array(party, { max: 64 })),
  builders: optional(array(builder, { max: 64 })),
  revoked: optional(array(revoked, { max: 256 })),
  /** in-toto layouts: which steps by whom lead to a release. */
  layouts: optional(array(layoutShape, { max: 16 })),
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
      floorMs: optional(timeMs),
    }),
  ),
});
type Document = Infer<typeof document>;

const KEYS_MAX = 32;

export const policyShape = refined(
  refined(
    refined(document, hasOwnParties, "a policy in which each party has a name, identities and keys of its own"),
    hasKnownParties,
    "a policy whose requirements and layouts name parties and layouts that it has, with no threshold above their number",
  ),
  (policy) => keysOf(policy).length <= KEYS_MAX,
  `a policy with at most ${KEYS_MAX} signers' keys`,
);
export type Policy = Infer<typeof policyShape>;

export function parsePolicy(bytes: Uint8Array): Result<Policy, Fault> {
  return parseStrictJson(policyShape, bytes, "the policy", POLICY_BYTES_MAX);
}

/** Every key that the policy names for signers of attestations (PEM), each once. */
export function keysOf({ parties = [], evidence }: Pick<Document, "parties" | "evidence">): readonly string[] {
  const requirements = evidence.flatMap((rule) => rule.require ?? []);
  const keys = [...parties, ...requirements].flatMap((one) => ("keys" in one ? (one.keys ?? []) : []));
  return [...new Map(keys.map((pem) => [policyKey(pem).keyId, pem])).values()];
}

/** Nobody is two parties: a threshold would count the same signer twice. */
function hasOwnParties({ parties = [] }: Document): boolean {
  const names = parties.map((one) => one.name);
  const keys = parties.flatMap((one) => [...new Set((one.keys ?? []).map((pem) => policyKey(pem).keyId))]);
  const identities = parties.flatMap((one) => [...new Set((one.identities ?? []).map(canonicalJson))]);
  return [names, keys, identities].every((list) => new Set(list).size === list.length) && !parties.some(isAlsoLater);
}

/**
 * A signer stands for the first party that names it. Where that one asks more of the certificate than its name, the same
 * signer would now be this party and now a later one: the two must be told apart by what they ask.
 */
function isAlsoLater({ identities = [] }: Party, index: number, parties: readonly Party[]): boolean {
  const later = parties.slice(index + 1).flatMap((one) => one.identities ?? []);
  const telling = identities.filter(({ certificate = {} }) => Object.keys(certificate).length > 0);
  return telling.some((one) => later.some((other) => mayBeBoth(one, other)));
}

function hasKnownParties({ parties = [], layouts = [], evidence }: Document): boolean {
  const names = parties.map((one) => one.name);
  const named = layouts.map((one) => one.name);
  const steps = layouts.flatMap((one) => one.steps);
  return (
    new Set(named).size === named.length &&
    steps.every((one) => one.parties.every((party) => names.includes(party))) &&
    evidence.every((rule) => (rule.require ?? []).every((one) => isSoundRequirement(one, names, named)))
  );
}
