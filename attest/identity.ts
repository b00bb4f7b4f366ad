/**
 * Who signed, and whether that is somebody the owner named. Read from the certificate's own extensions, not from the
 * library's text: @sigstore/verify 4.1.3 decodes issuer and subject with Node's "ascii", which drops the eighth bit, so
 * that other bytes could read as a trusted name; and its policy takes the subject as an unanchored regular expression.
 * Here bytes are decoded strictly and names are compared by equality, or by a closed pattern (pattern.ts) where the owner
 * wrote one. No normalisation.
 */
import type { Signer } from "@sigstore/verify";
import { fromUtf8 } from "../runtime/kernel/bytes.ts";
import { matchesPattern } from "./pattern.ts";

/** What a certificate says beside its subject, by Fulcio's names (certificate.ts). */
type NamedFacts = Readonly<Record<string, string | undefined>>;

export interface Identity {
  /** The OpenID Connect issuer that Fulcio put into the certificate. */
  readonly issuer: string;
  /** The certificate's one subject alternative name: a URI or an e-mail address. */
  readonly subject: string;
}

/**
 * Whom a rule names: the issuer exactly, the subject exactly or by a pattern, never both, and what else the certificate
 * must say, letter by letter.
 */
export interface NamedIdentity {
  readonly issuer: string;
  readonly subject?: string;
  readonly subjectPattern?: string;
  readonly certificate?: NamedFacts;
}

export type Extensions = NonNullable<NonNullable<Signer["identity"]>["oids"]>;

/** Fulcio's extensions (sigstore/fulcio, docs/oid-info.md): .1.1 is bare text, .1.8 a DER UTF8String. */
const ISSUER_V1 = "1.3.6.1.4.1.57264.1.1";
const ISSUER_V2 = "1.3.6.1.4.1.57264.1.8";
const SUBJECT_ALT_NAME = "2.5.29.17";

const UTF8_STRING = 0x0c;
const SEQUENCE = 0x30;
/** GeneralName (RFC 5280 section 4.2.1.6): context tags 1 and 6, both IA5String. */
const RFC822_NAME = 0x81;
const URI = 0x86;
const COLON = 0x3a;

/** THE identity check: is the signer one of those the rule names? An entry that names no subject names nobody. */
export function isNamed(signer: Identity, named: readonly NamedIdentity[], facts: NamedFacts = {}): boolean {
  return named.some(({ issuer, subject, subjectPattern, certificate = {} }) => {
    if (issuer !== signer.issuer) return false;
    if (Object.entries(certificate).some(([name, wanted]) => facts[name] !== wanted)) return false;
    if (subjectPattern === undefined) return subject === signer.subject;
    return subject === undefined && matchesPattern(signer.subject, subjectPattern);
  });
}

/** The identity in a verified certificate's extensions, or undefined unless there is exactly one reading of it. */
export function readIdentity(extensions: Extensions): Identity | undefined {
  const issuer = readIssuer(extensions);
  const subject = readSubject(extensions);
  return issuer === undefined || subject === undefined ? undefined : { issuer, subject };
}

/** Both forms of the issuer may be present; then they must agree. */
function readIssuer(extensions: Extensions): string | undefined {
  const v1 = valuesOf(extensions, ISSUER_V1);
  const v2 = valuesOf(extensions, ISSUER_V2);
  const texts = [...v1.map(fromUtf8), ...v2.map((der) => onlyText(der, UTF8_STRING))];
  if (v1.length > 1 || v2.length > 1 || new Set(texts).size !== 1) return undefined;
  return texts[0] === "" ? undefined : texts[0];
}

/** Exactly one name, and it a URI or an e-mail: with two, which one the policy means would be a guess. */
function readSubject(extensions: Extensions): string | undefined {
  const [value, second] = valuesOf(extensions, SUBJECT_ALT_NAME);
  if (value === undefined || second !== undefined) return undefined;
  const names = onlyElement(value);
  const name = names?.tag === SEQUENCE ? onlyElement(names.content) : undefined;
  if (name === undefined || (name.tag !== URI && name.tag !== RFC822_NAME)) return undefined;
  if (name.content.length === 0 || name.content.some((byte) => byte < 0x21 || byte > 0x7e)) return undefined;
  // No address without quotes has a colon, and what begins with `https:` would pass for a URI of the same letters.
  if (name.tag === RFC822_NAME && name.content.includes(COLON)) return undefined;
  return fromUtf8(name.content);
}

function valuesOf(extensions: Extensions, oid: string): readonly Uint8Array[] {
  return extensions.filter((one) => one.oid?.id.join(".") === oid).map((one) => one.value);
}

/** The text of a value that is one DER UTF8String and nothing else. */
export function utf8String(der: Uint8Array): string | undefined {
  return onlyText(der, UTF8_STRING);
}

function onlyText(der: Uint8Array, tag: number): string | undefined {
  const element = onlyElement(der);
  return element?.tag === tag ? fromUtf8(element.content) : undefined;
}

/** The one DER element that fills `der` entirely (X.690: definite length, shortest form; content below 64 KiB). */
function onlyElement(der: Uint8Array): { readonly tag: number; readonly content: Uint8Array } | undefined {
  const [tag, first = 0x80, second = 0, third = 0] = der;
  if (tag === undefined) return undefined;
  let head = 2;
  let length = first;
  if (first === 0x81) [head, length] = [3, second < 0x80 ? -1 : second];
  else if (first === 0x82) [head, length] = [4, second === 0 ? -1 : second * 256 + third];
  else if (first >= 0x80) return undefined;
  return length === der.length - head ? { tag, content: der.subarray(head) } : undefined;
}
