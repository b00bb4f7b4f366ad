/**
 * The evidence file to what may count: each part verified by itself, a Sigstore bundle against the trusted root, a bare
 * key's bundle or a plain DSSE envelope against the keys that the owner's policy names. A part that does not hold is no
 * evidence, and says why.
 */
import { isBundleWithDsseEnvelope, isBundleWithPublicKey } from "@sigstore/bundle";
import type { Sha256 } from "../runtime/kernel/brand.ts";
import { sha256 } from "../runtime/kernel/digest.ts";
import { envelopeShape, verifyEnvelope } from "../runtime/kernel/dsse.ts";
import { type Facts, type Fault, reasonOf } from "../runtime/kernel/fault.ts";
import { parseShape } from "../runtime/kernel/shape.ts";
import type { PublicKey } from "../runtime/kernel/signer.ts";
import { bundleOf, isBareEnvelope, readAttestation, STATEMENT_PAYLOAD_TYPE, wrongPayloadType } from "./bundle.ts";
import type { Candidate } from "./candidate.ts";
import { splitEvidence } from "./container.ts";
import { fault } from "./faults.ts";
import { passed, placed, type Reason, refused, unexamined } from "./reasons.ts";
import { checkStatementType, parseStatement } from "./statement.ts";
import type { TrustedRoot } from "./trust.ts";
import { STAGES, type Stage, verifyKeyless, verifyManaged } from "./verify.ts";

/** Each is tried with each key of the policy. */
const SIGNATURES_MAX = 8;

/** One part of the evidence file. */
export interface Item {
  readonly index: number;
  readonly digest: Sha256;
  /** The stages, and the statement: the same checks for every part. */
  readonly reasons: readonly Reason[];
  /** Only where all of them passed. */
  readonly candidate?: Candidate;
}

/** Never throws for anything the file can contain. A file that cannot be taken apart is one part that does not hold. */
export function readEvidence(bytes: Uint8Array, trust: TrustedRoot, keys: readonly PublicKey[]): readonly Item[] {
  const parts = splitEvidence(bytes);
  if (!parts.ok) return [item(0, bytes, failed("bundle", parts.error))];
  return parts.value.map((part, index) => item(index, part, verifyPart(part, trust, keys)));
}

type Held = Omit<Candidate, "index" | "statement"> & {
  readonly ok: true;
  readonly payload: Uint8Array;
  /** Stages that a key of the policy does without. */
  readonly skipped: readonly Stage[];
  readonly facts: { readonly [S in Stage]?: Facts };
};
export type Part = Held | { readonly ok: false; readonly stage: Stage; readonly fault: Fault };

function verifyPart(bytes: Uint8Array, trust: TrustedRoot, keys: readonly PublicKey[]): Part {
  const json = readAttestation(bytes);
  if (!json.ok) return failed("bundle", json.error);
  if (isBareEnvelope(json.value)) return verifyPlain(json.value, keys);
  const parsed = bundleOf(json.value);
  if (!parsed.ok) return failed("bundle", parsed.error);
  const bundle = parsed.value;
  const wrong = isBundleWithDsseEnvelope(bundle)
    ? wrongPayloadType(bundle)
    : "it signs bare bytes, not an in-toto statement";
  if (wrong !== undefined || !isBundleWithDsseEnvelope(bundle)) {
    return failed("bundle", fault("ATTEST_BUNDLE_INVALID", { reason: wrong ?? "" }));
  }
  if (isBundleWithPublicKey(bundle)) {
    const verified = verifyManaged(bundle, trust, keys);
    if (!verified.ok) return verified;
    const { key, signedTimesMs, logEntries } = verified;
    const payload = new Uint8Array(bundle.content.dsseEnvelope.payload);
    const timed: readonly Stage[] = signedTimesMs.length === 0 ? ["timestamps"] : [];
    const logged: readonly Stage[] = logEntries === 0 ? ["log"] : [];
    const facts = { timestamps: timesOf(signedTimesMs), signer: { keys: [key.keyId] } };
    const skipped = [...timed, "certificate" as const, ...logged, "signer" as const];
    return { ok: true, payload, skipped, facts, signers: [{ keyId: key.keyId }], signedTimesMs };
  }
  const verified = verifyKeyless(bundle, trust);
  if (!verified.ok) return verified;
  const { signer: identity, certificate, payload, signedTimesMs, logEntries } = verified.evidence;
  const facts = { timestamps: timesOf(signedTimesMs), log: { entries: logEntries }, signer: { ...identity } };
  return { ok: true, payload, skipped: [], facts, signers: [{ identity, certificate }], signedTimesMs };
}

