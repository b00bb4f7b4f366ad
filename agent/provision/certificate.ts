/**
 * A small device authority: X.509 (RFC 5280) for Ed25519 (RFC 8410) and P-256 keys, written as DER. It makes its own
 * certificate and those of devices, which name `spiffe://<tenant>/device/<id>` and nothing else.
 */
import { createPublicKey, X509Certificate } from "node:crypto";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { attempt, type Result } from "../../runtime/kernel/result.ts";
import type { Signer } from "../../runtime/kernel/signer.ts";
import type { Random } from "../../runtime/kernel/world.ts";
import { provisionFault } from "../faults.ts";
import { subjectOf } from "../proof/index.ts";

export interface Validity {
  /** ms. */
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface DeviceName {
  readonly tenant: string;
  readonly device: string;
  /** PEM, SubjectPublicKeyInfo. */
  readonly publicPem: string;
}

/** A certificate by itself, as PEM: an authority that issues to devices and to no further authority. */
export function makeAuthority(name: string, key: Signer, validity: Validity, random: Random): Promise<string> {
  const own = distinguishedName(name);
  const spki = spkiOf(key.publicPem);
  return certify(key, random, validity, { issuer: own, subject: own, spki, issuerSpki: spki, names: [], path: 0 });
}

/** A device's certificate, as PEM. It ends with its authority at the latest. Refuses with PROVISION_AUTHORITY. */
export function issueToDevice(
  { tenant, device, publicPem }: DeviceName,
  authority: { readonly pem: string; readonly path: string; readonly key: Signer },
  validity: Validity,
  random: Random,
): Promise<Result<string>> {
  return attempt(async () => {
    const refuse = (reason: string, cause?: unknown) =>
      provisionFault("PROVISION_AUTHORITY", { path: authority.path, reason }, cause);
    let certificate: X509Certificate;
    try {
      certificate = new X509Certificate(authority.pem);
    } catch (error) {
      throw refuse(reasonOf(error), error);
    }
    const issuerSpki = new Uint8Array(certificate.publicKey.export({ format: "der", type: "spki" }));
    if (sha256(issuerSpki) !== authority.key.keyId) throw refuse("the key is another one");
    const issuer = subjectOf(new Uint8Array(certificate.raw));
    if (!certificate.ca || issuer === undefined) throw refuse("it is no authority's certificate");
    const untilMs = Math.min(validity.untilMs, certificate.validToDate.getTime());
    if (untilMs <= validity.fromMs) throw refuse(`it ended ${certificate.validTo}`);
    return certify(
      authority.key,
      random,
      { fromMs: validity.fromMs, untilMs },
      {
        issuer: der(SEQUENCE, issuer),
        subject: distinguishedName(device),
        spki: spkiOf(publicPem),
        issuerSpki,
        names: [`spiffe://${tenant}/device/${device}`],
      },
    );
  });
}

interface Content {
  /** Names in DER. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly spki: Uint8Array;
  readonly issuerSpki: Uint8Array;
  readonly names: readonly string[];
  /** An authority's: how many others may stand below it. */
  readonly path?: number;
}

const OID = {
  commonName: [0x55, 4, 3],
  subjectKeyIdentifier: [0x55, 0x1d, 0x0e],
  keyUsage: [0x55, 0x1d, 0x0f],
  alternativeNames: [0x55, 0x1d, 0x11],
  basicConstraints: [0x55, 0x1d, 0x13],
  authorityKeyIdentifier: [0x55, 0x1d, 0x23],
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
  ed25519: [0x2b, 0x65, 0x70],
} as const;
const [BOOLEAN, INTEGER, BITS, OCTETS, OBJECT, UTF8, SEQUENCE, SET] = [1, 2, 3, 4, 6, 0x0c, 0x30, 0x31] as const;
const [UTC_TIME, GENERALIZED_TIME, URI] = [0x17, 0x18, 0x86] as const;
const TRUE = 0xff;

async function certify(key: Signer, random: Random, { fromMs, untilMs }: Validity, content: Content): Promise<string> {
  const { issuer, subject, spki, issuerSpki, names, path } = content;
  const isEd25519 = createPublicKey(key.publicPem).asymmetricKeyType === "ed25519";
  const algorithm = sequence(der(OBJECT, isEd25519 ? OID.ed25519 : OID.ecdsaWithSha256));
  const isAuthority = path !== undefined;
  const constraints = isAuthority ? [der(BOOLEAN, [TRUE]), der(INTEGER, [path])] : [];
  const extensions = [
    extension(OID.basicConstraints, sequence(...constraints), true),
    // keyCertSign and cRLSign, or digitalSignature.
    extension(OID.keyUsage, der(BITS, isAuthority ? [1, 0x06] : [7, 0x80]), true),
    extension(OID.subjectKeyIdentifier, der(OCTETS, keyIdentifier(spki))),
    extension(OID.authorityKeyIdentifier, sequence(der(0x80, keyIdentifier(issuerSpki)))),
    ...(names.length === 0
      ? []
      : [extension(OID.alternativeNames, sequence(...names.map((one) => der(URI, utf8(one)))))]),
  ];
  const serial = random.bytes(16);
  const toBeSigned = sequence(
    der(0xa0, der(INTEGER, [2])),
    // Positive, and not shorter than it looks.
    der(INTEGER, [0x40 | ((serial[0] ?? 0) & 0x3f), ...serial.subarray(1)]),
    algorithm,
    issuer,
    sequence(time(fromMs), time(untilMs)),
    subject,
    spki,
    der(0xa3, sequence(...extensions)),
  );
  const signature = await key.sign(toBeSigned);
  const whole = sequence(toBeSigned, algorithm, der(BITS, Uint8Array.from([0, ...signature])));
  const lines =
    Buffer.from(whole)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function spkiOf(publicPem: string): Uint8Array {
  return new Uint8Array(createPublicKey(publicPem).export({ format: "der", type: "spki" }));
}

/** RFC 7093 section 2, method 1: the leftmost 160 bits of a SHA-256, here of the whole SubjectPublicKeyInfo. */
function keyIdentifier(spki: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.from(sha256(spki).slice(0, 40), "hex"));
}

function distinguishedName(name: string): Uint8Array {
  return sequence(der(SET, sequence(der(OBJECT, OID.commonName), der(UTF8, utf8(name)))));
}

function extension(id: readonly number[], value: Uint8Array, critical = false): Uint8Array {
  return sequence(der(OBJECT, id), ...(critical ? [der(BOOLEAN, [TRUE])] : []), der(OCTETS, value));
}

/** RFC 5280 section 4.1.2.5: UTCTime through 2049, then GeneralizedTime; whole seconds. */
function time(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, "");
  const isUtc = Number(digits.slice(0, 4)) < 2050;
  return der(isUtc ? UTC_TIME : GENERALIZED_TIME, utf8(isUtc ? digits.slice(2) : digits));
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return der(SEQUENCE, Buffer.concat(parts));
}

function der(tag: number, content: Uint8Array | readonly number[]): Uint8Array {
  const body = Uint8Array.from(content);
  const { length } = body;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Uint8Array.from([tag, ...size, ...body]);
}
