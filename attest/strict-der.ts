/**
 * What surrounds the signed parts of a certificate (RFC 5280 section 4.1.1) and of a timestamp (RFC 3161 section 2.4.2,
 * RFC 5652 section 5). The library finds the signed parts by their place and does not look at the rest, so that other
 * bytes there would pass; here the rest has one form. Embedded certificates of a timestamp's token are the exception:
 * nobody signs them and nobody reads them, and each authority adds its own.
 */
import type { SignedEntity } from "@sigstore/verify";
import { equalBytes } from "../runtime/kernel/bytes.ts";

type Key = SignedEntity["key"];
type Certificate = Extract<Key, { $case: "certificate" }>["certificate"];
type Timestamp = Extract<SignedEntity["timestamps"][number], { $case: "timestamp-authority" }>["timestamp"];
type Element = Certificate["root"];

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const NULL = 0x05;
const OBJECT_ID = 0x06;
const SEQUENCE = 0x30;
const SET = 0x31;
const CONTEXT_0 = 0xa0;

/** ecdsa-with-SHA256 to SHA512 (RFC 5758). The library takes any other name for SHA-256. */
const ECDSA: readonly string[] = ["1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4"];
/** As authorities with an RSA key write it; believed of nothing as short as an ECDSA signature. */
const RSA = "1.2.840.113549.1.1.1";
const RSA_BYTES_MIN = 256;

/** For a certificate whose signature holds. */
export function isPlainCertificate({ root }: Certificate): boolean {
  const [signed, algorithm, signature, ...more] = root.subs;
  if (more.length > 0 || signed === undefined || algorithm === undefined || signature === undefined) return false;
  // The algorithm stands twice: the signed one counts. The signature fills its bytes, so that none has unused bits.
  const inner = signed.subs.find((one) => tagOf(one) === SEQUENCE);
  return (
    tagOf(root) === SEQUENCE &&
    tagOf(signature) === BIT_STRING &&
    signature.value[0] === 0 &&
    inner !== undefined &&
    equalBytes(inner.toDER(), algorithm.toDER())
  );
}

/** For a timestamp whose signature holds: a response that grants a token with one signer. */
export function isPlainTimestamp({ root }: Timestamp): boolean {
  const [status, token] = partsOf(root, SEQUENCE, SEQUENCE, SEQUENCE);
  const [granted] = partsOf(status, SEQUENCE, INTEGER);
  const [, wrapped] = partsOf(token, SEQUENCE, OBJECT_ID, CONTEXT_0);
  const [signedData] = partsOf(wrapped, CONTEXT_0, SEQUENCE);
  if (!isInteger(granted, 0) || signedData === undefined) return false;
  const hasCertificates = signedData.subs.length === 5;
  const form = hasCertificates ? [CONTEXT_0, SET] : [SET];
  const parts = partsOf(signedData, SEQUENCE, INTEGER, SET, SEQUENCE, ...form);
  const [version, digests, content] = parts;
  const [, octets] = partsOf(content, SEQUENCE, OBJECT_ID, CONTEXT_0);
  const [info] = partsOf(octets, CONTEXT_0, OCTET_STRING);
  // The digest is over the first element in the octets: there must be no second.
  if (!isInteger(version, 3) || partsOf(info, OCTET_STRING, SEQUENCE).length !== 1) return false;
  const [digest] = partsOf(digests, SET, SEQUENCE);
  const [signer] = partsOf(parts.at(-1), SET, SEQUENCE);
  return digest !== undefined && signer !== undefined && isPlainSigner(signer, digest);
}

function isPlainSigner(signer: Element, digest: Element): boolean {
  const form = [INTEGER, SEQUENCE, SEQUENCE, CONTEXT_0, SEQUENCE, OCTET_STRING];
  const [version, sid, own, , algorithm, signature] = partsOf(signer, SEQUENCE, ...form);
  if (!isInteger(version, 1) || partsOf(sid, SEQUENCE, SEQUENCE, INTEGER).length !== 2) return false;
  if (own === undefined || algorithm === undefined || signature === undefined) return false;
  if (!isAlgorithm(own) || !equalBytes(own.toDER(), digest.toDER()) || !isAlgorithm(algorithm)) return false;
  const name = algorithm.subs[0]?.toOID() ?? "";
  return ECDSA.includes(name) || (name === RSA && signature.value.length >= RSA_BYTES_MIN);
}

/** An object identifier, and parameters absent or NULL. */
function isAlgorithm({ subs }: Element): boolean {
  const [id, parameters, ...more] = subs;
  if (id === undefined || tagOf(id) !== OBJECT_ID || more.length > 0) return false;
  return parameters === undefined || (tagOf(parameters) === NULL && parameters.value.length === 0);
}

/** The children of an element with this tag, if they have exactly these tags; otherwise none. */
function partsOf(element: Element | undefined, tag: number, ...tags: readonly number[]): readonly Element[] {
  if (element === undefined || tagOf(element) !== tag || element.subs.length !== tags.length) return [];
  return element.subs.every((one, index) => tagOf(one) === tags[index]) ? element.subs : [];
}

function isInteger(element: Element | undefined, value: number): boolean {
  return element !== undefined && element.value.length === 1 && element.value[0] === value;
}

const tagOf = (element: Element): number => element.tag.toDER();
