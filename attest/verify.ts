/**
 * Does the bundle hold against the trusted root? Four stages in the library's order (times, certificate, log entries,
 * signature), then the signer's name. The library is called without a policy: names are compared by us (identity.ts).
 * Every error of the library gets one of our codes and stays its cause; what is thrown from its depths over hostile
 * bytes (ASN.1, JSON, numbers) makes the bundle invalid.
 */
import type { Bundle } from "@sigstore/bundle";
import { type SignedEntity, type TrustMaterial, toSignedEntity, VerificationError, Verifier } from "@sigstore/verify";
import { type Fault, reasonOf } from "../runtime/kernel/fault.ts";
import { parseBundle } from "./bundle.ts";
import { fault } from "./faults.ts";
import { type Extensions, type Identity, readIdentity } from "./identity.ts";
import type { TrustedRoot } from "./trust.ts";

/** What a verified bundle proves: this signer signed this payload at these times. */
export interface Evidence {
  readonly signer: Identity;
  readonly payload: Uint8Array;
  /** When the signature was seen by a timestamp authority or log of the trusted root; oldest first. */
  readonly signedTimesMs: readonly number[];
  readonly logEntries: number;
}

export type Stage = "bundle" | "timestamps" | "certificate" | "log" | "signature" | "signer";
export const STAGES: readonly Stage[] = ["bundle", "timestamps", "certificate", "log", "signature", "signer"];

interface Refusal {
  readonly ok: false;
  readonly stage: Stage;
  readonly fault: Fault;
}

export type Verification = { readonly ok: true; readonly evidence: Evidence } | Refusal;

/** One entry per code of the library, complete by its type. */
const CODES = {
  NOT_IMPLEMENTED_ERROR: ["bundle", "ATTEST_BUNDLE_INVALID"],
  TIMESTAMP_ERROR: ["timestamps", "ATTEST_TIMESTAMP"],
  CERTIFICATE_ERROR: ["certificate", "ATTEST_CERTIFICATE"],
  PUBLIC_KEY_ERROR: ["certificate", "ATTEST_KEY"],
  TLOG_ERROR: ["log", "ATTEST_LOG"],
  TLOG_BODY_ERROR: ["log", "ATTEST_LOG"],
  TLOG_INCLUSION_PROOF_ERROR: ["log", "ATTEST_LOG"],
  TLOG_INCLUSION_PROMISE_ERROR: ["log", "ATTEST_LOG"],
  TLOG_MISSING_INCLUSION_ERROR: ["log", "ATTEST_LOG"],
  SIGNATURE_ERROR: ["signature", "ATTEST_SIGNATURE"],
} as const satisfies Record<VerificationError["code"], readonly [Stage, string]>;

/** Parses and verifies. Pure: the times that count are those inside the bundle. */
export function verifyBundle(bytes: Uint8Array, trust: TrustedRoot): Verification {
  const bundle = parseBundle(bytes);
  if (!bundle.ok) return { ok: false, stage: "bundle", fault: bundle.error };
  const verified = verifyParsed(bundle.value, trust.material);
  if (!verified.ok) return verified;
  const { extensions, signedTimesMs, logEntries } = verified;
  const signer = readSigner(extensions);
  if (!signer.ok) return signer;
  const payload = new Uint8Array(bundle.value.content.dsseEnvelope.payload);
  return { ok: true, evidence: { signer: signer.identity, payload, signedTimesMs, logEntries } };
}

export type Verified =
  | {
      readonly ok: true;
      /** Of the certificate that signed; none when a bare key did. */
      readonly extensions: Extensions;
      readonly signedTimesMs: readonly number[];
      readonly logEntries: number;
    }
  | Refusal;

/** The four stages, for a bundle of any kind; `content` says what was signed when it is not an envelope. */
export function verifyParsed(bundle: Bundle, material: TrustMaterial, content?: SignedEntity["signature"]): Verified {
  const { tlogEntries, timestampVerificationData } = bundle.verificationMaterial;
  if (tlogEntries.length === 0 && (timestampVerificationData?.rfc3161Timestamps.length ?? 0) === 0) {
    const reason = "it holds neither log entry nor timestamp";
    return { ok: false, stage: "timestamps", fault: fault("ATTEST_NO_TIME", { reason }) };
  }
  try {
    const parsed = toSignedEntity(bundle);
    const entity = content === undefined ? parsed : { ...parsed, signature: content };
    const thresholds = { ctlogThreshold: 1, tlogThreshold: 1, timestampThreshold: 1 };
    const { identity } = new Verifier(material, thresholds).verify(entity);
    return {
      ok: true,
      extensions: identity?.oids ?? [],
      signedTimesMs: signedTimes(entity),
      logEntries: tlogEntries.length,
    };
  } catch (error) {
    const reason = reasonOf(error);
    if (!(error instanceof VerificationError)) {
      return { ok: false, stage: "bundle", fault: fault("ATTEST_BUNDLE_INVALID", { reason }, error) };
    }
    const [stage, code] = CODES[error.code];
    return { ok: false, stage, fault: fault(code, { reason }, error) };
  }
}

export function readSigner(extensions: Extensions): { readonly ok: true; readonly identity: Identity } | Refusal {
  const identity = readIdentity(extensions);
  if (identity !== undefined) return { ok: true, identity };
  const reason = "it does not name exactly one issuer and one subject (a URI or an e-mail address)";
  return { ok: false, stage: "signer", fault: fault("ATTEST_CERTIFICATE", { reason }) };
}

/** Only after `verify`, which fails unless every one of these times holds. A log's time counts with its promise only. */
function signedTimes(entity: SignedEntity): readonly number[] {
  const times = entity.timestamps.flatMap((one) => {
    if (one.$case === "timestamp-authority") return [one.timestamp.signingTime.getTime()];
    return one.tlogEntry.inclusionPromise === undefined ? [] : [Number(one.tlogEntry.integratedTime) * 1000];
  });
  return times.sort((a, b) => a - b);
}
