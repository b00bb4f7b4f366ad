/** Single values as C writes them: integers, characters, floats, names of an enumeration, strings. Always short. */

/** DW_ATE_… (DWARF 5, section 7.8). */
export const ATE = {
  address: 0x01,
  boolean: 0x02,
  float: 0x04,
  signed: 0x05,
  signedChar: 0x06,
  unsigned: 0x07,
  utf: 0x10,
} as const;

export function isSigned(encoding: number): boolean {
  return encoding === ATE.signed || encoding === ATE.signedChar;
}

/** `bits` are the bits of the value as an unsigned number, `width` how many they are. */
export function integerText(bits: bigint, width: number, encoding: number): string {
  const value = isSigned(encoding) ? BigInt.asIntN(width, bits) : bits;
  switch (encoding) {
    case ATE.boolean:
      return value === 0n ? "false" : value === 1n ? "true" : `${value}`;
    case ATE.address:
      return `0x${value.toString(16)}`;
    case ATE.signedChar:
      return value >= 32n && value < 127n ? `${value} ${quoted(String.fromCharCode(Number(value)), "'")}` : `${value}`;
    case ATE.utf:
      return value <= 0x10_ffffn
        ? `U+${value.toString(16)} ${quoted(String.fromCodePoint(Number(value)), "'")}`
        : `${value}`;
    default:
      return `${value}`;
  }
}

/** Little-endian bytes. A float of 16 bytes is shown as the nearest one of 8. */
export function floatText(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 8) return numberText(view.getFloat64(0, true));
  if (bytes.length === 16) return numberText(quadruple(view.getBigUint64(8, true), view.getBigUint64(0, true)));
  if (bytes.length !== 4) return `<float of ${bytes.length} bytes>`;
  return singleText(view.getFloat32(0, true));
}

/** IEEE binary128 by its halves: a sign, 15 bits of exponent, 112 of fraction. */
function quadruple(high: bigint, low: bigint): number {
  const exponent = Number((high >> 48n) & 0x7fffn);
  const fraction = ((high & 0xffff_ffff_ffffn) << 64n) | low;
  const sign = high >> 63n === 0n ? 1 : -1;
  if (exponent === 0x7fff) return fraction === 0n ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  const digits = exponent === 0 ? 0 : 1 + Number(fraction) / 2 ** 112;
  return sign * digits * 2 ** (exponent - 16383);
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  return Object.is(value, -0) ? "-0" : `${value}`;
}

/** The shortest digits that make the same float of 32 bits. */
function singleText(value: number): string {
  for (let digits = 6; Number.isFinite(value) && digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return numberText(short);
  }
  return numberText(Number.isFinite(value) ? Number(value.toPrecision(9)) : value);
}

/** A name, names joined by `|` when each is one bit of the value, or the number. */
export function enumText(bits: bigint, width: number, names: ReadonlyMap<bigint, string>, signed: boolean): string {
  const name = names.get(bits);
  if (name !== undefined) return name;
  let left = bits;
  const parts: string[] = [];
  for (const [bit, one] of names) {
    if (bit === 0n || (bit & (bit - 1n)) !== 0n || (left & bit) === 0n) continue;
    left &= ~bit;
    parts.push(one);
  }
  if (left === 0n && parts.length > 1) return parts.join(" | ");
  return `${signed ? BigInt.asIntN(width, bits) : bits}`;
}

export function stringText(bytes: Uint8Array): string {
  return quoted(new TextDecoder().decode(bytes), '"');
}

const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0", "\\": "\\\\" };

function quoted(text: string, mark: string): string {
  let inside = "";
  for (const one of text) {
    const code = one.codePointAt(0) ?? 0;
    if (one === mark) inside += `\\${mark}`;
    else if (code < 32 || code === 127 || code === 92)
      inside += ESCAPES[one] ?? `\\x${code.toString(16).padStart(2, "0")}`;
    else if (isInvisible(code)) inside += `\\u{${code.toString(16)}}`;
    else inside += one;
  }
  return `${mark}${inside}${mark}`;
}

/** Controls, halves of pairs, and marks that turn the direction of text: a guest shall not paint the terminal. */
function isInvisible(code: number): boolean {
  return (
    (code >= 0x80 && code < 0xa0) ||
    (code >= 0xd800 && code < 0xe000) ||
    (code >= 0x200b && code < 0x2010) ||
    (code >= 0x2028 && code < 0x2030) ||
    (code >= 0x2066 && code < 0x2070) ||
    code === 0xfeff
  );
}
