/**
 * A certificate authority for tests: X.509 (RFC 5280) written as DER by hand, P-256 and SHA-256. It makes what a TLS
 * server, a client and their authority need, with the names that a test asks for.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface CertificateRequest {
  readonly subject: string;
  /** Subject alternative names as `DNS:x`, `URI:x` or `IP:1.2.3.4`. */
  readonly names?: readonly string[];
  /** Days from now; may lie in the past. */
  readonly days?: number;
  /** A certificate for this key, PEM, instead of a new one. */
  readonly publicPem?: string;
  /** An extension that nobody knows and nobody may pass over. */
  readonly strange?: boolean;
  readonly isAuthority?: boolean;
}

export interface Authority {
  readonly cert: string;
  issue(request: CertificateRequest): Certificate;
  /**
   * Another authority, certified by this one; `usage: false` for one whose key may not sign certificates,
   * `isAuthority: false` for one that is none although its key may.
   */
  below(name: string, more?: { readonly usage?: boolean; readonly isAuthority?: boolean }): Authority;
}

const OID = {
  commonName: [0x55, 4, 3],
  basicConstraints: [0x55, 0x1d, 0x13],
  keyUsage: [0x55, 0x1d, 0x0f],
  alternativeNames: [0x55, 0x1d, 0x11],
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
} as const;
const GENERAL_NAME: Readonly<Record<string, number>> = { DNS: 0x82, URI: 0x86, IP: 0x87 };
const DAY_MS = 86_400_000;

/** `path`: how many other authorities may stand between this one and a certificate. */
export function makeAuthority(name = "test authority", path?: number): Authority {
  const own = pair();
  const common = { issuer: name, issuerKey: own.privateKey };
  const self = { ...common, subject: name, key: own.publicKey, names: [], days: 30, isAuthority: true };
  return authority(name, own, certify({ ...self, ...(path === undefined ? {} : { path }) }));
}

function authority(name: string, own: ReturnType<typeof pair>, cert: string): Authority {
  const common = { issuer: name, issuerKey: own.privateKey };
  return {
    cert,
    below(subject, { usage = true, isAuthority = true } = {}) {
      const theirs = pair();
      const content = { ...common, subject, key: theirs.publicKey, names: [], days: 30, isAuthority, usage };
      return authority(subject, theirs, certify(content));
    },
    issue({ subject, names = [], days = 30, publicPem, strange = false, isAuthority = false }) {
      const theirs = pair();
      const key = publicPem === undefined ? theirs.publicKey : createPublicKey(publicPem);
      return {
        cert: certify({ ...common, subject, key, names, days, isAuthority, strange }),
        key: theirs.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      };
    },
  };
}

interface Content {
  readonly issuer: string;
  readonly issuerKey: KeyObject;
  readonly subject: string;
  readonly key: KeyObject;
  readonly names: readonly string[];
  readonly days: number;
  readonly isAuthority: boolean;
  readonly path?: number;
  readonly usage?: boolean;
  readonly strange?: boolean;
}

function certify({ issuer, issuerKey, subject, key, names, days, isAuthority, ...more }: Content): string {
  const { path, usage = isAuthority, strange = false } = more;
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const end = Date.now() + days * DAY_MS;
  const begin = Math.min(Date.now(), end) - DAY_MS;
  const extensions = [
    extension(
      OID.basicConstraints,
      sequence(...(isAuthority ? [der(0x01, [0xff])] : []), ...(path === undefined ? [] : [der(0x02, [path])])),
    ),
    extension(OID.keyUsage, der(0x03, usage ? [1, 0x06] : [7, 0x80])),
    ...(strange ? [sequence(oid([0x2a, 3, 4]), der(0x01, [0xff]), der(0x04, [5, 0]))] : []),
    ...(names.length > 0 ? [extension(OID.alternativeNames, sequence(...names.map(generalName)))] : []),
  ];
  const content = sequence(
    der(0xa0, der(0x02, [2])),
    der(0x02, [0x01, ...randomBytes(8)]),
    algorithm,
    distinguishedName(issuer),
    sequence(utcTime(begin), utcTime(end)),
    distinguishedName(subject),
    key.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign("sha256", content, issuerKey);
  const whole = sequence(content, algorithm, der(0x03, Buffer.concat([Buffer.of(0), signature])));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function pair() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function der(tag: number, content: Uint8Array | readonly number[]): Buffer {
  const body = Buffer.from(content);
  const { length } = body;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...size), body]);
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function oid(content: readonly number[]): Buffer {
  return der(0x06, content);
}

function extension(id: readonly number[], value: Uint8Array): Buffer {
  return sequence(oid(id), der(0x04, value));
}

function distinguishedName(name: string): Buffer {
  return sequence(der(0x31, sequence(oid(OID.commonName), der(0x0c, Buffer.from(name)))));
}

function generalName(name: string): Buffer {
  const [kind = "", ...rest] = name.split(":");
  const value = rest.join(":");
  const tag = GENERAL_NAME[kind];
  if (tag === undefined) throw new Error(`no such kind of name: ${name}`);
  return der(tag, kind === "IP" ? value.split(".").map(Number) : Buffer.from(value));
}

function utcTime(at: number): Buffer {
  const text = new Date(at).toISOString().replace(/^\d\d|[-:T]|\.\d+/g, "");
  return der(0x17, Buffer.from(text));
}
