/**
 * Does a bundle of any kind vouch for one artifact, signed by whom the caller names? Envelopes and signatures over bare
 * bytes, by certificate or by pinned key: what Sigstore's own clients answer. Door two asks more (judge.ts) and takes
 * less. The library verifies signatures; that they are over *this* artifact is checked here.
 */
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { type Bundle, type BundleWithMessageSignature, isBundleWithDsseEnvelope } from "@sigstore/bundle";
import { HashAlgorithm } from "@sigstore/protobuf-specs";
import { type SignedEntity, type TrustMaterial, VerificationError } from "@sigstore/verify";
import type { Sha256 } from "../runtime/kernel/brand.ts";
import { equalBytes, hex } from "../runtime/kernel/bytes.ts";
import { sha256, sha512 } from "../runtime/kernel/digest.ts";
import { type Fault, reasonOf } from "../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../runtime/kernel/result.ts";
import { parseAnyBundle, wrongPayloadType } from "./bundle.ts";
import { fault } from "./faults.ts";
import { type Extensions, type Identity, isNamed, type NamedIdentity } from "./identity.ts";
import { checkStatementType, checkSubjects, parseStatement, type Statement } from "./statement.ts";
import type { TrustedRoot } from "./trust.ts";
import { readSigner, verifyParsed } from "./verify.ts";

/** Made by `parsePinnedKey` only. */
export interface PinnedKey {
  readonly key: KeyObject;
  /** The hint by which bundles name it; a key without one answers to every name. */
  readonly hint?: string;
  /** Inclusive, in ms since the epoch; without bounds it is valid at all times. */
  readonly validMs?: { readonly from: number; readonly to: number };
}

/** Whom the caller believes: somebody a certificate names, or one of these keys. */
export type Signers = { readonly identities: readonly NamedIdentity[] } | { readonly keys: readonly PinnedKey[] };

/** The artifact's bytes, or only their digest; then `verifyDigest` checks a signature over it, which node:crypto cannot. */
export type ArtifactBytes =
  | { readonly bytes: Uint8Array }
  | {
      readonly sha256: Sha256;
      verifyDigest(key: KeyObject, digest: Uint8Array, signature: Uint8Array): boolean;
    };

export interface ArtifactEvidence {
  /** None when a pinned key signed. */
  readonly signer?: Identity;
  /** None when the bytes themselves were signed. */
  readonly statement?: Statement;
  readonly signedTimesMs: readonly number[];
}

/** SubjectPublicKeyInfo, PEM or DER. Refuses with ATTEST_KEY. */
export function parsePinnedKey(
  spki: Uint8Array | string,
  limits: Omit<PinnedKey, "key"> = {},
): Result<PinnedKey, Fault> {
  try {
    const der = { key: Buffer.from(spki), format: "der", type: "spki" } as const;
    return ok({ key: createPublicKey(typeof spki === "string" ? spki : der), ...limits });
  } catch (error) {
    return err(fault("ATTEST_KEY", { reason: reasonOf(error) }, error));
  }
}

/** Never throws for anything that bundle or artifact can contain. Refuses with the code of the first failed check. */
export function verifyArtifact(
  bytes: Uint8Array,
  trust: TrustedRoot,
  artifact: ArtifactBytes,
  signers: Signers,
): Result<ArtifactEvidence, Fault> {
  const parsed = parseAnyBundle(bytes);
  if (!parsed.ok) return parsed;
  const bundle = parsed.value;
  const material = materialFor(bundle, trust, signers);
  if (!material.ok) return material;
  if (isBundleWithDsseEnvelope(bundle)) {
    const wrong = wrongPayloadType(bundle);
    if (wrong !== undefined) return err(fault("ATTEST_BUNDLE_INVALID", { reason: wrong }));
    const verified = verifyParsed(bundle, material.value);
    if (!verified.ok) return err(verified.fault);
    const signer = checkSigner(verified.extensions, signers);
    if (!signer.ok) return signer;
    const statement = checkStatement(bundle.content.dsseEnvelope.payload, artifact);
    if (!statement.ok) return statement;
    return ok({ ...signer.value, statement: statement.value, signedTimesMs: verified.signedTimesMs });
  }
  const content = contentOf(bundle as BundleWithMessageSignature, artifact);
  if (!content.ok) return content;
  const verified = verifyParsed(bundle, material.value, content.value);
  if (!verified.ok) return err(verified.fault);
  const signer = checkSigner(verified.extensions, signers);
  return signer.ok ? ok({ ...signer.value, signedTimesMs: verified.signedTimesMs }) : signer;
}

