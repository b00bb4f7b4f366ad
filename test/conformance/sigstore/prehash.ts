/**
 * ECDSA over a digest without the bytes, which node:crypto does not offer. Needed by the suite only: a board always has
 * the bytes that it judges.
 */
import type { KeyObject } from "node:crypto";
import { p256, p384, p521 } from "@noble/curves/nist.js";

const CURVES: Readonly<Record<string, typeof p256>> = { prime256v1: p256, secp384r1: p384, secp521r1: p521 };

/** False also for keys of another kind and for signatures that are no DER. */
export function verifyDigest(key: KeyObject, digest: Uint8Array, signature: Uint8Array): boolean {
  const curve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ""];
  const { x, y } = key.export({ format: "jwk" });
  if (curve === undefined || typeof x !== "string" || typeof y !== "string") return false;
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  try {
    return curve.verify(Uint8Array.from(signature), Uint8Array.from(digest), Uint8Array.from(point), {
      prehash: false,
      format: "der",
      lowS: false,
    });
  } catch {
    return false;
  }
}
