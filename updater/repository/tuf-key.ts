/**
 * Public keys as TUF writes them (4.2.1) and the three kinds that sign metadata here: Ed25519, ECDSA on P-256 with
 * SHA-256, RSA-PSS with SHA-256 from 2048 bits. A key's id is the SHA-256 of its canonical form, and each kind has one
 * form only, so one key cannot have two ids and be counted twice.
 */
import { constants, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { Key } from "@tufjs/models";
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { documentDigest, sha256 } from "../../runtime/kernel/digest.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import { fault as keyFault, type Signer } from "../../runtime/kernel/signer.ts";
import { fault } from "./faults.ts";

export const KEY_KINDS = ["ed25519", "p256", "rsa"] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

/** What a signature's key is called in metadata, by kind: key type and scheme. */
const SCHEMES: Readonly<Record<KeyKind, { readonly keyType: string; readonly scheme: string }>> = {
  ed25519: { keyType: "ed25519", scheme: "ed25519" },
  p256: { keyType: "ecdsa", scheme: "ecdsa-sha2-nistp256" },
  rsa: { keyType: "rsa", scheme: "rsassa-pss-sha256" },
};

const RSA_BITS_MIN = 2048;
/** Verification time grows with the modulus; nobody needs more. */
const RSA_BITS_MAX = 8192;

/** The public half of a role's key. */
export interface RolePublicKey {
  readonly kind: KeyKind;
  readonly key: Key;
  /** SHA-256 of the SubjectPublicKeyInfo: what the rest of the project calls the key. */
  readonly spkiId: Sha256;
  /** PEM, SubjectPublicKeyInfo. */
  readonly pem: string;
  verify(bytes: Uint8Array, signature: Uint8Array): boolean;
}

/** A signer with its public half as TUF writes it. */
export interface RoleKey {
  readonly signer: Signer;
  readonly key: Key;
}

/** Reads a PEM public key, or the public half of an unencrypted private one. KEY_UNREADABLE, REPO_KEY_KIND. */
export function parseRolePublicKey(pem: string, what: string): Result<RolePublicKey> {
  try {
    return publicHalf(createPublicKey(pem), what);
  } catch (error) {
    return err(keyFault("KEY_UNREADABLE", { what, reason: reasonOf(error) }, error));
  }
}

/** The public half of a key object of one of the accepted kinds. REPO_KEY_KIND for any other. */
export function publicHalf(object: KeyObject, what: string): Result<RolePublicKey> {
  const key = object.type === "private" ? createPublicKey(object) : object;
  const kind = kindOf(key);
  if (kind === undefined) return err(fault("REPO_KEY_KIND", { what, type: typeOf(key) }));
  const der = new Uint8Array(key.export({ type: "spki", format: "der" }));
  const pem = key.export({ type: "spki", format: "pem" }).toString();
  const keyVal = { public: kind === "ed25519" ? Buffer.from(der.subarray(-32)).toString("hex") : pem.trim() };
  const options = { ...SCHEMES[kind], keyVal };
  const keyID = documentDigest(new Key({ keyID: "", ...options }).toJSON());
  return ok({
    kind,
    key: new Key({ keyID, ...options }),
    spkiId: sha256(der),
    pem,
    verify: (bytes, signature) => verify(digestOf(kind), bytes, paddedFor(kind, key), signature),
  });
}

/** A key that signs, from a private key object. REPO_KEY_KIND. */
export function roleKeyOf(object: KeyObject, what: string): Result<RoleKey> {
  const half = publicHalf(object, what);
  if (!half.ok) return half;
  const { kind, key, spkiId, pem } = half.value;
  const sign_ = async (bytes: Uint8Array) => new Uint8Array(sign(digestOf(kind), bytes, paddedFor(kind, object)));
  return ok({ key, signer: { keyId: spkiId, publicPem: pem, sign: sign_ } });
}

function kindOf(key: KeyObject): KeyKind | undefined {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "ed25519") return "ed25519";
  if (key.asymmetricKeyType === "ec" && namedCurve === "prime256v1") return "p256";
  const isLongEnough = modulusLength >= RSA_BITS_MIN && modulusLength <= RSA_BITS_MAX;
  return key.asymmetricKeyType === "rsa" && isLongEnough ? "rsa" : undefined;
}

function typeOf(key: KeyObject): string {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  return [key.asymmetricKeyType, namedCurve, modulusLength].filter((part) => part !== undefined).join(" ");
}

function digestOf(kind: KeyKind): string | null {
  return kind === "ed25519" ? null : "sha256";
}

/** RFC 8017 section 9.1: the salt is as long as the digest when we sign, of any length when we verify. */
function paddedFor(kind: KeyKind, key: KeyObject) {
  if (kind !== "rsa") return key;
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return key.type === "private" ? { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : { key, padding };
}

/** DER before the 32 bytes of an Ed25519 key (RFC 8410 section 4). */
const ED25519_SPKI = Buffer.from("302a300506032b6570032100", "hex");

/** Whether a key in metadata is of an accepted kind, in its one form, under the id that this form gives. */
export function isHonestKey(key: Key): boolean {
  const { public: text = "" } = key.keyVal;
  const der = { key: Buffer.concat([ED25519_SPKI, Buffer.from(text, "hex")]), format: "der", type: "spki" } as const;
  try {
    const half = publicHalf(createPublicKey(text.startsWith("-----") ? text : der), "a key in metadata");
    return half.ok && half.value.key.equals(key);
  } catch {
    return false;
  }
}

/** The first characters of a key id: enough for people to tell keys apart and to name one. */
export function shortId(keyId: string): string {
  return keyId.slice(0, 12);
}
