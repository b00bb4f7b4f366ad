/**
 * Vector instructions without memory access (core specification, section 4.3.6 and 4.6.2), from a table of lane functions.
 * Results are made in a scratch vector and copied, so a destination may be an operand. Float lanes that are NaN become
 * canonical, except where bits are passed on (abs, neg, pmin, pmax). Relaxed instructions give the results of the
 * deterministic profile: multiply-add rounds twice, swizzle gives 0 out of range, dot products saturate.
 */
import { opcode, opcodes } from "../module/opcodes.ts";
import { nearest, popcnt32 } from "./numeric.ts";
import { type StackViews, stackViews } from "./views.ts";

type Operation = (s: StackViews, d: number, a: number, b: number, c: number, lane: number) => void;

const out = stackViews(new ArrayBuffer(16));
const table: (Operation | undefined)[] = Array.from({ length: opcodes.length }, () => undefined);

/** Carries out one instruction: positions of destination and operands in words, `lane` for extract and replace. */
export function simd(op: number, s: StackViews, d: number, a: number, b: number, c: number, lane: number): void {
  const operation = table[op];
  if (operation === undefined) throw new Error(`no vector instruction 0x${op.toString(16)}`);
  operation(s, d, a, b, c, lane);
}

function define(name: string, operation: Operation): void {
  table[opcode(name)] = operation;
}

function store(s: StackViews, d: number): void {
  s.i32.set(out.i32, d);
}

/** Views of integer lanes: how a word position becomes an index, and how many lanes there are. */
const INTEGERS = {
  i8x16: { signed: "i8", unsigned: "u8", lanes: 16, shift: 2, bits: 8 },
  i16x8: { signed: "i16", unsigned: "u16", lanes: 8, shift: 1, bits: 16 },
  i32x4: { signed: "i32", unsigned: "u32", lanes: 4, shift: 0, bits: 32 },
} as const;

type Shape = keyof typeof INTEGERS;
const SHAPES = Object.keys(INTEGERS) as readonly Shape[];

type Lane1 = (x: number) => number;
type Lane2 = (x: number, y: number) => number;

function unary(shape: Shape, name: string, f: Lane1): void {
  const { signed, lanes, shift } = INTEGERS[shape];
  define(`${shape}.${name}`, (s, d, a) => {
    const from = a << shift;
    for (let n = 0; n < lanes; n += 1) out[signed][n] = f(s[signed][from + n] as number);
    store(s, d);
  });
}

function binary(shape: Shape, name: string, f: Lane2, view: "signed" | "unsigned" = "signed"): void {
  const { lanes, shift } = INTEGERS[shape];
  const lane = INTEGERS[shape][view];
  define(`${shape}.${name}`, (s, d, a, b) => {
    const [left, right] = [a << shift, b << shift];
    for (let n = 0; n < lanes; n += 1) out[lane][n] = f(s[lane][left + n] as number, s[lane][right + n] as number);
    store(s, d);
  });
}

const clamp = (low: number, high: number) => (x: number) => Math.min(high, Math.max(low, x));
const COMPARISONS: readonly (readonly [string, (x: number, y: number) => boolean])[] = [
  ["lt", (x, y) => x < y],
  ["gt", (x, y) => x > y],
  ["le", (x, y) => x <= y],
  ["ge", (x, y) => x >= y],
];

