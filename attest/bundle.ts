/**
 * Bytes to a Sigstore bundle that is worth verifying: bounded, and of a kind that the caller takes. Nothing in it is
 * believed yet. The bounds keep a hostile bundle from costing a small board seconds of signature checks; they are laid
 * on the library's parsed form, so no other spelling of a field slips past them.
 */
import {
  BUNDLE_V01_MEDIA_TYPE,
  BUNDLE_V02_MEDIA_TYPE,
  BUNDLE_V03_LEGACY_MEDIA_TYPE,
  BUNDLE_V03_MEDIA_TYPE,
  type Bundle,
  type BundleWithDsseEnvelope,
  bundleFromJSON,
  isBundleWithDsseEnvelope,
  isBundleWithPublicKey,
} from "@sigstore/bundle";
import { base64 } from "../runtime/kernel/bytes.ts";
import { type Fault, reasonOf } from "../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../runtime/kernel/result.ts";
import { anything, parseJson } from "../runtime/kernel/shape.ts";
import { fault } from "./faults.ts";

export const BUNDLE_BYTES_MAX = 1_048_576;
export const STATEMENT_PAYLOAD_TYPE = "application/vnd.in-toto+json";

/** The library takes any digits for a version, and whatever follows the media type. */
const MEDIA_TYPES: readonly string[] = [
  BUNDLE_V01_MEDIA_TYPE,
  BUNDLE_V02_MEDIA_TYPE,
  BUNDLE_V03_LEGACY_MEDIA_TYPE,
  BUNDLE_V03_MEDIA_TYPE,
];
const ENTRIES_MAX = 8;
const CERTIFICATES_MAX = 8;
const CHECKPOINT_CHARS_MAX = 16_384;
/** A Merkle path in a log of 2^63 leaves. */
const PROOF_HASHES_MAX = 64;
/** Log indices and times are decimal text of 64-bit integers. */
const INTEGER_CHARS_MAX = 20;

/**
 * What door two takes, versions 0.1 to 0.3: a DSSE envelope around an in-toto statement, signed with a certificate.
 * Refuses with ATTEST_BUNDLE_INVALID, ATTEST_LOG, or ATTEST_NO_TIME for an envelope without a bundle around it.
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
  const json = parseJson(anything, bytes, "the bundle", BUNDLE_BYTES_MAX);
  if (!json.ok) return refuse(reasonOf(json.error), json.error);
  if (isBareEnvelope(json.value)) {
    return err(fault("ATTEST_NO_TIME", { reason: "it is a bare DSSE envelope, without log entry and timestamp" }));
  }
  try {
    const bundle = bundleFromJSON(json.value);
    if (!MEDIA_TYPES.includes(bundle.mediaType)) return refuse("its media type is of no version from 0.1 to 0.3");
    const excess = excessOf(bundle);
    if (excess !== undefined) return refuse(`${excess} than any honest bundle has`);
    const wrong = wrongProof(bundle);
    if (wrong !== undefined) return refuse(wrong);
    if (!isOfTwoTrees(bundle)) return ok(bundle);
    return err(fault("ATTEST_LOG", { reason: "the inclusion proof and its checkpoint are of two trees" }));
  } catch (error) {
    // ValidationError for a missing part; TypeError or SyntaxError from the depths for a part of another type.
    return refuse(reasonOf(error), error);
  }
}

/** What is wrong with the envelope's payload type, if anything: it is signed, so it says what the payload is. */
export function wrongPayloadType(bundle: BundleWithDsseEnvelope): string | undefined {
  const type = bundle.content.dsseEnvelope.payloadType;
  return type === STATEMENT_PAYLOAD_TYPE ? undefined : `its payload type is ${type}, not ${STATEMENT_PAYLOAD_TYPE}`;
}

/** As older builders publish them: the certificate beside the signature, the log entry to be searched for online. */
function isBareEnvelope(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return ["payload", "payloadType", "signatures"].every((name) => Object.hasOwn(value, name));
}

/** Version 0.1 allows it, but then the proof proves nothing: nobody signed the tree's root. */
function wrongProof({ verificationMaterial: { tlogEntries } }: Bundle): string | undefined {
  const unsigned = tlogEntries.some((one) => one.inclusionProof !== undefined && !one.inclusionProof.checkpoint);
  return unsigned ? "it has an inclusion proof without a checkpoint" : undefined;
}

/** Size and root stand twice. The library takes the checkpoint's, which is signed, and never looks at the others. */
function isOfTwoTrees({ verificationMaterial: { tlogEntries } }: Bundle): boolean {
  return tlogEntries.some(({ inclusionProof }) => {
    if (inclusionProof?.checkpoint === undefined) return false;
    const [, size, root] = inclusionProof.checkpoint.envelope.split("\n", 3);
    return size !== inclusionProof.treeSize || root !== base64(inclusionProof.rootHash);
  });
}

/** What the bundle has too much of, if anything. */
function excessOf(bundle: Bundle): string | undefined {
  const { tlogEntries, timestampVerificationData, content } = bundle.verificationMaterial;
  // Only the first is ever used; npm's bundles of 2023 bring intermediate and root as well.
  if (content.$case === "x509CertificateChain") {
    if (content.x509CertificateChain.certificates.length > CERTIFICATES_MAX) return "it has more certificates";
  }
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
