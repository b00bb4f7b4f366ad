/**
 * Bytes to a Sigstore bundle that is worth verifying: bounded, of one spelling, and of a kind that the caller takes.
 * Nothing in it is believed yet. The library sees only what our closed schema (strict-bundle.ts) has passed.
 */
import {
  type Bundle,
  type BundleWithDsseEnvelope,
  bundleFromJSON,
  isBundleWithDsseEnvelope,
  isBundleWithPublicKey,
} from "@sigstore/bundle";
import { type Fault, reasonOf } from "../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../runtime/kernel/result.ts";
import { anything, parseShape } from "../runtime/kernel/shape.ts";
import { fault } from "./faults.ts";
import { bundleShape } from "./strict-bundle.ts";
import { parseStrictJson } from "./strict-json.ts";

export const BUNDLE_BYTES_MAX = 1_048_576;
export const STATEMENT_PAYLOAD_TYPE = "application/vnd.in-toto+json";
const WHAT = "the bundle";

/**
 * What door two takes, versions 0.1 to 0.3: a DSSE envelope around an in-toto statement, signed with a certificate.
 * Refuses with ATTEST_BUNDLE_INVALID, or ATTEST_NO_TIME for an envelope without a bundle around it.
 */
export function parseBundle(bytes: Uint8Array): Result<BundleWithDsseEnvelope, Fault> {
  const parsed = parseAnyBundle(bytes);
  if (!parsed.ok) return parsed;
  const bundle = parsed.value;
  if (!isBundleWithDsseEnvelope(bundle)) return refuse("it signs bare bytes, not an in-toto statement");
  if (isBundleWithPublicKey(bundle)) return refuse("it is signed with a bare key, not with a certificate");
  const wrong = wrongPayloadType(bundle);
  return wrong === undefined ? ok(bundle) : refuse(wrong);
}

/** Also signatures over bare bytes and by bare keys. The envelope's payload type is not looked at. */
export function parseAnyBundle(bytes: Uint8Array): Result<Bundle, Fault> {
  const json = readAttestation(bytes);
  return json.ok ? bundleOf(json.value) : json;
}

/** The JSON of an attestation of any form, nothing in it looked at. Refuses with ATTEST_BUNDLE_INVALID. */
export function readAttestation(bytes: Uint8Array): Result<unknown, Fault> {
  const json = parseStrictJson(anything, bytes, WHAT, BUNDLE_BYTES_MAX);
  return json.ok ? json : refuse(reasonOf(json.error), json.error);
}

/** As `parseAnyBundle`, of what `readAttestation` has read. */
export function bundleOf(json: unknown): Result<Bundle, Fault> {
  if (isBareEnvelope(json)) {
    return err(fault("ATTEST_NO_TIME", { reason: "it is a bare DSSE envelope, without log entry and timestamp" }));
  }
  const shaped = parseShape(bundleShape, json, WHAT);
  if (!shaped.ok) return refuse(reasonOf(shaped.error), shaped.error);
  try {
    const bundle = bundleFromJSON(shaped.value);
    const wrong = wrongProof(bundle);
    return wrong === undefined ? ok(bundle) : refuse(wrong);
  } catch (error) {
    // ValidationError: a part is missing that this version of bundles must have.
    return refuse(reasonOf(error), error);
  }
}

/** What is wrong with the envelope's payload type, if anything: it is signed, so it says what the payload is. */
export function wrongPayloadType(bundle: BundleWithDsseEnvelope): string | undefined {
  const type = bundle.content.dsseEnvelope.payloadType;
  return type === STATEMENT_PAYLOAD_TYPE ? undefined : `its payload type is ${type}, not ${STATEMENT_PAYLOAD_TYPE}`;
}

/** A DSSE envelope by itself. Older builders publish them so: the certificate beside the signature, the log entry to be searched for online. */
export function isBareEnvelope(value: unknown): value is { readonly signatures: unknown } {
  if (typeof value !== "object" || value === null) return false;
  return ["payload", "payloadType", "signatures"].every((name) => Object.hasOwn(value, name));
}

/** Version 0.1 allows it, but then the proof proves nothing: nobody signed the tree's root. */
function wrongProof({ verificationMaterial: { tlogEntries } }: Bundle): string | undefined {
  const unsigned = tlogEntries.some((one) => one.inclusionProof !== undefined && !one.inclusionProof.checkpoint);
  return unsigned ? "it has an inclusion proof without a checkpoint" : undefined;
}

function refuse(reason: string, cause?: unknown): Result<never, Fault> {
  return err(fault("ATTEST_BUNDLE_INVALID", { reason }, cause));
}