for (const shape of SHAPES) {
  const { bits, lanes, shift, signed } = INTEGERS[shape];
  binary(shape, "eq", (x, y) => (x === y ? -1 : 0));
  binary(shape, "ne", (x, y) => (x !== y ? -1 : 0));
  for (const [name, test] of COMPARISONS) {
    binary(shape, `${name}_s`, (x, y) => (test(x, y) ? -1 : 0));
    binary(shape, `${name}_u`, (x, y) => (test(x, y) ? -1 : 0), "unsigned");
  }
  unary(shape, "abs", (x) => (x < 0 ? -x : x));
  unary(shape, "neg", (x) => -x);
  binary(shape, "add", (x, y) => x + y);
  binary(shape, "sub", (x, y) => x - y);
  if (shape !== "i8x16") binary(shape, "mul", Math.imul);
  binary(shape, "min_s", Math.min);
  binary(shape, "max_s", Math.max);
  binary(shape, "min_u", Math.min, "unsigned");
  binary(shape, "max_u", Math.max, "unsigned");
  if (shape !== "i32x4") {
    const half = 2 ** (bits - 1);
    const toSigned = clamp(-half, half - 1);
    const toUnsigned = clamp(0, 2 * half - 1);
    binary(shape, "add_sat_s", (x, y) => toSigned(x + y));
    binary(shape, "sub_sat_s", (x, y) => toSigned(x - y));
    binary(shape, "add_sat_u", (x, y) => toUnsigned(x + y), "unsigned");
    binary(shape, "sub_sat_u", (x, y) => toUnsigned(x - y), "unsigned");
    binary(shape, "avgr_u", (x, y) => (x + y + 1) >> 1, "unsigned");
  }
  const shiftBy = (name: string, view: "signed" | "unsigned", f: Lane2) => {
    const lane = INTEGERS[shape][view];
    define(`${shape}.${name}`, (s, d, a, b) => {
      const from = a << shift;
      const count = (s.i32[b] as number) & (bits - 1);
      for (let n = 0; n < lanes; n += 1) out[lane][n] = f(s[lane][from + n] as number, count);
      store(s, d);
    });
  };
  shiftBy("shl", "signed", (x, count) => x << count);
  shiftBy("shr_s", "signed", (x, count) => x >> count);
  shiftBy("shr_u", "unsigned", (x, count) => x >>> count);
  define(`${shape}.splat`, (s, d, a) => {
    out[signed].fill(s.i32[a] as number);
    store(s, d);
  });
  define(`${shape}.all_true`, (s, d, a) => {
    const from = a << shift;
    let all = 1;
    for (let n = 0; n < lanes; n += 1) if (s[signed][from + n] === 0) all = 0;
    s.i32[d] = all;
  });
  define(`${shape}.bitmask`, (s, d, a) => {
    const from = a << shift;
    let mask = 0;
    for (let n = 0; n < lanes; n += 1) if ((s[signed][from + n] as number) < 0) mask |= 1 << n;
    s.i32[d] = mask;
  });
  define(`${shape}.replace_lane`, (s, d, a, b, _c, lane) => {
    out.i32.set(s.i32.subarray(a, a + 4));
    out[signed][lane] = s.i32[b] as number;
    store(s, d);
  });
  for (const view of ["signed", "unsigned"] as const) {
    const suffix = shape === "i32x4" ? "" : view === "signed" ? "_s" : "_u";
    const from = INTEGERS[shape][view];
    define(`${shape}.extract_lane${suffix}`, (s, d, a, _b, _c, lane) => {
      s.i32[d] = s[from][(a << shift) + lane] as number;
    });
  }
}

unary("i8x16", "popcnt", (x) => popcnt32(x & 255));
const q15 = (x: number, y: number) => clamp(-32768, 32767)((x * y + 0x4000) >> 15);
binary("i16x8", "q15mulr_sat_s", q15);
binary("i16x8", "relaxed_q15mulr_s", q15);

// --- between widths

const WIDER = { i16x8: "i8x16", i32x4: "i16x8" } as const;

for (const shape of ["i16x8", "i32x4"] as const) {
  const narrow = INTEGERS[WIDER[shape]];
  const wide = INTEGERS[shape];
  const source = WIDER[shape];
  for (const view of ["signed", "unsigned"] as const) {
    const suffix = view === "signed" ? "s" : "u";
    const from = narrow[view];
    const { lanes } = wide;
    for (const [half, first] of [
      ["low", 0],
      ["high", lanes],
    ] as const) {
      define(`${shape}.extend_${half}_${source}_${suffix}`, (s, d, a) => {
        const at = (a << narrow.shift) + first;
        for (let n = 0; n < lanes; n += 1) out[wide.signed][n] = s[from][at + n] as number;
        store(s, d);
      });
      define(`${shape}.extmul_${half}_${source}_${suffix}`, (s, d, a, b) => {
        const [x, y] = [(a << narrow.shift) + first, (b << narrow.shift) + first];
        for (let n = 0; n < lanes; n += 1) {
          out[wide.signed][n] = Math.imul(s[from][x + n] as number, s[from][y + n] as number);
        }
        store(s, d);
      });
    }
    define(`${shape}.extadd_pairwise_${source}_${suffix}`, (s, d, a) => {
      const at = a << narrow.shift;
      for (let n = 0; n < lanes; n += 1) {
        out[wide.signed][n] = (s[from][at + 2 * n] as number) + (s[from][at + 2 * n + 1] as number);
      }
      store(s, d);
    });
    // Narrowing reads signed lanes and saturates to the narrow shape's range.
    const range =
      view === "signed" ? clamp(-(2 ** (narrow.bits - 1)), 2 ** (narrow.bits - 1) - 1) : clamp(0, 2 ** narrow.bits - 1);
    define(`${source}.narrow_${shape}_${suffix}`, (s, d, a, b) => {
      for (let n = 0; n < lanes; n += 1) {
        out[narrow.signed][n] = range(s[wide.signed][(a << wide.shift) + n] as number);
        out[narrow.signed][lanes + n] = range(s[wide.signed][(b << wide.shift) + n] as number);
      }
      store(s, d);
    });
  }
}

