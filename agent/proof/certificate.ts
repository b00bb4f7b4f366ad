/**
 * What node:crypto does not tell of an X.509 certificate (RFC 5280 section 4.1), read strictly from its DER: which of its
 * extensions are critical, how long a path an authority may begin, and its subject's name as it is encoded.
 */

export interface Extensions {
  /** Object identifiers as hex of their DER content. */
  readonly critical: readonly string[];
  /** Absent where no bound is given. */
  readonly pathLength?: number;
}

const BASIC_CONSTRAINTS = "551d13";
const KEY_USAGE = "551d0f";
const ALTERNATIVE_NAMES = "551d11";
const EXTENDED_KEY_USAGE = "551d25";
/** Judged here, by the caller or, key usages, by OpenSSL; any other critical one makes a certificate unusable. */
export const UNDERSTOOD: readonly string[] = [BASIC_CONSTRAINTS, KEY_USAGE, ALTERNATIVE_NAMES, EXTENDED_KEY_USAGE];

const [BOOLEAN, INTEGER, OCTETS, OID, SEQUENCE] = [0x01, 0x02, 0x04, 0x06, 0x30];
const [VERSION, EXTENSIONS] = [0xa0, 0xa3];

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** TBSCertificate in parts. */
function fieldsOf(certificate: Uint8Array): readonly Element[] | undefined {
  const [whole, more] = elements(certificate) ?? [];
  const [content] = (whole?.tag === SEQUENCE && more === undefined && elements(whole.content)) || [];
  return content?.tag === SEQUENCE ? elements(content.content) : undefined;
}

/** The content of the subject's name, for whoever issues in that name. Certificates of version 3 only. */
export function subjectOf(certificate: Uint8Array): Uint8Array | undefined {
  // version, serial number, signature algorithm, issuer, validity, subject
  const [version, , , , , subject] = fieldsOf(certificate) ?? [];
  return version?.tag === VERSION && subject?.tag === SEQUENCE ? subject.content : undefined;
}

/** Undefined for what cannot be read in exactly one way. */
export function readExtensions(certificate: Uint8Array): Extensions | undefined {
  const fields = fieldsOf(certificate);
  if (fields === undefined) return undefined;
  const block = fields.find((one) => one.tag === EXTENSIONS);
  if (block === undefined) return { critical: [] };
  const [list] = elements(block.content) ?? [];
  const entries = list?.tag === SEQUENCE ? elements(list.content) : undefined;
  if (entries === undefined) return undefined;
  const found = new Map<string, Uint8Array>();
  const critical: string[] = [];
  for (const entry of entries) {
    const parts = entry.tag === SEQUENCE ? elements(entry.content) : undefined;
    const [id, second, third] = parts ?? [];
    const flag = second?.tag === BOOLEAN ? second : undefined;
    const value = flag === undefined ? second : third;
    if (id?.tag !== OID || value?.tag !== OCTETS || parts?.length !== (flag === undefined ? 2 : 3)) return undefined;
    const name = hexOf(id.content);
    if (found.has(name)) return undefined;
    found.set(name, value.content);
    if (flag !== undefined && flag.content[0] !== 0) critical.push(name);
  }
  const constraints = found.get(BASIC_CONSTRAINTS);
  const pathLength = constraints && pathLengthOf(constraints);
  return {
    critical,
    ...(pathLength === undefined ? {} : { pathLength }),
  };
}

/** BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL }; NaN for nonsense. */
function pathLengthOf(value: Uint8Array): number | undefined {
  const [sequence] = elements(value) ?? [];
  const parts = sequence?.tag === SEQUENCE ? elements(sequence.content) : undefined;
  if (parts === undefined) return Number.NaN;
  const length = parts.find((one) => one.tag === INTEGER);
  if (length === undefined) return undefined;
  return length.content.length === 1 ? length.content[0] : Number.NaN;
}

/** The elements that fill `der` entirely: definite lengths in their shortest form, tags of one byte. */
function elements(der: Uint8Array): readonly Element[] | undefined {
  const found: Element[] = [];
  for (let at = 0; at < der.byteLength; ) {
    const tag = der[at] ?? 0;
    const first = der[at + 1] ?? 0xff;
    const sizeBytes = first < 0x80 ? 0 : first - 0x80;
    if ((tag & 0x1f) === 0x1f || sizeBytes > 3 || first === 0x80) return undefined;
    let length = first < 0x80 ? first : 0;
    for (let index = 0; index < sizeBytes; index += 1) length = length * 256 + (der[at + 2 + index] ?? 0);
    const start = at + 2 + sizeBytes;
    const isShortest = sizeBytes === 0 || (length >= 0x80 && length >= 256 ** (sizeBytes - 1));
    if (!isShortest || start + length > der.byteLength) return undefined;
    found.push({ tag, content: der.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
