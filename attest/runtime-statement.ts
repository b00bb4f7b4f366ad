/**
 * The runtime attestation: an in-toto Statement v1 in a DSSE envelope by which a board says, under its device key, what
 * it runs at this moment. Its subjects are the agent and each running module, by digest; the predicate is of our own
 * type. What a signature by a key in a file can prove, and what only a TPM's quote adds, is in docs/runtime-attestation.md.
 * The statement has one encoding, canonical JSON: a reader refuses any other.
 */
import { deviceId, moduleName, type Sha256, sha256Hex, teamName, tenantId, version } from "../runtime/kernel/brand.ts";
import { base64, fromBase64, utf8 } from "../runtime/kernel/bytes.ts";
import { canonicalJson } from "../runtime/kernel/canonical.ts";
import { documentDigest } from "../runtime/kernel/digest.ts";
import { parseEnvelope, signEnvelope } from "../runtime/kernel/dsse.ts";
import { unwrap } from "../runtime/kernel/result.ts";
import {
  array,
  type Infer,
  integer,
  object,
  oneOf,
  optional,
  parseJson,
  parseShape,
  record,
  refined,
  string,
  variants,
} from "../runtime/kernel/shape.ts";
import type { Signer } from "../runtime/kernel/signer.ts";
import { STATEMENT_PAYLOAD_TYPE } from "./bundle.ts";
import { STATEMENT_TYPE } from "./statement.ts";

export const RUNTIME_TYPE = "https://sallyport.dev/attestation/runtime/v1";
/** Largest envelope that is read. */
export const RUNTIME_BYTES_MAX = 262_144;
export const RUNTIME_MODULES_MAX = 128;

const count = integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const number = integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const time = integer({ min: 0, max: 8.64e15 });
export const versionsShape = object({ root: number, timestamp: number, snapshot: number, targets: number });
export const policySeenShape = object({ version: number, digest: sha256Hex });
export const metadataShape = object({ image: versionsShape, director: versionsShape });
export const bootShape = object({
  /** How often the agent was started on this board. */
  count: number,
  /** The kernel's id of this boot (random(4)); absent where the system gives none. */
  id: optional(
    refined(string({ max: 36 }), (text) => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text), "a UUID"),
  ),
});

/** The asker's: 128 to 256 bits of chance. */
export const runtimeNonce = refined(
  string({ max: 64 }),
  (text) => /^(?:[0-9a-f]{2}){16,32}$/.test(text),
  "32 to 64 lower-case hex digits",
);

/** TPM 2.0 registers by number; 24 of them in every PC client and most others. */
export const pcrsShape = record(
  refined(string({ max: 2 }), (text) => /^(?:0|[1-9]|1\d|2[0-3])$/.test(text), "the number of a register, 0 to 23"),
  sha256Hex,
  { max: 24 },
);

const claimShape = variants("kind", {
  /** The signature of the envelope, by the key that the board was enrolled with. */
  "device-key": object({ kind: oneOf("device-key") }),
  /** A quote over this statement without the quote (see `quotedDigest`). */
  "tpm-quote": object({
    kind: oneOf("tpm-quote"),
    /** Which key signed: SHA-256 of its SubjectPublicKeyInfo. */
    key: sha256Hex,
    /** The registers of the SHA-256 bank that were quoted. */
    pcrs: pcrsShape,
    /** TPMS_ATTEST, base64. */
    attested: string({ min: 4, max: 2_000 }),
    /** Over `attested`: ECDSA P-256 as DER, or RSASSA PKCS #1 v1.5; with SHA-256. Base64. */
    signature: string({ min: 4, max: 1_400 }),
  }),
});
export type RuntimeClaim = Infer<typeof claimShape>;
export type QuoteClaim = Extract<RuntimeClaim, { readonly kind: "tpm-quote" }>;

const moduleShape = object({
  team: teamName,
  name: moduleName,
  version,
  /** Of the code. */
  digest: sha256Hex,
  manifest: sha256Hex,
  state: oneOf("starting", "probation", "running", "crashed", "stopped"),
  restarts: count,
  /** Over what it may do now, as `up/mod/<name>/grants` gives it. */
  grantsDigest: sha256Hex,
  /** The proof of its admission that the board keeps. */
  proofDigest: optional(sha256Hex),
});
export type RuntimeModule = Infer<typeof moduleShape>;

