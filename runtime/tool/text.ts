/**
 * Literals of the text format (core specification, sections 6.3.1 to 6.3.5): numbers that read back to the same bits,
 * strings and identifiers in which nothing can steer a terminal or hide in the reading direction.
 */

/** Characters that must not reach a terminal as they are: controls, line ends, reading direction, invisible ones. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}]/u;
const ESCAPES: Readonly<Record<string, string>> = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r" };

/** A string literal of a name: what is printable stays as it is. */
export function quote(name: string): string {
  let out = '"';
  for (const one of name) {
    out += ESCAPES[one] ?? (UNSAFE.test(one) ? `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}` : one);
  }
  return `${out}"`;
}

/** A string literal of bytes: printable ASCII as it is, everything else as two hexadecimal digits. */
export function quoteBytes(bytes: Uint8Array): string {
  let out = '"';
  for (const one of bytes) {
    if (one === 0x22 || one === 0x5c) out += `\\${String.fromCharCode(one)}`;
    else if (one >= 0x20 && one < 0x7f) out += String.fromCharCode(one);
    else out += `\\${one.toString(16).padStart(2, "0")}`;
  }
  return `${out}"`;
}

/** Section 6.3.5: an identifier of these characters needs no quotes. */
const PLAIN = /^[0-9A-Za-z!#$%&'*+\-./:<=>?@\\^_`|~]+$/;

/** `$name`, or `$"any name"`. The name must not be empty. */
export const identifier = (name: string): string => (PLAIN.test(name) ? `$${name}` : `$${quote(name)}`);

export const hex32 = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, "0")}`;

const words = new DataView(new ArrayBuffer(8));

/** The 32 bits of a float. */
export function f32Text(bits: number): string {
  const sign = bits < 0 ? "-" : "";
  const payload = bits & 0x7fffff;
  if ((bits & 0x7f800000) === 0x7f800000) {
    if (payload === 0) return `${sign}inf`;
    return payload === 0x400000 ? `${sign}nan` : `${sign}nan:0x${payload.toString(16)}`;
  }
  return sign + shortest32(fromBits32(bits & 0x7fffffff), bits & 0x7fffffff);
}

/** The 64 bits of a float in two words. */
export function f64Text(low: number, high: number): string {
  const sign = high < 0 ? "-" : "";
  if ((high & 0x7ff00000) === 0x7ff00000) {
    const payload = (BigInt(high & 0xfffff) << 32n) | BigInt(low >>> 0);
    if (payload === 0n) return `${sign}inf`;
    return payload === 1n << 51n ? `${sign}nan` : `${sign}nan:0x${payload.toString(16)}`;
  }
  words.setInt32(0, high & 0x7fffffff);
  words.setInt32(4, low);
  return sign + String(words.getFloat64(0));
}

function fromBits32(bits: number): number {
  words.setInt32(0, bits);
  return words.getFloat32(0);
}

/** The fewest digits that give the float back, read in one rounding as the text format wants, or in two. */
function shortest32(value: number, bits: number): string {
  const below = (value + fromBits32(Math.max(bits - 1, 0))) / 2;
  // Above the largest float the next one would be 2^128; as bits it is infinity.
  const above = bits === 0x7f7fffff ? 2 ** 128 - 2 ** 103 : (value + fromBits32(bits + 1)) / 2;
  for (let digits = 1; digits <= 9; digits += 1) {
    const read = Number(value.toPrecision(digits));
    // At the edges themselves, the first of two roundings may have decided.
    if (read > below && read < above) return String(read);
    if (read === value) return String(read);
  }
  return String(value);
}