define("i32x4.dot_i16x8_s", (s, d, a, b) => {
  const at = (p: number, n: number) => s.i16[p * 2 + n] as number;
  for (let n = 0; n < 4; n += 1) {
    out.i32[n] = Math.imul(at(a, 2 * n), at(b, 2 * n)) + Math.imul(at(a, 2 * n + 1), at(b, 2 * n + 1));
  }
  store(s, d);
});
/** The sum of two products of bytes as a 16-bit lane, saturated. */
const dot8 = (s: StackViews, a: number, b: number, n: number): number => {
  const at = (p: number, k: number) => s.i8[p * 4 + k] as number;
  return clamp(-32768, 32767)(at(a, 2 * n) * at(b, 2 * n) + at(a, 2 * n + 1) * at(b, 2 * n + 1));
};
define("i16x8.relaxed_dot_i8x16_i7x16_s", (s, d, a, b) => {
  for (let n = 0; n < 8; n += 1) out.i16[n] = dot8(s, a, b, n);
  store(s, d);
});
define("i32x4.relaxed_dot_i8x16_i7x16_add_s", (s, d, a, b, c) => {
  for (let n = 0; n < 4; n += 1) {
    out.i32[n] = dot8(s, a, b, 2 * n) + dot8(s, a, b, 2 * n + 1) + (s.i32[c + n] as number);
  }
  store(s, d);
});

// --- i64x2

const wide = (name: string, f: (x: bigint, y: bigint) => bigint) =>
  define(`i64x2.${name}`, (s, d, a, b) => {
    for (let n = 0; n < 2; n += 1) out.i64[n] = f(s.i64[(a >> 1) + n] as bigint, s.i64[(b >> 1) + n] as bigint);
    store(s, d);
  });
wide("abs", (x) => (x < 0n ? -x : x));
wide("neg", (x) => -x);
wide("add", (x, y) => x + y);
wide("sub", (x, y) => x - y);
wide("mul", (x, y) => x * y);
wide("eq", (x, y) => (x === y ? -1n : 0n));
wide("ne", (x, y) => (x !== y ? -1n : 0n));
wide("lt_s", (x, y) => (x < y ? -1n : 0n));
wide("gt_s", (x, y) => (x > y ? -1n : 0n));
wide("le_s", (x, y) => (x <= y ? -1n : 0n));
wide("ge_s", (x, y) => (x >= y ? -1n : 0n));
const shift64 = (name: string, view: "i64" | "u64", f: (x: bigint, count: bigint) => bigint) =>
  define(`i64x2.${name}`, (s, d, a, b) => {
    const count = BigInt((s.i32[b] as number) & 63);
    for (let n = 0; n < 2; n += 1) out[view][n] = f(s[view][(a >> 1) + n] as bigint, count);
    store(s, d);
  });
shift64("shl", "i64", (x, count) => x << count);
shift64("shr_s", "i64", (x, count) => x >> count);
shift64("shr_u", "u64", (x, count) => x >> count);
for (const view of ["i32", "u32"] as const) {
  const suffix = view === "i32" ? "s" : "u";
  for (const [half, first] of [
    ["low", 0],
    ["high", 2],
  ] as const) {
    define(`i64x2.extend_${half}_i32x4_${suffix}`, (s, d, a) => {
      for (let n = 0; n < 2; n += 1) out.i64[n] = BigInt(s[view][a + first + n] as number);
      store(s, d);
    });
    define(`i64x2.extmul_${half}_i32x4_${suffix}`, (s, d, a, b) => {
      for (let n = 0; n < 2; n += 1) {
        out.i64[n] = BigInt(s[view][a + first + n] as number) * BigInt(s[view][b + first + n] as number);
      }
      store(s, d);
    });
  }
}
define("i64x2.splat", (s, d, a) => {
  out.i64.fill(s.i64[a >> 1] as bigint);
  store(s, d);
});
define("i64x2.all_true", (s, d, a) => {
  s.i32[d] = s.i64[a >> 1] !== 0n && s.i64[(a >> 1) + 1] !== 0n ? 1 : 0;
});
define("i64x2.bitmask", (s, d, a) => {
  s.i32[d] = ((s.i32[a + 1] as number) < 0 ? 1 : 0) | ((s.i32[a + 3] as number) < 0 ? 2 : 0);
});
define("i64x2.extract_lane", (s, d, a, _b, _c, lane) => {
  s.i64[d >> 1] = s.i64[(a >> 1) + lane] as bigint;
});
define("i64x2.replace_lane", (s, d, a, b, _c, lane) => {
  out.i32.set(s.i32.subarray(a, a + 4));
  out.i64[lane] = s.i64[b >> 1] as bigint;
  store(s, d);
});

