/**
 * What an appraiser holds a board's attestation against (RFC 9334 calls them reference values), and what it keeps of a
 * board between two appraisals. Both are documents of the appraiser's own side; both are closed.
 */
import { deviceId, moduleName, sha256Hex, teamName, tenantId } from "../runtime/kernel/brand.ts";
import { type Fault, reasonOf } from "../runtime/kernel/fault.ts";
import { err, type Result } from "../runtime/kernel/result.ts";
import { array, boolean, type Infer, integer, object, oneOf, optional, string } from "../runtime/kernel/shape.ts";
import { parsePublicKey } from "../runtime/kernel/signer.ts";
import { fault } from "./appraise-faults.ts";
import { bootShape, metadataShape, pcrsShape, policySeenShape, type RuntimeStatement } from "./runtime-statement.ts";
import { parseStrictJson } from "./strict-json.ts";
import { parseAttestationKey } from "./tpm/attestation-key.ts";

const BYTES_MAX = 262_144;
const pem = string({ min: 1, max: 4_000 });
const count = integer({ min: 0, max: 2 ** 32 - 1 });
const number = integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

const leastShape = object({
  root: optional(number),
  timestamp: optional(number),
  snapshot: optional(number),
  targets: optional(number),
});

/** What is absent is not examined, and the result says so. */
export const referenceShape = object({
  schema: oneOf("sallyport.reference/1"),
  tenant: tenantId,
  device: deviceId,
  /** The keys that this board was enrolled with, PEM; any one of them is enough. */
  keys: array(pem, { min: 1, max: 4 }),
  /** Digests of releases of the agent (`sallyport appraise --agent-digest-of DIR`). */
  agents: optional(array(sha256Hex, { min: 1, max: 64 })),
  tiers: optional(array(string({ min: 1, max: 40 }), { min: 1, max: 16 })),
  /** All that may run: each under its name with one of the digests, nothing else. `optional` ones may be away. */
  modules: optional(
    array(
      object({
        team: teamName,
        name: moduleName,
        digests: array(sha256Hex, { min: 1, max: 16 }),
        grantsDigest: optional(sha256Hex),
        optional: optional(boolean),
      }),
      { max: 128 },
    ),
  ),
  policy: optional(object({ versionMin: optional(number), digest: optional(sha256Hex) })),
  /** The least versions of both repositories' metadata. */
  metadataMin: optional(object({ image: optional(leastShape), director: optional(leastShape) })),
  /** How old by the board's clock an attestation may be that answers no nonce. */
  maxAgeS: integer({ min: 1, max: 31_536_000 }),
  /** The board's TPM: then a quote must be there. */
  tpm: optional(
    object({
      /** The attestation key, PEM: a restricted signing key, ECDSA P-256 or RSA. */
      key: pem,
      /** Measurements that must be quoted with these values. */
      pcrs: optional(pcrsShape),
    }),
  ),
});
export type Reference = Infer<typeof referenceShape>;

/** Refuses as well what names a key that nothing can be verified with (KEY_*). */
export function parseReference(bytes: Uint8Array): Result<Reference> {
  const parsed = parseStrictJson(referenceShape, bytes, "the reference values", BYTES_MAX);
  if (!parsed.ok) return parsed;
  const { keys, tpm } = parsed.value;
  const readings = [
    ...keys.map((one) => parsePublicKey(one, "a key of the reference values")),
    ...(tpm === undefined ? [] : [parseAttestationKey(tpm.key)]),
  ];
  return readings.find((one) => !one.ok) ?? parsed;
}

/** Reference values that a statement satisfies: of the given ones who and how fresh, of the statement everything else. */
export function referenceLike(given: Reference, { predicate }: RuntimeStatement): Reference {
  const { agent, engine, modules, policy, metadata } = predicate;
  const running = modules.filter(({ state }) => state !== "stopped");
  return {
    ...given,
    agents: [agent.digest],
    tiers: [engine.tier],
    modules: running.map(({ team, name, digest }) => ({ team, name, digests: [digest] })),
    ...(policy === undefined ? {} : { policy: { versionMin: policy.version } }),
    ...(metadata === undefined ? {} : { metadataMin: metadata }),
  };
}

export const rememberedShape = object({
  schema: oneOf("sallyport.appraised/1"),
  tenant: tenantId,
  device: deviceId,
  counter: number,
  /** Of the statement that was appraised last. */
  digest: sha256Hex,
  boot: bootShape,
  timeMs: integer({ min: 0, max: 8.64e15 }),
  timeFloorMs: integer({ min: 0, max: 8.64e15 }),
  policy: optional(policySeenShape),
  metadata: optional(metadataShape),
  /** What its TPM counted when it last vouched for the board. */
  tpm: optional(
    object({
      /** Which chip: the id of its attestation key. */ key: optional(sha256Hex),
      resets: count,
      restarts: count,
    }),
  ),
});
/** A board's last word, as far as the next one is judged by it. */
export type Remembered = Infer<typeof rememberedShape>;

/** `what` names the bytes to a person. Refuses with APPRAISE_MEMORY: what is damaged is not the same as nothing. */
export function parseRemembered(bytes: Uint8Array, what = "the memory"): Result<Remembered, Fault> {
  const parsed = parseStrictJson(rememberedShape, bytes, what, BYTES_MAX);
  return parsed.ok ? parsed : err(fault("APPRAISE_MEMORY", { reason: reasonOf(parsed.error) }, parsed.error));
}
