/**
 * The trusted root: which certificate authorities, logs and timestamp authorities count, and when. A target that only
 * the owner's offline role signs. Our own closed schema stands before the library's lenient one and the library sees
 * only what passed it: @sigstore/verify 4.1.3 takes a missing `validFor.start` as the beginning of time and drops
 * malformed base64 silently.
 */
import { TrustedRoot as TrustedRootMessage } from "@sigstore/protobuf-specs";
import { type TrustMaterial, toTrustMaterial } from "@sigstore/verify";
import type { Sha256 } from "../runtime/kernel/brand.ts";
import { fromBase64 } from "../runtime/kernel/bytes.ts";
import { sha256 } from "../runtime/kernel/digest.ts";
import { type Fault, reasonOf } from "../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../runtime/kernel/result.ts";
import { array, object, oneOf, optional, refined, type Shape, string } from "../runtime/kernel/shape.ts";
import { encodeOnce } from "./encode-once.ts";
import { fault } from "./faults.ts";
import { parseStrictJson } from "./strict-json.ts";
import { nullable } from "./tolerant.ts";

export const TRUSTED_ROOT_BYTES_MAX = 262_144;

/** Made by `parseTrustedRoot` only. */
export interface TrustedRoot {
  readonly digest: Sha256;
  readonly material: TrustMaterial;
}

const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;
const date = refined(
  string({ max: 40 }),
  (text) => UTC.test(text) && Number.isFinite(Date.parse(text)),
  "a date as 2026-01-31T00:00:00Z",
);
const base64 = refined(
  string({ min: 1, max: 16_384 }),
  (text) => fromBase64(text) !== undefined,
  "base64 (padded, no white space)",
);
const text = string({ max: 500 });
const maybe = <T>(shape: Shape<T>) => optional(nullable(shape));

const validFor = refined(
  object({ start: date, end: maybe(date) }),
  (range) => range.end === undefined || Date.parse(range.start) <= Date.parse(range.end),
  "a range whose start is not after its end",
);
const logId = object({ keyId: base64 });
const log = object({
  baseUrl: string({ min: 1, max: 500 }),
  /** The library's Merkle proofs are SHA-256 whatever stands here. */
  hashAlgorithm: oneOf("SHA2_256"),
  publicKey: object({ rawBytes: base64, keyDetails: string({ min: 1, max: 60 }), validFor }),
  logId,
  checkpointKeyId: maybe(logId),
  operator: maybe(text),
});
const authority = object({
  subject: maybe(object({ organization: maybe(text), commonName: maybe(text) })),
  uri: maybe(text),
  certChain: object({ certificates: array(object({ rawBytes: base64 }), { min: 1, max: 8 }) }),
  validFor,
  operator: maybe(text),
});
const COUNT_MAX = 32;
const trustedRoot = object({
  mediaType: oneOf(
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
  ),
  tlogs: array(log, { min: 1, max: COUNT_MAX }),
  certificateAuthorities: array(authority, { min: 1, max: COUNT_MAX }),
  ctlogs: array(log, { min: 1, max: COUNT_MAX }),
  timestampAuthorities: optional(array(authority, { max: COUNT_MAX })),
});

/** Bytes of a trusted_root.json to what `judge` takes. Refuses with ATTEST_TRUSTED_ROOT_INVALID, cause kept. */
export function parseTrustedRoot(bytes: Uint8Array): Result<TrustedRoot, Fault> {
  const parsed = parseStrictJson(trustedRoot, bytes, "the trusted root", TRUSTED_ROOT_BYTES_MAX);
  if (!parsed.ok) return refuse(parsed.error);
  try {
    const material = toTrustMaterial(TrustedRootMessage.fromJSON(parsed.value));
    const authorities = [...material.certificateAuthorities, ...material.timestampAuthorities];
    for (const certificate of authorities.flatMap((one) => one.certChain)) encodeOnce(certificate);
    return ok({ digest: sha256(bytes), material });
  } catch (error) {
    // Keys, certificates and key types are parsed here for the first time; the library throws plain errors.
    return refuse(error);
  }
}

function refuse(cause: unknown): Result<never, Fault> {
  return err(fault("ATTEST_TRUSTED_ROOT_INVALID", { reason: reasonOf(cause) }, cause));
}
