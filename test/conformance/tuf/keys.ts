/** Signing keys of simulated repositories: the key types of the specification (4.2), as other makers write them too. */
import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { hex } from "../../../runtime/kernel/bytes.ts";
import { documentDigest } from "../../../runtime/kernel/digest.ts";

/** A public key as metadata carries it. */
export interface KeyDocument {
  readonly keytype: string;
  readonly scheme: string;
  readonly keyval: { readonly public: string };
  readonly [field: string]: unknown;
}

export interface SimKey {
  readonly id: string;
  readonly document: KeyDocument;
  /** The signature of canonical bytes, in hex. */
  sign(message: Uint8Array): string;
}

export function ed25519Key(extra: Readonly<Record<string, unknown>> = {}): SimKey {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const value = hex(publicKey.export({ type: "spki", format: "der" }).subarray(-32));
  return makeKey({ keytype: "ed25519", scheme: "ed25519", keyval: { public: value }, ...extra }, (message) =>
    hex(sign(null, message, privateKey)),
  );
}

export function ecdsaKey(curve: "nistp256" | "nistp384" = "nistp256", keytype = "ecdsa"): SimKey {
  const namedCurve = curve === "nistp256" ? "prime256v1" : "secp384r1";
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve });
  const hash = curve === "nistp256" ? "sha256" : "sha384";
  return makeKey({ keytype, scheme: `ecdsa-sha2-${curve}`, keyval: { public: pem(publicKey) } }, (message) =>
    hex(sign(hash, message, privateKey)),
  );
}

export function rsaKey(): SimKey {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return makeKey({ keytype: "rsa", scheme: "rsassa-pss-sha256", keyval: { public: pem(publicKey) } }, (message) =>
    hex(sign("sha256", message, { key: privateKey, ...padding })),
  );
}

/** The same key under another id: ids are names, not proofs. */
export function renamed(key: SimKey, id: string): SimKey {
  return { ...key, id };
}

function makeKey(document: KeyDocument, signWith: (message: Uint8Array) => string): SimKey {
  return { id: documentDigest(document), document, sign: signWith };
}

function pem(key: KeyObject): string {
  return key.export({ type: "spki", format: "pem" }).toString();
}