/** A plain envelope has no time of its own, so only a key that is believed at all times can have signed it. */
function verifyPlain(json: { readonly signatures: unknown }, keys: readonly PublicKey[]): Part {
  if (keys.length === 0) {
    const reason = "it is a bare DSSE envelope, without log entry and timestamp, and the policy names no keys";
    return failed("bundle", fault("ATTEST_NO_TIME", { reason }));
  }
  if (hasCertificate(json)) {
    const reason = "it is a bare DSSE envelope, without log entry and timestamp, signed by a certificate";
    return failed("bundle", fault("ATTEST_NO_TIME", { reason }));
  }
  const what = "the envelope";
  const envelope = parseShape(envelopeShape, json, what);
  if (!envelope.ok) return invalid(envelope.error);
  if (envelope.value.signatures.length > SIGNATURES_MAX) {
    const reason = `it has ${envelope.value.signatures.length} signatures, at most ${SIGNATURES_MAX} are looked at`;
    return failed("bundle", fault("ATTEST_BUNDLE_INVALID", { reason }));
  }
  const verified = verifyEnvelope(envelope.value, {
    what,
    payloadType: STATEMENT_PAYLOAD_TYPE,
    keys: [...new Map(keys.map((one) => [one.keyId, one])).values()],
    threshold: 1,
  });
  if (verified.ok) {
    const { payload, keyIds } = verified.value;
    const signers = keyIds.map((keyId) => ({ keyId: keyId as Sha256 }));
    const skipped: readonly Stage[] = ["timestamps", "certificate", "log", "signer"];
    return { ok: true, payload, skipped, facts: { signature: { keys: keyIds } }, signers, signedTimesMs: [] };
  }
  if (verified.error.code !== "DSSE_UNSIGNED") return invalid(verified.error);
  const reason = "no key that the policy names signed it, or it was altered";
  return failed("certificate", fault("ATTEST_KEY", { reason }, verified.error));
}

const timesOf = (ms: readonly number[]): Facts => ({ times: ms.map((one) => new Date(one).toISOString()) });

const invalid = (why: Fault) => failed("bundle", fault("ATTEST_BUNDLE_INVALID", { reason: reasonOf(why) }, why));

function failed(stage: Stage, why: Fault): Part {
  return { ok: false, stage, fault: why };
}

/** Older builders put the certificate beside the signature. */
export function hasCertificate({ signatures }: { readonly signatures: unknown }): boolean {
  if (!Array.isArray(signatures)) return false;
  return signatures.some((one) => typeof one === "object" && one !== null && Object.hasOwn(one, "cert"));
}

function item(index: number, bytes: Uint8Array, part: Part): Item {
  const { reasons, candidate } = examinePart(index, part);
  const digest = sha256(bytes);
  const placedReasons = reasons.map((one) => placed(one, { evidence: index }));
  return { index, digest, reasons: placedReasons, ...(candidate === undefined ? {} : { candidate }) };
}

/** What the parts of one attestation come to, once its signatures were looked at. */
export function examinePart(index: number, part: Part): Pick<Item, "reasons" | "candidate"> {
  if (!part.ok) {
    const reached = STAGES.indexOf(part.stage);
    const stages = STAGES.map((stage, at) => {
      if (at === reached) return refused(stage, part.fault);
      return at < reached ? passed(stage, HOLDS[stage]) : unexamined(stage);
    });
    return { reasons: [...stages, unexamined("statement")] };
  }
  const stages = STAGES.map((stage) =>
    part.skipped.includes(stage) ? notAsked(stage) : passed(stage, HOLDS[stage], part.facts[stage]),
  );
  const statement = parseStatement(part.payload);
  if (!statement.ok) return { reasons: [...stages, refused("statement", statement.error)] };
  const typed = checkStatementType(statement.value);
  if (!typed.ok) return { reasons: [...stages, refused("statement", typed.error)] };
  const said = passed("statement", "the payload is an in-toto statement", { type: statement.value._type });
  const { signers, signedTimesMs } = part;
  return { reasons: [...stages, said], candidate: { index, statement: statement.value, signers, signedTimesMs } };
}

const HOLDS: Readonly<Record<Stage, string>> = {
  bundle: "a signed in-toto statement",
  timestamps: "the time of signing is vouched for",
  certificate: "the certificate is of a trusted authority, logged, and was valid at that time",
  log: "a trusted log holds this envelope",
  signature: "the signature over the statement holds",
  signer: "the certificate names one issuer and one subject",
};

const notAsked = (stage: Stage) => passed(stage, "not asked of a key that the policy names");
