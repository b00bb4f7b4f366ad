/**
 * The scalar operations that do not fit one line of JavaScript (core specification, section 4.3.2 and 4.3.3). An i64
 * result is the low word returned and the high word left in `high.word`: no allocation, no BigInt unless both operands
 * are beyond 53 bits.
 */

/** The high word of the last i64 result. */
export const high = { word: 0 };

const TWO32 = 4294967296;

export function popcnt32(value: number): number {
  let v = value - ((value >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Ties to even; keeps the sign of zero. */
export function nearest(x: number): number {
  const magnitude = Math.abs(x);
  // From 2^52 on every double is an integer; adding and taking away 2^52 rounds smaller ones by the hardware's rule.
  if (!(magnitude < 4503599627370496)) return x;
  const rounded = magnitude + 4503599627370496 - 4503599627370496;
  return x < 0 || Object.is(x, -0) ? -rounded : rounded;
}

const big = new BigInt64Array(1);
const words = new Int32Array(big.buffer);

function fromBig(value: bigint): number {
  big[0] = value;
  high.word = words[1] as number;
  return words[0] as number;
}

const toBig = (low: number, hi: number): bigint => (BigInt(hi) << 32n) | BigInt(low >>> 0);
const toBigUnsigned = (low: number, hi: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(low >>> 0);

function fromNumber(value: number): number {
  const hi = Math.floor(value / TWO32);
  high.word = hi | 0;
  return (value - hi * TWO32) | 0;
}

/** Within ±2^53 a truncated double division is the exact quotient, and `%` the exact remainder. */
const small = (hi: number): boolean => hi >= -2097152 && hi < 2097152;
const number = (low: number, hi: number): number => hi * TWO32 + (low >>> 0);

/** Long division by a divisor of 32 bits, sixteen bits at a time: every step is exact in a double. */
function divideByWord(al: number, ah: number, b: number): number {
  const top = ah >>> 0;
  const upper = (top % b) * 65536 + (al >>> 16);
  const lower = (upper % b) * 65536 + (al & 65535);
  high.word = Math.floor(top / b) | 0;
  return (Math.floor(upper / b) * 65536 + Math.floor(lower / b)) | 0;
}

function remainderByWord(al: number, ah: number, b: number): number {
  const upper = ((ah >>> 0) % b) * 65536 + (al >>> 16);
  high.word = 0;
  return (((upper % b) * 65536 + (al & 65535)) % b) | 0;
}

export function divideSigned(al: number, ah: number, bl: number, bh: number): number {
  if (small(ah) && small(bh)) return fromNumber(Math.trunc(number(al, ah) / number(bl, bh)));
  return fromBig(toBig(al, ah) / toBig(bl, bh));
}

export function remainderSigned(al: number, ah: number, bl: number, bh: number): number {
  if (small(ah) && small(bh)) return fromNumber(number(al, ah) % number(bl, bh));
  return fromBig(toBig(al, ah) % toBig(bl, bh));
}

export function divideUnsigned(al: number, ah: number, bl: number, bh: number): number {
  if (bh === 0) return divideByWord(al, ah, bl >>> 0);
  return fromBig(toBigUnsigned(al, ah) / toBigUnsigned(bl, bh));
}

export function remainderUnsigned(al: number, ah: number, bl: number, bh: number): number {
  if (bh === 0) return remainderByWord(al, ah, bl >>> 0);
  return fromBig(toBigUnsigned(al, ah) % toBigUnsigned(bl, bh));
}

/** One rounding from 64 bits to 24: bits below what a double keeps are folded into a sticky bit first. */
export function float32OfUnsigned(low: number, hi: number): number {
  const h = hi >>> 0;
  if (h < 2097152) return Math.fround(h * TWO32 + (low >>> 0));
  return Math.fround(h * TWO32 + (((low & ~2047) | ((low & 2047) !== 0 ? 2048 : 0)) >>> 0));
}

export function float32OfSigned(low: number, hi: number): number {
  if (hi >= 0) return float32OfUnsigned(low, hi);
  const negatedLow = -low | 0;
  return -float32OfUnsigned(negatedLow, negatedLow === 0 ? -hi | 0 : ~hi);
}