// --- floats

const FLOATS = {
  f32x4: { view: "f32", lanes: 4, shift: 0, round: Math.fround },
  f64x2: { view: "f64", lanes: 2, shift: 1, round: (x: number) => x },
} as const;

const CANONICAL_32 = 0x7fc00000;
const CANONICAL_64 = 0x7ff8000000000000n;

/** Puts a float lane, NaN as the canonical one. */
function put(view: "f32" | "f64", n: number, x: number): void {
  if (!Number.isNaN(x)) out[view][n] = x;
  else if (view === "f32") out.i32[n] = CANONICAL_32;
  else out.i64[n] = CANONICAL_64;
}

for (const shape of ["f32x4", "f64x2"] as const) {
  const { view, lanes, shift, round } = FLOATS[shape];
  const bitLane = view === "f32" ? "i32" : "i64";
  const one = (name: string, f: Lane1) =>
    define(`${shape}.${name}`, (s, d, a) => {
      for (let n = 0; n < lanes; n += 1) put(view, n, round(f(s[view][(a >> shift) + n] as number)));
      store(s, d);
    });
  const two = (name: string, f: Lane2) =>
    define(`${shape}.${name}`, (s, d, a, b) => {
      for (let n = 0; n < lanes; n += 1) {
        put(view, n, round(f(s[view][(a >> shift) + n] as number, s[view][(b >> shift) + n] as number)));
      }
      store(s, d);
    });
  one("ceil", Math.ceil);
  one("floor", Math.floor);
  one("trunc", Math.trunc);
  one("nearest", nearest);
  one("sqrt", Math.sqrt);
  two("add", (x, y) => x + y);
  two("sub", (x, y) => x - y);
  two("mul", (x, y) => x * y);
  two("div", (x, y) => x / y);
  for (const prefix of ["", "relaxed_"]) {
    two(`${prefix}min`, Math.min);
    two(`${prefix}max`, Math.max);
  }
  for (const [name, sign] of [
    ["relaxed_madd", 1],
    ["relaxed_nmadd", -1],
  ] as const) {
    define(`${shape}.${name}`, (s, d, a, b, c) => {
      const at = (p: number, n: number) => s[view][(p >> shift) + n] as number;
      for (let n = 0; n < lanes; n += 1) put(view, n, round(round(sign * at(a, n) * at(b, n)) + at(c, n)));
      store(s, d);
    });
  }
  // pmin and pmax pass bits on: b when it is less (more), else a.
  const choose = (name: string, takesB: (x: number, y: number) => boolean) =>
    define(`${shape}.${name}`, (s, d, a, b) => {
      out.i32.set(s.i32.subarray(a, a + 4));
      for (let n = 0; n < lanes; n += 1) {
        if (!takesB(s[view][(a >> shift) + n] as number, s[view][(b >> shift) + n] as number)) continue;
        if (bitLane === "i32") out.i32[n] = s.i32[b + n] as number;
        else out.i64[n] = s.i64[(b >> 1) + n] as bigint;
      }
      store(s, d);
    });
  choose("pmin", (x, y) => y < x);
  choose("pmax", (x, y) => x < y);
  const compare = (name: string, test: (x: number, y: number) => boolean) =>
    define(`${shape}.${name}`, (s, d, a, b) => {
      const words = 4 / lanes;
      for (let n = 0; n < lanes; n += 1) {
        const truth = test(s[view][(a >> shift) + n] as number, s[view][(b >> shift) + n] as number) ? -1 : 0;
        out.i32.fill(truth, n * words, n * words + words);
      }
      store(s, d);
    });
  compare("eq", (x, y) => x === y);
  compare("ne", (x, y) => x !== y);
  for (const [name, test] of COMPARISONS) compare(name, test);
  const sign = (name: string, f: (word: number) => number) =>
    define(`${shape}.${name}`, (s, d, a) => {
      out.i32.set(s.i32.subarray(a, a + 4));
      const step = 4 / lanes;
      for (let n = step - 1; n < 4; n += step) out.i32[n] = f(out.i32[n] as number);
      store(s, d);
    });
  sign("abs", (word) => word & 0x7fffffff);
  sign("neg", (word) => word ^ 0x80000000);
  define(`${shape}.splat`, (s, d, a) => {
    if (bitLane === "i32") out.i32.fill(s.i32[a] as number);
    else out.i64.fill(s.i64[a >> 1] as bigint);
    store(s, d);
  });
  define(`${shape}.extract_lane`, (s, d, a, _b, _c, lane) => {
    if (bitLane === "i32") s.i32[d] = s.i32[a + lane] as number;
    else s.i64[d >> 1] = s.i64[(a >> 1) + lane] as bigint;
  });
  define(`${shape}.replace_lane`, (s, d, a, b, _c, lane) => {
    out.i32.set(s.i32.subarray(a, a + 4));
    if (bitLane === "i32") out.i32[lane] = s.i32[b] as number;
    else out.i64[lane] = s.i64[b >> 1] as bigint;
    store(s, d);
  });
}

