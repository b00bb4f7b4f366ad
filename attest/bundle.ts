/**
 * Bytes to a Sigstore bundle that is worth verifying: bounded, a DSSE envelope around an in-toto statement, signed with
 * a certificate. Nothing in it is believed yet. The bounds keep a hostile bundle from costing a small board seconds of
 * signature checks; they are laid on the library's parsed form, so no other spelling of a field slips past them.
 */
import {
  type BundleWithDsseEnvelope,
  bundleFromJSON,
  isBundleWithDsseEnvelope,
  isBundleWithPublicKey,
} from "@sigstore/bundle";
import { type Fault, reasonOf } from "../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../runtime/kernel/result.ts";
import { anything, parseJson } from "../runtime/kernel/shape.ts";
import { fault } from "./faults.ts";

export const BUNDLE_BYTES_MAX = 1_048_576;
export const STATEMENT_PAYLOAD_TYPE = "application/vnd.in-toto+json";

const ENTRIES_MAX = 8;
const CHECKPOINT_CHARS_MAX = 16_384;
/** A Merkle path in a log of 2^63 leaves. */
const PROOF_HASHES_MAX = 64;
/** Log indices and times are decimal text of 64-bit integers. */
const INTEGER_CHARS_MAX = 20;

/** Parses a bundle, versions 0.1 to 0.3. Refuses with ATTEST_BUNDLE_INVALID. */
export function parseBundle(bytes: Uint8Array): Result<BundleWithDsseEnvelope, Fault> {
  const json = parseJson(anything, bytes, "the bundle", BUNDLE_BYTES_MAX);
  if (!json.ok) return refuse(reasonOf(json.error), json.error);
  try {
    const bundle = bundleFromJSON(json.value);
    if (!isBundleWithDsseEnvelope(bundle)) return refuse("it signs bare bytes, not an in-toto statement");
    if (isBundleWithPublicKey(bundle)) return refuse("it is signed with a bare key, not with a certificate");
    const type = bundle.content.dsseEnvelope.payloadType;
    if (type !== STATEMENT_PAYLOAD_TYPE) return refuse(`its payload type is ${type}, not ${STATEMENT_PAYLOAD_TYPE}`);
    const excess = excessOf(bundle);
    return excess === undefined ? ok(bundle) : refuse(`${excess} than any honest bundle has`);
  } catch (error) {
    // ValidationError for a missing part; TypeError or SyntaxError from the depths for a part of another type.
    return refuse(reasonOf(error), error);
  }
}

/** What the bundle has too much of, if anything. */
function excessOf(bundle: BundleWithDsseEnvelope): string | undefined {
  const { tlogEntries, timestampVerificationData } = bundle.verificationMaterial;
  if (tlogEntries.length > ENTRIES_MAX) return "it has more log entries";
  if ((timestampVerificationData?.rfc3161Timestamps.length ?? 0) > ENTRIES_MAX) return "it has more timestamps";
  for (const { logIndex, integratedTime, inclusionProof } of tlogEntries) {
    const integers = [logIndex, integratedTime, inclusionProof?.logIndex ?? ""];
    if (integers.some((one) => one.length > INTEGER_CHARS_MAX)) return "it has longer numbers";
    if ((inclusionProof?.hashes.length ?? 0) > PROOF_HASHES_MAX) return "it has a longer inclusion proof";
    if ((inclusionProof?.checkpoint?.envelope.length ?? 0) > CHECKPOINT_CHARS_MAX) return "it has a longer checkpoint";
  }
  return undefined;
}

function refuse(reason: string, cause?: unknown): Result<never, Fault> {
  return err(fault("ATTEST_BUNDLE_INVALID", { reason }, cause));
}