export const runtimePredicate = object({
  tenant: tenantId,
  device: deviceId,
  agent: object({ version: string({ min: 1, max: 40 }), digest: sha256Hex }),
  /** The board's own tier. */
  engine: object({ tier: string({ min: 1, max: 40 }) }),
  modules: array(moduleShape, { max: RUNTIME_MODULES_MAX }),
  /** The owner's policy in force; absent before the first. */
  policy: optional(policySeenShape),
  /** The metadata last trusted; absent before the first. */
  metadata: optional(metadataShape),
  boot: bootShape,
  /** Rises with each attestation of this board. */
  counter: number,
  /** The board's clock, ms, and the latest signed time that it knows. */
  timeMs: time,
  timeFloorMs: time,
  /** Of who asked; absent in what the board says of its own accord. */
  nonce: optional(runtimeNonce),
  /** What stands behind it. */
  claims: refined(
    array(claimShape, { min: 1, max: 2 }),
    ([first, second]) => first?.kind === "device-key" && (second === undefined || second.kind === "tpm-quote"),
    "the device key's claim, then a quote or nothing",
  ),
});
export type RuntimePredicate = Infer<typeof runtimePredicate>;
export type RuntimeFacts = Omit<RuntimePredicate, "claims">;

export const runtimeStatementShape = object({
  _type: oneOf(STATEMENT_TYPE),
  subject: array(object({ name: string({ min: 1, max: 300 }), digest: object({ sha256: sha256Hex }) }), {
    min: 1,
    max: 1 + RUNTIME_MODULES_MAX,
  }),
  predicateType: oneOf(RUNTIME_TYPE),
  predicate: runtimePredicate,
});
export type RuntimeStatement = Infer<typeof runtimeStatementShape>;

/** The agent, and the modules whose code runs now. */
export function subjectsOf({ agent, modules }: RuntimeFacts): RuntimeStatement["subject"] {
  const running = modules.filter(({ state }) => state === "running" || state === "probation");
  return [
    { name: `agent/${agent.version}`, digest: { sha256: agent.digest } },
    ...running.map((one) => ({
      name: `modules/${one.team}/${one.name}/${one.version}`,
      digest: { sha256: one.digest },
    })),
  ];
}

/** What a TPM quotes: the SHA-256 of the statement as it would be without the quote. */
export function quotedDigest({ predicate, ...statement }: RuntimeStatement): Sha256 {
  const claims = predicate.claims.filter(({ kind }) => kind !== "tpm-quote");
  return documentDigest({ ...statement, predicate: { ...predicate, claims } });
}

/** Bytes under a TPM's attestation key; `qualifying` is what the quote is made over, 32 bytes as hex. */
export interface Quoter {
  quote(qualifying: Sha256): Promise<Omit<QuoteClaim, "kind">>;
}

/** The bytes of the signed envelope. Throws SHAPE_MISMATCH for facts that no reader would accept. */
export async function signRuntimeStatement(
  facts: RuntimeFacts,
  keys: { readonly device: Signer; readonly tpm?: Quoter | undefined },
): Promise<Uint8Array> {
  const bare = statementOf(facts, [{ kind: "device-key" }]);
  const quote = await keys.tpm?.quote(quotedDigest(bare));
  const whole =
    quote === undefined ? bare : statementOf(facts, [...bare.predicate.claims, { kind: "tpm-quote", ...quote }]);
  const envelope = await signEnvelope(STATEMENT_PAYLOAD_TYPE, utf8(canonicalJson(whole)), [keys.device]);
  return utf8(canonicalJson(envelope));
}

function statementOf(facts: RuntimeFacts, claims: readonly RuntimeClaim[]): RuntimeStatement {
  const statement = {
    _type: STATEMENT_TYPE,
    subject: subjectsOf(facts),
    predicateType: RUNTIME_TYPE,
    predicate: { ...facts, claims },
  };
  return unwrap(parseShape(runtimeStatementShape, statement, "the runtime attestation"));
}

/** What an envelope says, unjudged: for a line that a person reads. Undefined for anything else. */
export function peekRuntimeStatement(envelope: Uint8Array): RuntimeStatement | undefined {
  const parsed = parseEnvelope(envelope, "the attestation", RUNTIME_BYTES_MAX);
  const payload = parsed.ok ? fromBase64(parsed.value.payload) : undefined;
  if (payload === undefined) return undefined;
  const statement = parseJson(runtimeStatementShape, payload, "the attestation", RUNTIME_BYTES_MAX);
  return statement.ok ? statement.value : undefined;
}

/** For who quotes: a claim from the TPM's own bytes. */
export function quoteClaim(
  key: Sha256,
  pcrs: QuoteClaim["pcrs"],
  attested: Uint8Array,
  signature: Uint8Array,
): Omit<QuoteClaim, "kind"> {
  return { key, pcrs, attested: base64(attested), signature: base64(signature) };
}
