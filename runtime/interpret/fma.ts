/**
 * Fused multiply-add: x * y + z rounded once, as the deterministic profile asks of relaxed_madd (core specification,
 * section 4.3.3, frelaxed_madd). An exact product and sum are made of two doubles each (Dekker, Knuth) where exponents
 * allow it, and of integers where they do not.
 */

const VIEW = new DataView(new ArrayBuffer(8));

/** x * y + z in f32, rounded once. The product of two f32 is exact in a double. */
export function fusedMultiplyAdd32(x: number, y: number, z: number): number {
  const product = x * y;
  const sum = product + z;
  if (!Number.isFinite(sum) || sum === 0) return Math.fround(sum);
  // Round to odd: when the double sum is not exact, its last bit is made sticky before the second rounding.
  const back = sum - product;
  const error = product - (sum - back) + (z - back);
  if (error === 0) return Math.fround(sum);
  VIEW.setFloat64(0, sum);
  const bits = VIEW.getBigUint64(0);
  if ((bits & 1n) === 0n) {
    const away = error > 0 === sum > 0;
    VIEW.setBigUint64(0, away ? bits | 1n : bits - 1n);
  }
  return Math.fround(VIEW.getFloat64(0));
}

/** x * y + z in f64, rounded once, by exact integers. */
export function fusedMultiplyAdd64(x: number, y: number, z: number): number {
  const plain = x * y + z;
  if (!Number.isFinite(x) || !Number.isFinite(y) || !Number.isFinite(z)) return plain;
  if (x === 0 || y === 0) return plain;
  const [a, b, c] = [parts(x), parts(y), parts(z)];
  const product = a.mantissa * b.mantissa;
  const exponent = a.exponent + b.exponent;
  const least = Math.min(exponent, c.exponent);
  const sum = (product << BigInt(exponent - least)) + (c.mantissa << BigInt(c.exponent - least));
  return sum === 0n ? plain : round(sum, least);
}

/** x = mantissa * 2^exponent. */
function parts(x: number): { mantissa: bigint; exponent: number } {
  VIEW.setFloat64(0, x);
  const bits = VIEW.getBigUint64(0);
  const field = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = field === 0 ? fraction : fraction | 0x10000000000000n;
  return { mantissa: bits >> 63n === 1n ? -mantissa : mantissa, exponent: (field === 0 ? 1 : field) - 1075 };
}

/** Rounds value * 2^exponent to the nearest double, ties to even. */
function round(value: bigint, exponent: number): number {
  const negative = value < 0n;
  let magnitude = negative ? -value : value;
  const length = magnitude.toString(2).length;
  const lost = Math.max(length - 53, -1074 - exponent);
  let power = exponent;
  if (lost > 0) {
    const shift = BigInt(lost);
    const rest = magnitude & ((1n << shift) - 1n);
    const half = 1n << (shift - 1n);
    magnitude >>= shift;
    if (rest > half || (rest === half && (magnitude & 1n) === 1n)) magnitude += 1n;
    power += lost;
  }
  // At most 53 bits are left: multiplying by powers of two is exact, or overflows as it should.
  let result = Number(magnitude);
  while (power > 0 && Number.isFinite(result)) {
    const step = Math.min(power, 1000);
    result *= 2 ** step;
    power -= step;
  }
  while (power < 0) {
    const step = Math.min(-power, 1000);
    result /= 2 ** step;
    power += step;
  }
  return negative ? -result : result;
}
