/**
 * Key files. With a passphrase the private key lies in an envelope of ours: PKCS #8 under AES-256-GCM with a key from
 * scrypt (RFC 7914), the public half readable without the passphrase and bound to the rest as associated data. Without
 * one it is PKCS #8 PEM as it is. PKCS #8 PEM encrypted by others (PBES2), as older versions wrote it, is read as well.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  scryptSync,
} from "node:crypto";
import { base64, fromBase64, fromUtf8, utf8 } from "../../runtime/kernel/bytes.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import { type Infer, integer, object, oneOf, parseJson, string } from "../../runtime/kernel/shape.ts";
import { fault as keyFault } from "../../runtime/kernel/signer.ts";
import {
  type KeyKind,
  parseRolePublicKey,
  publicHalf,
  type RoleKey,
  type RolePublicKey,
  roleKeyOf,
} from "./tuf-key.ts";

export const KEY_FILE_BYTES_MAX = 32_768;
const ENVELOPE_BYTES_MAX = 24_000;

/** scrypt's cost for new files: 2^17 blocks of 1 KiB, 128 MiB and about half a second. */
const SCRYPT_LOG_N = 17;
/** What a file may ask of the reader: from 16 MiB to 1 GiB. */
const logN = integer({ min: 14, max: 20 });
const SCRYPT_R = 8;

const envelopeShape = object({
  schema: oneOf("sallyport.key/1"),
  publicKey: string({ max: 4_000 }),
  scrypt: object({ logN, salt: string({ min: 24, max: 24 }) }),
  nonce: string({ min: 16, max: 16 }),
  /** The encrypted PKCS #8 document followed by GCM's tag. */
  sealed: string({ max: 16_000 }),
});
type Envelope = Infer<typeof envelopeShape>;

const ARMOUR = "SALLYPORT ENCRYPTED KEY";
const ENVELOPE = new RegExp(`^-----BEGIN ${ARMOUR}-----\\n([A-Za-z0-9+/=\\n]+)\\n-----END ${ARMOUR}-----\\n?$`);
const TAG_BYTES = 16;

export interface NewKey {
  readonly kind?: KeyKind;
  /** RSA only. */
  readonly bits?: number;
  /** Encrypts the file. */
  readonly passphrase?: string;
  /** log2 of scrypt's cost. */
  readonly scryptLogN?: number;
}

/** The text of a new key's file. */
export function newKeyFile(options: NewKey = {}): string {
  const made = generate(options.kind ?? "ed25519", options.bits ?? 3072);
  if (options.passphrase === undefined) return made.export({ type: "pkcs8", format: "pem" }).toString();
  return seal(made, options.passphrase, options.scryptLogN ?? SCRYPT_LOG_N);
}

/** A key that signs. KEY_UNREADABLE (also for a wrong passphrase), REPO_KEY_KIND, SHAPE_*. */
export function parseKeyFile(text: string, passphrase: string | undefined, what: string): Result<RoleKey> {
  const envelope = parseEnvelope(text, what);
  if (!envelope.ok) return envelope;
  try {
    const opened =
      envelope.value === undefined ? createPrivateKey(given(text, passphrase)) : open(envelope.value, passphrase);
    return roleKeyOf(opened, what);
  } catch (error) {
    return err(keyFault("KEY_UNREADABLE", { what, reason: reasonOf(error) }, error));
  }
}

/** The public half of any key file, without a passphrase where the file allows it. KEY_UNREADABLE, REPO_KEY_KIND. */
export function parsePublicHalf(text: string, passphrase: string | undefined, what: string): Result<RolePublicKey> {
  const envelope = parseEnvelope(text, what);
  if (!envelope.ok) return envelope;
  if (envelope.value !== undefined) return parseRolePublicKey(envelope.value.publicKey, what);
  if (!text.includes("PRIVATE KEY-----")) return parseRolePublicKey(text, what);
  try {
    return publicHalf(createPrivateKey(given(text, passphrase)), what);
  } catch (error) {
    return err(keyFault("KEY_UNREADABLE", { what, reason: reasonOf(error) }, error));
  }
}

function given(text: string, passphrase: string | undefined) {
  return passphrase === undefined ? text : { key: text, passphrase };
}

function generate(kind: KeyKind, bits: number): KeyObject {
  if (kind === "rsa") return generateKeyPairSync("rsa", { modulusLength: bits }).privateKey;
  if (kind === "p256") return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  return generateKeyPairSync("ed25519").privateKey;
}

function seal(key: KeyObject, passphrase: string, cost: number): string {
  const half = publicHalf(key, "the new key");
  if (!half.ok) throw half.error;
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const head = {
    schema: "sallyport.key/1",
    publicKey: half.value.pem,
    scrypt: { logN: cost, salt: base64(salt) },
    nonce: base64(nonce),
  } as const;
  const cipher = createCipheriv("aes-256-gcm", derive(passphrase, salt, cost), nonce);
  cipher.setAAD(utf8(canonicalJson(head)));
  const plain = key.export({ type: "pkcs8", format: "der" });
  const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  const text = base64(utf8(canonicalJson({ ...head, sealed: base64(sealed) })));
  const lines = text.match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${ARMOUR}-----\n${lines.join("\n")}\n-----END ${ARMOUR}-----\n`;
}

function open(envelope: Envelope, passphrase: string | undefined): KeyObject {
  if (passphrase === undefined) throw new Error("the key is encrypted and no passphrase was given");
  const { sealed, ...head } = envelope;
  const [salt, nonce, body] = [head.scrypt.salt, head.nonce, sealed].map(fromBase64);
  if (salt === undefined || nonce === undefined || body === undefined || body.byteLength <= TAG_BYTES) {
    throw new Error("the envelope is damaged");
  }
  const decipher = createDecipheriv("aes-256-gcm", derive(passphrase, salt, head.scrypt.logN), nonce);
  decipher.setAAD(utf8(canonicalJson(head)));
  decipher.setAuthTag(body.subarray(-TAG_BYTES));
  let der: Buffer;
  try {
    der = Buffer.concat([decipher.update(body.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    throw new Error("the passphrase is wrong, or the file was altered");
  }
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

function derive(passphrase: string, salt: Uint8Array, cost: number): Uint8Array {
  const N = 2 ** cost;
  // OpenSSL counts a little more than 128·N·r.
  return scryptSync(passphrase.normalize("NFKC"), salt, 32, { N, r: SCRYPT_R, p: 1, maxmem: 256 * N * SCRYPT_R });
}

/** The envelope of a file that is one; undefined for every other file. */
function parseEnvelope(text: string, what: string): Result<Envelope | undefined> {
  if (!text.startsWith(`-----BEGIN ${ARMOUR}`)) return ok(undefined);
  const [, body = ""] = ENVELOPE.exec(text) ?? [];
  const bytes = fromBase64(body.replaceAll("\n", ""));
  if (bytes === undefined || fromUtf8(bytes) === undefined) {
    return err(keyFault("KEY_UNREADABLE", { what, reason: "the envelope is damaged" }));
  }
  return parseJson(envelopeShape, bytes, what, ENVELOPE_BYTES_MAX);
}
