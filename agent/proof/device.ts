/**
 * Whose key signed a proof: the one that the reader pins, or one that the owner's device authority names by a
 * certificate for `spiffe://<domain>/device/<id>` (SPIFFE-ID 2.1). With neither it is a key like any other.
 */
import { X509Certificate } from "node:crypto";
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { equalBytes } from "../../runtime/kernel/bytes.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import type { PublicKey } from "../../runtime/kernel/signer.ts";
import { readExtensions, UNDERSTOOD } from "./certificate.ts";
import { fault } from "./faults.ts";
import { bytesOf, type Proof } from "./format.ts";

/** What the reader knows of devices. */
export type DeviceTrust =
  | { readonly by: "key"; readonly key: Pick<PublicKey, "keyId"> }
  /** PEM, one or several certificates of authorities. */
  | { readonly by: "authority"; readonly pem: string }
  | { readonly by: "nothing" };

export interface DeviceIdentity {
  readonly by: DeviceTrust["by"];
  readonly keyId: Sha256;
  /** Of the device's own certificate, where an authority vouches for it. */
  readonly certificate?: { readonly name: string; readonly until: string; readonly authority: string };
}

/** Refuses with PROOF_DEVICE. */
export function identify(proof: Proof, key: PublicKey, trust: DeviceTrust): Result<DeviceIdentity> {
  const keyId = key.keyId as Sha256;
  const refuse = (reason: string) => err(fault("PROOF_DEVICE", { device: proof.device.id, reason }));
  switch (trust.by) {
    case "nothing":
      return ok({ by: "nothing", keyId });
    case "key":
      if (trust.key.keyId === keyId) return ok({ by: "key", keyId });
      return refuse(`signed by key ${keyId}, expected ${trust.key.keyId}`);
    case "authority": {
      const path = readPath(proof);
      if (typeof path === "string") return refuse(path);
      const authorities = readAuthorities(trust.pem);
      if (typeof authorities === "string") return refuse(authorities);
      const wrong = wrongWith(path, authorities, proof);
      if (typeof wrong === "string") return refuse(wrong);
      const [own] = path;
      const until = own.validToDate.toISOString();
      const name = own.subjectAltName?.replace(/^URI:/, "") ?? "";
      return ok({ by: "authority", keyId, certificate: { name, until, authority: wrong.authority } });
    }
  }
}

type Path = readonly [X509Certificate, ...X509Certificate[]];

function readPath({ device }: Proof): Path | string {
  const read = (device.certificates ?? []).map((one) => readCertificate(bytesOf(one)));
  const [first, ...more] = read.filter((one) => one !== undefined);
  if (first === undefined || more.length + 1 !== read.length) {
    return read.length === 0 ? "it holds no certificate for its key" : "one of its certificates cannot be read";
  }
  return [first, ...more];
}

function readCertificate(der: Uint8Array): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(der);
    return equalBytes(new Uint8Array(certificate.raw), der) ? certificate : undefined;
  } catch {
    return undefined;
  }
}

/** The certificates in a PEM text, or what is wrong with it. */
export function readAuthorities(pem: string): readonly X509Certificate[] | string {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0 || blocks.length > 64) return "the authority file holds no certificate, or more than 64";
  try {
    return blocks.map((one) => new X509Certificate(one));
  } catch (error) {
    return `the authority file cannot be read: ${reasonOf(error)}`;
  }
}

/**
 * RFC 5280 section 6.1 as far as a device needs it: names chain, signatures hold, all are valid at the time of judging,
 * every issuer is an authority within its path length, and nothing critical is left that is not understood.
 */
function wrongWith(path: Path, authorities: readonly X509Certificate[], proof: Proof) {
  const [own] = path;
  if (!equalBytes(spkiOf(own), bytesOf(proof.device.publicKey))) return "its certificate is for another key";
  const name = new RegExp(`^URI:spiffe://[a-z0-9._-]{1,255}/device/${proof.device.id}$`);
  if (!name.test(own.subjectAltName ?? "")) {
    return `its certificate is for ${own.subjectAltName ?? "nobody"}, not for spiffe://…/device/${proof.device.id}`;
  }
  if (own.ca) return "its certificate is an authority's";

  const top = path.at(-1) ?? own;
  const anchor = authorities.find((one) => one.raw.equals(top.raw)) ?? authorities.find((one) => issued(one, top));
  if (anchor === undefined) return "its certificates do not lead to the given authority";
  const chain = anchor.raw.equals(top.raw) ? path : [...path, anchor];
  if (chain.length < 2) return "its certificate is the given authority itself";
  const { judgedMs } = proof.time;
  for (const [index, one] of chain.entries()) {
    const what = index === 0 ? "its certificate" : `the authority ${oneLine(one.subject)}`;
    if (judgedMs < one.validFromDate.getTime() || judgedMs > one.validToDate.getTime()) {
      return `${what} was not valid when the board judged (${new Date(judgedMs).toISOString()})`;
    }
    const extensions = readExtensions(new Uint8Array(one.raw));
    const strange = extensions?.critical.find((id) => !UNDERSTOOD.includes(id));
    if (extensions === undefined || strange !== undefined) return `${what} has a critical extension that is not known`;
    const issuer = chain[index + 1];
    if (issuer !== undefined && !issued(issuer, one)) return `${what} is not issued by ${oneLine(issuer.subject)}`;
    if (index === 0) continue;
    if (!one.ca) return `${what} may not issue certificates`;
    // Authorities between this one and the device's own certificate.
    const { pathLength = index - 1 } = extensions;
    if (!(index - 1 <= pathLength)) return `${what} may not stand so far above a device`;
  }
  return { authority: oneLine(anchor.subject) };
}

function issued(issuer: X509Certificate, subject: X509Certificate): boolean {
  try {
    return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function spkiOf(certificate: X509Certificate): Uint8Array {
  return new Uint8Array(certificate.publicKey.export({ format: "der", type: "spki" }));
}

function oneLine(name: string): string {
  return name.replaceAll("\n", ", ");
}
