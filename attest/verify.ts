/**
 * Does the bundle hold against the trusted root? Four stages in the library's order (times, certificate, log entries,
 * signature), then the signer's name. The library is called without a policy: names are compared by us (identity.ts).
 * Every error of the library gets one of our codes and stays its cause; what is thrown from its depths over hostile
 * bytes (ASN.1, JSON, numbers) makes the bundle invalid.
 */

import { createPublicKey, type KeyObject } from "node:crypto";
import type { Bundle, BundleWithDsseEnvelope } from "@sigstore/bundle";
import { type SignedEntity, type TrustMaterial, toSignedEntity, VerificationError, Verifier } from "@sigstore/verify";
import { preAuthEncoding } from "../runtime/kernel/dsse.ts";
import { type Fault, reasonOf } from "../runtime/kernel/fault.ts";
import type { PublicKey } from "../runtime/kernel/signer.ts";
import { parseBundle } from "./bundle.ts";
import { type CertificateFacts, readCertificateFacts } from "./certificate.ts";
import { encodeOnce } from "./encode-once.ts";
import { fault } from "./faults.ts";
import { type Extensions, type Identity, readIdentity, utf8String } from "./identity.ts";
import { unsignedPart } from "./strict.ts";
import type { TrustedRoot } from "./trust.ts";

/** What a verified bundle proves: this signer signed this payload at these times. */
export interface Evidence {
  readonly signer: Identity;
  /** What the certificate says beside the signer's name. */
  readonly certificate: CertificateFacts;
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

export type { Refusal };
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
  return bundle.ok ? verifyKeyless(bundle.value, trust) : { ok: false, stage: "bundle", fault: bundle.error };
}

/** For a bundle that a certificate signed. */
export function verifyKeyless(bundle: BundleWithDsseEnvelope, trust: TrustedRoot): Verification {
  const verified = verifyParsed(bundle, trust.material);
  if (!verified.ok) return verified;
  const { extensions, signedTimesMs, logEntries } = verified;
  const signer = readSigner(extensions);
  if (!signer.ok) return signer;
  const { identity, certificate } = signer;
  const payload = new Uint8Array(bundle.content.dsseEnvelope.payload);
  return { ok: true, evidence: { signer: identity, certificate, payload, signedTimesMs, logEntries } };
}

export type ManagedVerification =
  | {
      readonly ok: true;
      readonly key: PublicKey;
      readonly signedTimesMs: readonly number[];
      readonly logEntries: number;
    }
  | Refusal;

/**
 * For a bundle that a bare key signed: one of `keys`, whatever hint it carries. Log entries and timestamps may be
 * absent, as the key is believed without them; those that are there must hold.
 */
export function verifyManaged(
  bundle: BundleWithDsseEnvelope,
  trust: TrustedRoot,
  keys: readonly PublicKey[],
): ManagedVerification {
  const { payloadType, payload, signatures } = bundle.content.dsseEnvelope;
  const message = preAuthEncoding(payloadType, payload);
  const key = keys.find((one) => signatures.some(({ sig }) => one.verify(message, sig)));
  if (key === undefined) {
    const reason = "a bare key signed that the policy does not name, or the envelope was altered";
    return { ok: false, stage: "certificate", fault: fault("ATTEST_KEY", { reason }) };
  }
  const publicKey = { publicKey: keyObjectOf(key), validFor: () => true };
  const { tlogEntries, timestampVerificationData } = bundle.verificationMaterial;
  const isTimed = (timestampVerificationData?.rfc3161Timestamps.length ?? 0) > 0;
  const thresholds = { tlogThreshold: Math.min(1, tlogEntries.length), timestampThreshold: isTimed ? 1 : 0 };
  const verified = checkParsed(bundle, { ...trust.material, publicKey: () => publicKey }, thresholds);
  if (!verified.ok) return verified;
  const { signedTimesMs, logEntries } = verified;
  return { ok: true, key, signedTimesMs, logEntries };
}

const keyObjects = new WeakMap<PublicKey, KeyObject>();

/** Reading a key costs as much as using it twice. */
function keyObjectOf(key: PublicKey): KeyObject {
  const made = keyObjects.get(key) ?? createPublicKey(key.pem);
  keyObjects.set(key, made);
  return made;
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
  return checkParsed(bundle, material, { ctlogThreshold: 1, tlogThreshold: 1, timestampThreshold: 1 }, content);
}

type Thresholds = ConstructorParameters<typeof Verifier>[1];

function checkParsed(
  bundle: Bundle,
  material: TrustMaterial,
  thresholds: Thresholds,
  content?: SignedEntity["signature"],
): Verified {
  try {
    const parsed = toSignedEntity(bundle);
    if (parsed.key.$case === "certificate") encodeOnce(parsed.key.certificate);
    const entity = content === undefined ? parsed : { ...parsed, signature: content };
    const { identity } = new Verifier(material, thresholds).verify(entity);
    const unsigned = unsignedPart(entity);
    if (unsigned !== undefined) {
      const { stage, code, reason } = unsigned;
      return { ok: false, stage, fault: fault(code, { reason }) };
    }
    return {
      ok: true,
      extensions: identity?.oids ?? [],
      signedTimesMs: signedTimes(entity),
      logEntries: bundle.verificationMaterial.tlogEntries.length,
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

export type ReadSigner =
  | { readonly ok: true; readonly identity: Identity; readonly certificate: CertificateFacts }
  | Refusal;

export function readSigner(extensions: Extensions): ReadSigner {
  const refuse = (reason: string): Refusal => {
    return { ok: false, stage: "signer", fault: fault("ATTEST_CERTIFICATE", { reason }) };
  };
  const identity = readIdentity(extensions);
  if (identity === undefined)
    return refuse("it does not name exactly one issuer and one subject (a URI or an e-mail address)");
  const certificate = readCertificateFacts(extensions, utf8String);
  if (certificate === undefined) return refuse("one of Fulcio's extensions is there twice or is not a UTF8String");
  return { ok: true, identity, certificate };
}

/** Only after `verify`, which fails unless every one of these times holds. A log's time counts with its promise only. */
function signedTimes(entity: SignedEntity): readonly number[] {
  const times = entity.timestamps.flatMap((one) => {
    if (one.$case === "timestamp-authority") return [one.timestamp.signingTime.getTime()];
    return one.tlogEntry.inclusionPromise === undefined ? [] : [Number(one.tlogEntry.integratedTime) * 1000];
  });
  return times.sort((a, b) => a - b);
}
