/**
 * One signature, one encoding. An Ed25519 signature is checked strictly by OpenSSL (S below the group's order, R compared
 * as bytes). An ECDSA signature (r, s) holds as (r, n − s) too: of the two only the one with the lower s counts here.
 */

/** The order of P-256 (FIPS 186-5, SEC 2). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const SEQUENCE = 0x30;
const INTEGER = 0x02;
/** Ed25519's, which no DER sequence of two such integers has to be confused with: the caller knows the key. */
const ED25519_BYTES = 64;

/** The same signature with the lower s; anything that is not ECDSA over P-256 in DER is given back as it is. */
export function lowered(signature: Uint8Array): Uint8Array {
  const parts = partsOf(signature);
  if (parts === undefined || 2n * parts.s <= ORDER) return signature;
  return encode(parts.r, ORDER - parts.s);
}

export function isLowest(signature: Uint8Array): boolean {
  return lowered(signature) === signature;
}

function partsOf(der: Uint8Array): { readonly r: bigint; readonly s: bigint } | undefined {
  if (der.byteLength === ED25519_BYTES || der[0] !== SEQUENCE || der[1] !== der.byteLength - 2) return undefined;
  const first = integerAt(der, 2);
  const second = first && integerAt(der, first.end);
  return first === undefined || second?.end !== der.byteLength ? undefined : { r: first.value, s: second.value };
}

function integerAt(der: Uint8Array, at: number): { readonly value: bigint; readonly end: number } | undefined {
  const length = der[at + 1] ?? 0;
  const end = at + 2 + length;
  if (der[at] !== INTEGER || length === 0 || length > 33 || end > der.byteLength) return undefined;
  return { value: BigInt(`0x${Buffer.from(der.subarray(at + 2, end)).toString("hex")}`), end };
}

function encode(r: bigint, s: bigint): Uint8Array {
  const content = [r, s].flatMap((one) => {
    const digits = one.toString(16);
    const bytes = [...Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex")];
    const padded = (bytes[0] ?? 0) >= 0x80 ? [0, ...bytes] : bytes;
    return [INTEGER, padded.length, ...padded];
  });
  return Uint8Array.from([SEQUENCE, content.length, ...content]);
}
