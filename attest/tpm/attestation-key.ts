/**
 * A TPM's attestation key as the appraiser knows it: the public half, recorded when the board was enrolled. That it is a
 * restricted signing key, one that signs only what the TPM itself made, is checked then and not here.
 */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import { fault } from "../../runtime/kernel/signer.ts";

export interface AttestationKey {
  readonly keyId: Sha256;
  /** TPM_ALG_ECDSA (DER) or TPM_ALG_RSASSA, both with SHA-256. */
  verify(bytes: Uint8Array, signature: Uint8Array): boolean;
}

const RSA_BITS_MIN = 2048;
const RSA_BITS_MAX = 4096;
const WHAT = "the TPM's attestation key";

/** ECDSA P-256, or RSA of 2048 to 4096 bits; KEY_UNREADABLE or KEY_UNSUPPORTED for anything else. */
export function parseAttestationKey(pem: string): Result<AttestationKey> {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (error) {
    return err(fault("KEY_UNREADABLE", { what: WHAT, reason: reasonOf(error) }, error));
  }
  if (!isSupported(key))
    return err(fault("KEY_UNSUPPORTED", { what: WHAT, type: key.asymmetricKeyType ?? "symmetric" }));
  return ok({
    keyId: sha256(new Uint8Array(key.export({ type: "spki", format: "der" }))),
    verify: (bytes, signature) => verify("sha256", bytes, key, signature),
  });
}

function isSupported({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean {
  const bits = details?.modulusLength ?? 0;
  if (type === "rsa") return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
  return type === "ec" && details?.namedCurve === "prime256v1";
}
