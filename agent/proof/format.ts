/**
 * What a proof holds, schema `sallyport.proof/1`: everything that a board saw when it admitted a release, as bytes, and
 * what it made of that. The module's code is not inside; its digest is. Bytes are canonical base64 (RFC 4648 section 4).
 */
import { deviceId, moduleName, sha256Hex, teamName, tenantId, version } from "../../runtime/kernel/brand.ts";
import { base64, fromBase64 } from "../../runtime/kernel/bytes.ts";
import {
  array,
  boolean,
  type Infer,
  integer,
  object,
  oneOf,
  optional,
  refined,
  string,
} from "../../runtime/kernel/shape.ts";
import type { RepositoryFiles } from "../../updater/index.ts";

/** The DSSE payload type of a proof. */
export const PROOF_TYPE = "application/vnd.sallyport.proof+json";
/** The whole file. Its content is base64 twice, of files that are mostly below 100 kB. */
export const PROOF_BYTES_MAX = 32 * 1024 * 1024;
export const CERTIFICATES_MAX = 4;

const bytes = (max: number) =>
  refined(string({ min: 1, max }), (text) => fromBase64(text) !== undefined, "canonical base64");
const FILE_CHARS_MAX = 4_000_000;
const file = bytes(FILE_CHARS_MAX);
const role = string({ min: 1, max: 100 });
const time = integer({ min: 0, max: 8.64e15 });
const place = integer({ min: 0, max: 100_000 });

const repository = object({
  /** Root versions after the one that the board was made with, in order. */
  roots: array(file, { max: 1000 }),
  timestamp: file,
  snapshot: file,
  targets: file,
  delegated: array(object({ role, delegator: role, bytes: file }), { max: 256 }),
});
const target = object({ length: integer({ min: 0, max: 2 ** 31 }), sha256: sha256Hex });

/** One line of the verdict without its sentence, which is the program's and not the board's. */
const reason = object({
  check: string({ min: 1, max: 40 }),
  passed: boolean,
  code: optional(string({ min: 1, max: 60 })),
  flagged: optional(oneOf(true)),
  evidence: optional(place),
  rule: optional(place),
  requirement: optional(place),
});

export const proofShape = object({
  schema: oneOf("sallyport.proof/1"),
  agent: object({ version: string({ min: 1, max: 40 }) }),
  tenant: tenantId,
  device: object({
    id: deviceId,
    class: string({ min: 1, max: 63 }),
    region: string({ min: 1, max: 63 }),
    /** The device key, SubjectPublicKeyInfo in DER. */
    publicKey: bytes(1000),
    /** X.509 in DER: the device's own first, each signed by the next; as far as the board was given them. */
    certificates: optional(array(bytes(16_384), { min: 1, max: CERTIFICATES_MAX })),
  }),
  release: object({ team: teamName, name: moduleName, version, manifest: target, module: target, bundle: target }),
  /** By the board's clock, ms. What authorities signed of time stands in the evidence. */
  time: object({
    /** When the metadata was found to be current. */
    refreshedMs: time,
    /** When the evidence was judged. */
    judgedMs: time,
    /** The latest time that the board had seen signed by then. */
    floorMs: time,
  }),
  chain: object({ image: repository, director: repository }),
  documents: object({ manifest: file, evidence: file, policy: file, trustedRoot: file, desired: file }),
  /** Whether it ran already when it was judged: an owner may want some things of such a release only reported. */
  running: boolean,
  verdict: object({
    accepted: oneOf(true),
    policyDigest: sha256Hex,
    bundleDigest: sha256Hex,
    reasons: array(reason, { min: 1, max: 65_536 }),
  }),
});
export type Proof = Infer<typeof proofShape>;
export type Documents = { readonly [Name in keyof Proof["documents"]]: Uint8Array };

/** Of a text that the shape has passed. */
export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

export function encodeFiles(files: RepositoryFiles): Proof["chain"]["image"] {
  return {
    roots: files.roots.map(base64),
    timestamp: base64(files.timestamp),
    snapshot: base64(files.snapshot),
    targets: base64(files.targets),
    delegated: files.delegated.map((one) => ({ role: one.role, delegator: one.delegator, bytes: base64(one.bytes) })),
  };
}

export function decodeFiles(files: Proof["chain"]["image"]): RepositoryFiles {
  return {
    roots: files.roots.map(bytesOf),
    timestamp: bytesOf(files.timestamp),
    snapshot: bytesOf(files.snapshot),
    targets: bytesOf(files.targets),
    delegated: files.delegated.map((one) => ({ ...one, bytes: bytesOf(one.bytes) })),
  };
}

export function documentsOf({ documents }: Proof): Documents {
  const { manifest, evidence, policy, trustedRoot, desired } = documents;
  return {
    manifest: bytesOf(manifest),
    evidence: bytesOf(evidence),
    policy: bytesOf(policy),
    trustedRoot: bytesOf(trustedRoot),
    desired: bytesOf(desired),
  };
}