// --- conversions

const saturateSigned = (x: number): number => (Number.isNaN(x) ? 0 : clamp(-2147483648, 2147483647)(Math.trunc(x)));
const saturateUnsigned = (x: number): number => (x > 0 ? (x >= 4294967295 ? 4294967295 : Math.trunc(x)) : 0);

for (const [suffix, f] of [
  ["s", saturateSigned],
  ["u", saturateUnsigned],
] as const) {
  const view = suffix === "s" ? "i32" : "u32";
  for (const name of [`i32x4.trunc_sat_f32x4_${suffix}`, `i32x4.relaxed_trunc_f32x4_${suffix}`]) {
    define(name, (s, d, a) => {
      for (let n = 0; n < 4; n += 1) out[view][n] = f(s.f32[a + n] as number);
      store(s, d);
    });
  }
  for (const name of [`i32x4.trunc_sat_f64x2_${suffix}_zero`, `i32x4.relaxed_trunc_f64x2_${suffix}_zero`]) {
    define(name, (s, d, a) => {
      for (let n = 0; n < 2; n += 1) out[view][n] = f(s.f64[(a >> 1) + n] as number);
      out.i32.fill(0, 2);
      store(s, d);
    });
  }
  define(`f32x4.convert_i32x4_${suffix}`, (s, d, a) => {
    for (let n = 0; n < 4; n += 1) out.f32[n] = s[view][a + n] as number;
    store(s, d);
  });
  define(`f64x2.convert_low_i32x4_${suffix}`, (s, d, a) => {
    for (let n = 0; n < 2; n += 1) out.f64[n] = s[view][a + n] as number;
    store(s, d);
  });
}
define("f32x4.demote_f64x2_zero", (s, d, a) => {
  for (let n = 0; n < 2; n += 1) put("f32", n, s.f64[(a >> 1) + n] as number);
  out.i32.fill(0, 2);
  store(s, d);
});
define("f64x2.promote_low_f32x4", (s, d, a) => {
  for (let n = 0; n < 2; n += 1) put("f64", n, s.f32[a + n] as number);
  store(s, d);
});

// --- bits and bytes

const bitwise = (name: string, f: (x: number, y: number, z: number) => number) =>
  define(name, (s, d, a, b, c) => {
    for (let n = 0; n < 4; n += 1) {
      out.i32[n] = f(s.i32[a + n] as number, s.i32[b + n] as number, s.i32[c + n] as number);
    }
    store(s, d);
  });
bitwise("v128.not", (x) => ~x);
bitwise("v128.and", (x, y) => x & y);
bitwise("v128.andnot", (x, y) => x & ~y);
bitwise("v128.or", (x, y) => x | y);
bitwise("v128.xor", (x, y) => x ^ y);
for (const name of [
  "v128.bitselect",
  ...["i8x16", "i16x8", "i32x4", "i64x2"].map((one) => `${one}.relaxed_laneselect`),
]) {
  bitwise(name, (x, y, mask) => (x & mask) | (y & ~mask));
}
define("v128.any_true", (s, d, a) => {
  s.i32[d] =
    ((s.i32[a] as number) | (s.i32[a + 1] as number) | (s.i32[a + 2] as number) | (s.i32[a + 3] as number)) !== 0
      ? 1
      : 0;
});
for (const name of ["i8x16.swizzle", "i8x16.relaxed_swizzle"]) {
  define(name, (s, d, a, b) => {
    for (let n = 0; n < 16; n += 1) {
      const lane = s.u8[b * 4 + n] as number;
      out.u8[n] = lane < 16 ? (s.u8[a * 4 + lane] as number) : 0;
    }
    store(s, d);
  });
}
