/**
 * The Sigstore bundle, versions 0.1 to 0.3, as a closed schema (sigstore/protobuf-specs, sigstore_bundle.proto). The
 * library reads protobuf's JSON leniently: unknown fields, base64 of any spelling, numbers as BigInt takes them. Nobody
 * signs those parts, so here each value has one spelling, the one that every real client writes; and the bounds keep a
 * hostile bundle from costing a small board seconds of signature checks.
 */
import {
  BUNDLE_V01_MEDIA_TYPE,
  BUNDLE_V02_MEDIA_TYPE,
  BUNDLE_V03_LEGACY_MEDIA_TYPE,
  BUNDLE_V03_MEDIA_TYPE,
} from "@sigstore/bundle";
import { fromBase64 } from "../runtime/kernel/bytes.ts";
import { array, object, oneOf, optional, refined, type Shape, string } from "../runtime/kernel/shape.ts";
import { nullable } from "./tolerant.ts";

/** Log entries, and timestamps. Clients write one of each; every one costs some signature checks. */
const ENTRIES_MAX = 4;
/** Only the first is ever used; npm's bundles of 2023 bring intermediate and root as well. */
const CERTIFICATES_MAX = 8;
const CHECKPOINT_CHARS_MAX = 16_384;
/** Of a checkpoint: origin, size, root, a few extensions, and as many signatures. */
const CHECKPOINT_LINES_MAX = 48;
/** A Merkle path in a log of 2^63 leaves. */
const PROOF_HASHES_MAX = 64;
const SMALL = 65_536;
const LARGE = 1_048_576;

/** protobuf's JSON would allow the URL-safe alphabet and missing padding too; no client writes them. */
const bytes = (max: number) =>
  refined(
    string({ min: 1, max }),
    (text) => fromBase64(text) !== undefined,
    "base64 as it is written canonically (padded, no white space)",
  );

/** int64 as text. Exact in a double, as the log's promise is signed over a JSON number. */
const integer = refined(
  string({ min: 1, max: 17 }),
  (text) => /^(?:0|-?[1-9]\d*)$/.test(text) && Number.isSafeInteger(Number(text)),
  "an integer in decimal digits",
);

/** Only where real clients write `null` for what is absent; Rekor version 2 answers so about the promise. */
const maybe = <T>(shape: Shape<T>) => optional(nullable(shape));

const certificate = object({ rawBytes: bytes(SMALL) });

const note = refined(
  string({ min: 1, max: CHECKPOINT_CHARS_MAX }),
  (text) => text.split("\n", CHECKPOINT_LINES_MAX + 1).length <= CHECKPOINT_LINES_MAX,
  `at most ${CHECKPOINT_LINES_MAX} lines`,
);

const inclusionProof = object({
  logIndex: optional(integer),
  rootHash: bytes(64),
  treeSize: integer,
  hashes: optional(array(bytes(64), { max: PROOF_HASHES_MAX })),
  checkpoint: optional(object({ envelope: note })),
});

const logEntry = object({
  logIndex: optional(integer),
  logId: object({ keyId: bytes(128) }),
  kindVersion: object({ kind: string({ min: 1, max: 60 }), version: string({ min: 1, max: 60 }) }),
  integratedTime: optional(integer),
  inclusionPromise: maybe(object({ signedEntryTimestamp: bytes(SMALL) })),
  inclusionProof: maybe(inclusionProof),
  canonicalizedBody: bytes(LARGE),
});

const timestamps = object({
  rfc3161Timestamps: optional(array(object({ signedTimestamp: bytes(SMALL) }), { max: ENTRIES_MAX })),
});

const material = refined(
  object({
    certificate: optional(certificate),
    x509CertificateChain: optional(object({ certificates: array(certificate, { min: 1, max: CERTIFICATES_MAX }) })),
    publicKey: optional(object({ hint: optional(string({ max: 1000 })) })),
    tlogEntries: optional(array(logEntry, { max: ENTRIES_MAX })),
    timestampVerificationData: maybe(timestamps),
  }),
  (one) => only(one.certificate, one.x509CertificateChain, one.publicKey),
  "an object with exactly one of certificate, x509CertificateChain and publicKey",
);

const envelope = object({
  payload: bytes(LARGE),
  payloadType: string({ min: 1, max: 500 }),
  /** The library verifies one; a second would be unsigned baggage. */
  signatures: array(object({ sig: bytes(SMALL), keyid: optional(string({ max: 1000 })) }), { min: 1, max: 1 }),
});

const message = object({
  messageDigest: object({ algorithm: string({ min: 1, max: 60 }), digest: bytes(128) }),
  signature: bytes(SMALL),
});

const bundle = refined(
  object({
    mediaType: oneOf(BUNDLE_V01_MEDIA_TYPE, BUNDLE_V02_MEDIA_TYPE, BUNDLE_V03_LEGACY_MEDIA_TYPE, BUNDLE_V03_MEDIA_TYPE),
    verificationMaterial: material,
    dsseEnvelope: optional(envelope),
    messageSignature: optional(message),
  }),
  (one) => only(one.dsseEnvelope, one.messageSignature),
  "an object with exactly one of dsseEnvelope and messageSignature",
);

/** A DSSE signature's `keyid` is not signed: where it is there, it says what the bundle says of its key. */
export const bundleShape = refined(
  bundle,
  ({ dsseEnvelope, verificationMaterial: { publicKey } }) =>
    (dsseEnvelope?.signatures ?? []).every(({ keyid = "" }) => keyid === "" || keyid === publicKey?.hint),
  "a bundle whose signature has no keyid, or the hint of its public key",
);

function only(...parts: readonly unknown[]): boolean {
  return parts.filter((one) => one !== undefined).length === 1;
}