/** A certificate never stands in for a pinned key, nor a key for a certificate. */
function materialFor(bundle: Bundle, trust: TrustedRoot, signers: Signers): Result<TrustMaterial, Fault> {
  const byKey = bundle.verificationMaterial.content.$case === "publicKey";
  if (byKey !== "keys" in signers) {
    const reason = byKey
      ? "a bare key signed and a certificate is asked for"
      : "a certificate signed, not a pinned key";
    return err(fault("ATTEST_KEY", { reason }));
  }
  return ok("keys" in signers ? { ...trust.material, publicKey: finder(signers.keys) } : trust.material);
}

/** The first key with this hint; several of one name hold one after the other, so any of them may cover a time. */
function finder(keys: readonly PinnedKey[]): TrustMaterial["publicKey"] {
  return (hint) => {
    const named = keys.filter((one) => one.hint === undefined || one.hint === hint);
    const [first] = named;
    if (first === undefined) throw new VerificationError({ code: "PUBLIC_KEY_ERROR", message: `no key named ${hint}` });
    const same = named.filter((one) => one.key.equals(first.key));
    const covers = ({ validMs }: PinnedKey, at: number) =>
      validMs === undefined || (validMs.from <= at && at <= validMs.to);
    return { publicKey: first.key, validFor: (date) => same.some((one) => covers(one, date.getTime())) };
  };
}

function checkSigner(extensions: Extensions, signers: Signers): Result<Pick<ArtifactEvidence, "signer">, Fault> {
  if ("keys" in signers) return ok({});
  const read = readSigner(extensions);
  if (!read.ok) return err(read.fault);
  const signer = read.identity;
  if (isNamed(signer, signers.identities)) return ok({ signer });
  const expected = signers.identities.map((one) => `${one.subject ?? one.subjectPattern} (issuer ${one.issuer})`);
  return err(fault("ATTEST_SIGNER", { ...signer, expected }));
}

function checkStatement(payload: Uint8Array, artifact: ArtifactBytes): Result<Statement, Fault> {
  const statement = parseStatement(payload);
  if (!statement.ok) return statement;
  const type = checkStatementType(statement.value);
  if (!type.ok) return type;
  const named = { name: "the artifact" };
  const digests =
    "bytes" in artifact
      ? { ...named, sha256: sha256(artifact.bytes), sha512: sha512(artifact.bytes) }
      : { ...named, sha256: artifact.sha256 };
  const covered = checkSubjects(statement.value.subject, [digests]);
  return covered.ok ? statement : covered;
}

const HASHES: Readonly<Record<number, string>> = {
  [HashAlgorithm.SHA2_256]: "sha256",
  [HashAlgorithm.SHA2_384]: "sha384",
  [HashAlgorithm.SHA2_512]: "sha512",
};

/** What the signature over bare bytes is a signature of: always the caller's artifact, whatever digest the bundle says. */
function contentOf(
  bundle: BundleWithMessageSignature,
  artifact: ArtifactBytes,
): Result<SignedEntity["signature"], Fault> {
  const { messageDigest, signature } = bundle.content.messageSignature;
  const algorithm = HASHES[messageDigest.algorithm];
  if (algorithm === undefined || (algorithm !== "sha256" && !("bytes" in artifact))) {
    const reason = `it signs a digest of kind ${HashAlgorithm[messageDigest.algorithm]}, which cannot be compared`;
    return err(fault("ATTEST_BUNDLE_INVALID", { reason }));
  }
  const digest =
    "bytes" in artifact ? createHash(algorithm).update(artifact.bytes).digest() : Buffer.from(artifact.sha256, "hex");
  if (!equalBytes(digest, messageDigest.digest)) {
    const facts = { found: `${algorithm} ${hex(messageDigest.digest)}`, expected: `${algorithm} ${hex(digest)}` };
    return err(fault("ATTEST_OTHER_BYTES", facts));
  }
  const isDigest = (other: Uint8Array) => equalBytes(other, digest);
  return ok({
    signature,
    compareSignature: (other) => equalBytes(other, signature),
    compareDigest: isDigest,
    compareSignedDigest: isDigest,
    verifySignature: (key) => {
      if (!("bytes" in artifact)) return artifact.verifyDigest(key, digest, signature);
      // Ed25519 hashes by itself.
      return verify(key.asymmetricKeyType === "ed25519" ? null : algorithm, artifact.bytes, key, signature);
    },
  });
}
