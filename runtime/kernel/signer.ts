/**
 * Keys as the rest of the project sees them: a `Signer` port (a file today; an HSM, a KMS or a TPM behind the same
 * three members later) and public keys named by the SHA-256 of their SubjectPublicKeyInfo.
 * Ed25519 (RFC 8032) and ECDSA P-256 with SHA-256 are accepted; nothing else.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import type { Sha256 } from "./brand.ts";
import { sha256 } from "./digest.ts";
import { declareFaults, reasonOf } from "./fault.ts";
import { err, ok, type Result } from "./result.ts";

export const { catalogue, fault } = declareFaults("KEY", {
  KEY_UNREADABLE: {
    kind: "refusal",
    says: "{what} is not a usable key: {reason}",
    means: "A key file or a key inside a document could not be read, or its passphrase is wrong.",
    todo: "Give a PEM file with an Ed25519 or P-256 key; for an encrypted one set SALLYPORT_PASSPHRASE.",
  },
  KEY_UNSUPPORTED: {
    kind: "refusal",
    says: "{what} is a {type} key; Ed25519 and P-256 are accepted",
    means: "The key is of a kind that this program does not verify with.",
    todo: "Make a new key with `sallyport keygen`, or convert to Ed25519 or P-256.",
  },
});

export interface Signer {
  readonly keyId: Sha256;
  /** PEM, SubjectPublicKeyInfo. */
  readonly publicPem: string;
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

export interface PublicKey {
  readonly keyId: Sha256;
  readonly pem: string;
  verify(bytes: Uint8Array, signature: Uint8Array): boolean;
}

export function parsePublicKey(pem: string, what = "the public key"): Result<PublicKey> {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (error) {
    return err(fault("KEY_UNREADABLE", { what, reason: reasonOf(error) }, error));
  }
  const unsupported = unsupportedType(key) ?? otherSpelling(key);
  if (unsupported !== undefined) return err(fault("KEY_UNSUPPORTED", { what, type: unsupported }));
  return ok({
    keyId: keyIdOf(key),
    pem: spkiPem(key),
    verify: (bytes, signature) => verify(digestFor(key), bytes, key, signature),
  });
}

export function parseSigner(pem: string, passphrase?: string, what = "the private key"): Result<Signer> {
  let key: KeyObject;
  try {
    key = createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
  } catch (error) {
    return err(fault("KEY_UNREADABLE", { what, reason: reasonOf(error) }, error));
  }
  const unsupported = unsupportedType(key);
  if (unsupported !== undefined) return err(fault("KEY_UNSUPPORTED", { what, type: unsupported }));
  const publicKey = createPublicKey(key);
  const spelling = otherSpelling(publicKey);
  if (spelling !== undefined) return err(fault("KEY_UNSUPPORTED", { what, type: spelling }));
  return ok({
    keyId: keyIdOf(publicKey),
    publicPem: spkiPem(publicKey),
    sign: async (bytes) => new Uint8Array(sign(digestFor(key), bytes, key)),
  });
}

/** A new Ed25519 key as PKCS #8 PEM, encrypted (PBES2, AES-256) when a passphrase is given. */
export function generateKeyPem(passphrase?: string): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  const protection = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  return privateKey.export({ type: "pkcs8", format: "pem", ...protection }).toString();
}

function unsupportedType(key: KeyObject): string | undefined {
  if (key.asymmetricKeyType === "ed25519") return undefined;
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === "ec" && curve === "prime256v1") return undefined;
  return [key.asymmetricKeyType, curve].filter((part) => part !== undefined).join(" ");
}

/** The point of a P-256 key can be written in three ways: with two ids one key would be two. RFC 5480 section 2.2. */
function otherSpelling(key: KeyObject): string | undefined {
  if (key.asymmetricKeyType !== "ec") return undefined;
  const plain = createPublicKey({ key: key.export({ format: "jwk" }), format: "jwk" });
  return keyIdOf(plain) === keyIdOf(key) ? undefined : "P-256 (its point not in uncompressed form)";
}

function digestFor(key: KeyObject): string | null {
  return key.asymmetricKeyType === "ed25519" ? null : "sha256";
}

function spkiPem(key: KeyObject): string {
  return key.export({ type: "spki", format: "pem" }).toString();
}

function keyIdOf(key: KeyObject): Sha256 {
  return sha256(new Uint8Array(key.export({ type: "spki", format: "der" })));
}
