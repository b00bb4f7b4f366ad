/**
 * Does the bundle hold against the trusted root? Four stages in the library's order (times, certificate, log entries,
 * signature), then the signer's name. The library is called without a policy: names are compared by us (identity.ts).
 * Every error of the library gets one of our codes and stays its cause; what is thrown from its depths over hostile
 * bytes (ASN.1, JSON, numbers) makes the bundle invalid.
 */
import type { BundleWithDsseEnvelope } from "@sigstore/bundle";
import { type SignedEntity, toSignedEntity, VerificationError, Verifier } from "@sigstore/verify";
import { type Fault, reasonOf } from "../runtime/kernel/fault.ts";
import { parseBundle } from "./bundle.ts";
import { fault } from "./faults.ts";
import { type Identity, readIdentity } from "./identity.ts";
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

export type Verification =
  | { readonly ok: true; readonly evidence: Evidence }
  | { readonly ok: false; readonly stage: Stage; readonly fault: Fault };

/** One entry per code of the library, complete by its type. */
const CODES = {
  NOT_IMPLEMENTED_ERROR: ["bundle", "ATTEST_BUNDLE_INVALID"],
  TIMESTAMP_ERROR: ["timestamps", "ATTEST_TIMESTAMP"],
  CERTIFICATE_ERROR: ["certificate", "ATTEST_CERTIFICATE"],
  PUBLIC_KEY_ERROR: ["certificate", "ATTEST_CERTIFICATE"],
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
  try {
    return verifyEntity(bundle.value, trust);
  } catch (error) {
    const reason = reasonOf(error);
    if (!(error instanceof VerificationError)) {
      return { ok: false, stage: "bundle", fault: fault("ATTEST_BUNDLE_INVALID", { reason }, error) };
    }
    const [stage, code] = CODES[error.code];
    return { ok: false, stage, fault: fault(code, { reason }, error) };
  }
}

function verifyEntity(bundle: BundleWithDsseEnvelope, trust: TrustedRoot): Verification {
  const entity = toSignedEntity(bundle);
  const thresholds = { ctlogThreshold: 1, tlogThreshold: 1, timestampThreshold: 1 };
  const { identity } = new Verifier(trust.material, thresholds).verify(entity);
  const signer = readIdentity(identity?.oids ?? []);
  if (signer === undefined) {
    const reason = "it does not name exactly one issuer and one subject (a URI or an e-mail address)";
    return { ok: false, stage: "signer", fault: fault("ATTEST_CERTIFICATE", { reason }) };
  }
  const evidence = {
    signer,
    payload: new Uint8Array(bundle.content.dsseEnvelope.payload),
    signedTimesMs: signedTimes(entity),
    logEntries: entity.tlogEntries.length,
  };
  return { ok: true, evidence };
}

/** Only after `verify`, which fails unless every one of these times holds. A log's time counts with its promise only. */
function signedTimes(entity: SignedEntity): readonly number[] {
  const times = entity.timestamps.flatMap((one) => {
    if (one.$case === "timestamp-authority") return [one.timestamp.signingTime.getTime()];
    return one.tlogEntry.inclusionPromise === undefined ? [] : [Number(one.tlogEntry.integratedTime) * 1000];
  });
  return times.sort((a, b) => a - b);
}
