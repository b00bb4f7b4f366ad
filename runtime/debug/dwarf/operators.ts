/** The stack operators of location expressions (DWARF 5, section 2.5.1.4): integers of 64 bits, false when one fails. */

/** Applies an operator to the stack; `index` is the operand of pick. */
export function operate(op: number, stack: bigint[], index: number): boolean {
  if (op >= 0x12 && op <= 0x17) return arrange(op, stack, index);
  const unary = UNARY[op];
  const binary = BINARY[op];
  const b = stack.pop();
  if (b === undefined) return false;
  if (unary !== undefined) {
    stack.push(BigInt.asIntN(64, unary(b)));
    return true;
  }
  const a = stack.pop();
  if (a === undefined || binary === undefined) return false;
  const result = binary(a, b);
  if (result === undefined) return false;
  stack.push(BigInt.asIntN(64, result));
  return true;
}

/** dup, drop, over, pick, swap, rot. */
function arrange(op: number, stack: bigint[], index: number): boolean {
  const [c, b, a] = [stack.at(-1), stack.at(-2), stack.at(-3)];
  const from = op === 0x12 ? c : op === 0x14 ? b : stack.at(-1 - index);
  switch (op) {
    case 0x13:
      return stack.pop() !== undefined;
    case 0x16:
      if (b === undefined || c === undefined) return false;
      stack.splice(-2, 2, c, b);
      return true;
    case 0x17:
      if (a === undefined || b === undefined || c === undefined) return false;
      stack.splice(-3, 3, c, a, b);
      return true;
    default:
      if (from === undefined) return false;
      stack.push(from);
      return true;
  }
}

const truth = (condition: boolean) => (condition ? 1n : 0n);
const unsigned = (value: bigint) => BigInt.asUintN(64, value);
const shiftOf = (by: bigint) => (by < 0n || by > 63n ? undefined : by);

const UNARY: Readonly<Record<number, (a: bigint) => bigint>> = {
  25: (a) => (a < 0n ? -a : a),
  31: (a) => -a,
  32: (a) => ~a,
};

const BINARY: Readonly<Record<number, (a: bigint, b: bigint) => bigint | undefined>> = {
  26: (a, b) => a & b,
  27: (a, b) => (b === 0n ? undefined : BigInt.asIntN(64, a) / BigInt.asIntN(64, b)),
  28: (a, b) => a - b,
  29: (a, b) => (b === 0n ? undefined : unsigned(a) % unsigned(b)),
  30: (a, b) => a * b,
  33: (a, b) => a | b,
  34: (a, b) => a + b,
  36: (a, b) => (shiftOf(b) === undefined ? 0n : a << b),
  37: (a, b) => (shiftOf(b) === undefined ? 0n : unsigned(a) >> b),
  38: (a, b) => BigInt.asIntN(64, a) >> (shiftOf(b) ?? 63n),
  39: (a, b) => a ^ b,
  41: (a, b) => truth(a === b),
  42: (a, b) => truth(a >= b),
  43: (a, b) => truth(a > b),
  44: (a, b) => truth(a <= b),
  45: (a, b) => truth(a < b),
  46: (a, b) => truth(a !== b),
};
