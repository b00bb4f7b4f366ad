/**
 * What each numeric instruction computes, written once as JavaScript text (core specification, section 4.3). Two readers
 * turn it into code: `generate-loop` makes the dispatch loop that is committed as loop.ts, and the block compiler makes
 * generated JavaScript at run time, so the two cannot differ.
 *
 * Operand names: `a`, `b` for i32, f32, f64 (numbers); `al`, `ah`, `bl`, `bh` for the halves of an i64. An expression
 * gives an i32, f32 or f64 result; statements that assign `rl` and `rh` give an i64. Integers are always int32 values.
 * A condition is an expression of JavaScript truth; its result is 1 or 0, or decides a branch.
 * Results that are NaN become the canonical NaN wherever the specification lets the engine choose (deterministic
 * profile, section 4.3.3): `float` rows; `raw` rows read and write the bits.
 */
import { TRAP } from "./traps.ts";

export interface Semantics {
  readonly params: string;
  readonly result: string;
  readonly form: "expression" | "condition" | "float" | "statements";
  readonly text: string;
  /** [condition, trap number], tested in order before the text. */
  readonly traps: readonly (readonly [string, number])[];
  /** For conditions: the mnemonic that is true exactly when this one is false. */
  readonly inverse?: string;
}

const UNSIGNED_LESS = "(al >>> 0) < (bl >>> 0)";
const UNSIGNED_MORE = "(al >>> 0) > (bl >>> 0)";

type Row = readonly [name: string, signature: string, text: string, traps?: Semantics["traps"]];

const CONDITIONS: readonly (readonly [name: string, signature: string, text: string, inverse: string])[] = [
  ["i32.eqz", "i:i", "a === 0", ""],
  ["i32.eq", "ii:i", "a === b", "i32.ne"],
  ["i32.ne", "ii:i", "a !== b", "i32.eq"],
  ["i32.lt_s", "ii:i", "a < b", "i32.ge_s"],
  ["i32.lt_u", "ii:i", "(a >>> 0) < (b >>> 0)", "i32.ge_u"],
  ["i32.gt_s", "ii:i", "a > b", "i32.le_s"],
  ["i32.gt_u", "ii:i", "(a >>> 0) > (b >>> 0)", "i32.le_u"],
  ["i32.le_s", "ii:i", "a <= b", "i32.gt_s"],
  ["i32.le_u", "ii:i", "(a >>> 0) <= (b >>> 0)", "i32.gt_u"],
  ["i32.ge_s", "ii:i", "a >= b", "i32.lt_s"],
  ["i32.ge_u", "ii:i", "(a >>> 0) >= (b >>> 0)", "i32.lt_u"],
  ["i64.eqz", "l:i", "(al | ah) === 0", ""],
  ["i64.eq", "ll:i", "al === bl && ah === bh", "i64.ne"],
  ["i64.ne", "ll:i", "al !== bl || ah !== bh", "i64.eq"],
  ["i64.lt_s", "ll:i", `ah < bh || (ah === bh && ${UNSIGNED_LESS})`, "i64.ge_s"],
  ["i64.lt_u", "ll:i", `(ah >>> 0) < (bh >>> 0) || (ah === bh && ${UNSIGNED_LESS})`, "i64.ge_u"],
  ["i64.gt_s", "ll:i", `ah > bh || (ah === bh && ${UNSIGNED_MORE})`, "i64.le_s"],
  ["i64.gt_u", "ll:i", `(ah >>> 0) > (bh >>> 0) || (ah === bh && ${UNSIGNED_MORE})`, "i64.le_u"],
  ["i64.le_s", "ll:i", `ah < bh || (ah === bh && (al >>> 0) <= (bl >>> 0))`, "i64.gt_s"],
  ["i64.le_u", "ll:i", `(ah >>> 0) < (bh >>> 0) || (ah === bh && (al >>> 0) <= (bl >>> 0))`, "i64.gt_u"],
  ["i64.ge_s", "ll:i", `ah > bh || (ah === bh && (al >>> 0) >= (bl >>> 0))`, "i64.lt_s"],
  ["i64.ge_u", "ll:i", `(ah >>> 0) > (bh >>> 0) || (ah === bh && (al >>> 0) >= (bl >>> 0))`, "i64.lt_u"],
  ...["f32", "f64"].flatMap((type) => {
    const signature = type === "f32" ? "ff:i" : "dd:i";
    return [
      [`${type}.eq`, signature, "a === b", ""],
      [`${type}.ne`, signature, "a !== b", ""],
      [`${type}.lt`, signature, "a < b", ""],
      [`${type}.gt`, signature, "a > b", ""],
      [`${type}.le`, signature, "a <= b", ""],
      [`${type}.ge`, signature, "a >= b", ""],
    ] as const;
  }),
];

const DIVIDE_BY_ZERO: readonly [string, number] = ["b === 0", TRAP.divideByZero];
const DIVIDE_BY_ZERO_64: readonly [string, number] = ["(bl | bh) === 0", TRAP.divideByZero];
const NOT_A_NUMBER: readonly [string, number] = ["a !== a", TRAP.invalidConversion];
const outside = (low: string, high: string): readonly [string, number] => [
  `!(a > ${low} && a < ${high})`,
  TRAP.integerOverflow,
];

const I32_ROWS: readonly Row[] = [
  ["i32.clz", "i:i", "Math.clz32(a)"],
  ["i32.ctz", "i:i", "a === 0 ? 32 : 31 - Math.clz32(a & -a)"],
  ["i32.popcnt", "i:i", "popcnt32(a)"],
  ["i32.add", "ii:i", "(a + b) | 0"],
  ["i32.sub", "ii:i", "(a - b) | 0"],
  ["i32.mul", "ii:i", "Math.imul(a, b)"],
  ["i32.div_s", "ii:i", "(a / b) | 0", [DIVIDE_BY_ZERO, ["b === -1 && a === -2147483648", TRAP.integerOverflow]]],
  ["i32.div_u", "ii:i", "((a >>> 0) / (b >>> 0)) | 0", [DIVIDE_BY_ZERO]],
  ["i32.rem_s", "ii:i", "b === -1 ? 0 : (a % b) | 0", [DIVIDE_BY_ZERO]],
  ["i32.rem_u", "ii:i", "((a >>> 0) % (b >>> 0)) | 0", [DIVIDE_BY_ZERO]],
  ["i32.and", "ii:i", "a & b"],
  ["i32.or", "ii:i", "a | b"],
  ["i32.xor", "ii:i", "a ^ b"],
  ["i32.shl", "ii:i", "a << b"],
  ["i32.shr_s", "ii:i", "a >> b"],
  ["i32.shr_u", "ii:i", "(a >>> b) | 0"],
  ["i32.rotl", "ii:i", "(a << b) | (a >>> (32 - b))"],
  ["i32.rotr", "ii:i", "(a >>> b) | (a << (32 - b))"],
  ["i32.wrap_i64", "l:i", "al"],
  ["i32.extend8_s", "i:i", "(a << 24) >> 24"],
  ["i32.extend16_s", "i:i", "(a << 16) >> 16"],
  ["i32.trunc_f32_s", "f:i", "a | 0", [NOT_A_NUMBER, outside("-2147483649", "2147483648")]],
  ["i32.trunc_f32_u", "f:i", "a | 0", [NOT_A_NUMBER, outside("-1", "4294967296")]],
  ["i32.trunc_f64_s", "d:i", "a | 0", [NOT_A_NUMBER, outside("-2147483649", "2147483648")]],
  ["i32.trunc_f64_u", "d:i", "a | 0", [NOT_A_NUMBER, outside("-1", "4294967296")]],
  ...["f32", "f64"].flatMap((type): readonly Row[] => {
    const signature = type === "f32" ? "f:i" : "d:i";
    return [
      [
        `i32.trunc_sat_${type}_s`,
        signature,
        "a !== a ? 0 : a >= 2147483647 ? 2147483647 : a <= -2147483648 ? -2147483648 : a | 0",
      ],
      [`i32.trunc_sat_${type}_u`, signature, "a > 0 ? (a >= 4294967295 ? -1 : a | 0) : 0"],
    ];
  }),
];

const I64_ROWS: readonly Row[] = [
  ["i64.clz", "l:l", "rl = ah !== 0 ? Math.clz32(ah) : 32 + Math.clz32(al); rh = 0;"],
  ["i64.ctz", "l:l", "rl = al !== 0 ? 31 - Math.clz32(al & -al) : ah !== 0 ? 63 - Math.clz32(ah & -ah) : 64; rh = 0;"],
  ["i64.popcnt", "l:l", "rl = popcnt32(al) + popcnt32(ah); rh = 0;"],
  ["i64.add", "ll:l", "rl = (al + bl) | 0; rh = (ah + bh + ((rl >>> 0) < (al >>> 0) ? 1 : 0)) | 0;"],
  ["i64.sub", "ll:l", `rl = (al - bl) | 0; rh = (ah - bh - (${UNSIGNED_LESS} ? 1 : 0)) | 0;`],
  [
    "i64.mul",
    "ll:l",
    "const t = ((Math.imul(al >>> 16, bl & 65535) >>> 0) + (Math.imul(al & 65535, bl & 65535) >>> 16)) >>> 0;" +
      " const w = ((t & 65535) + (Math.imul(al & 65535, bl >>> 16) >>> 0)) >>> 0;" +
      " rl = Math.imul(al, bl);" +
      " rh = (Math.imul(al >>> 16, bl >>> 16) + (t >>> 16) + (w >>> 16) + Math.imul(al, bh) + Math.imul(ah, bl)) | 0;",
  ],
  [
    "i64.div_s",
    "ll:l",
    "rl = divideSigned(al, ah, bl, bh); rh = high.word;",
    [DIVIDE_BY_ZERO_64, ["(bl & bh) === -1 && al === 0 && ah === -2147483648", TRAP.integerOverflow]],
  ],
  ["i64.div_u", "ll:l", "rl = divideUnsigned(al, ah, bl, bh); rh = high.word;", [DIVIDE_BY_ZERO_64]],
  ["i64.rem_s", "ll:l", "rl = remainderSigned(al, ah, bl, bh); rh = high.word;", [DIVIDE_BY_ZERO_64]],
  ["i64.rem_u", "ll:l", "rl = remainderUnsigned(al, ah, bl, bh); rh = high.word;", [DIVIDE_BY_ZERO_64]],
  ["i64.and", "ll:l", "rl = al & bl; rh = ah & bh;"],
  ["i64.or", "ll:l", "rl = al | bl; rh = ah | bh;"],
  ["i64.xor", "ll:l", "rl = al ^ bl; rh = ah ^ bh;"],
  [
    "i64.shl",
    "ll:l",
    "if ((bl & 32) !== 0) { rl = 0; rh = al << bl; }" +
      " else { rl = al << bl; rh = (ah << bl) | ((al >>> 1) >>> ~bl); }",
  ],
  [
    "i64.shr_s",
    "ll:l",
    "if ((bl & 32) !== 0) { rl = ah >> bl; rh = ah >> 31; }" +
      " else { rl = (al >>> bl) | ((ah << 1) << ~bl); rh = ah >> bl; }",
  ],
  [
    "i64.shr_u",
    "ll:l",
    "if ((bl & 32) !== 0) { rl = (ah >>> bl) | 0; rh = 0; }" +
      " else { rl = (al >>> bl) | ((ah << 1) << ~bl); rh = (ah >>> bl) | 0; }",
  ],
  [
    "i64.rotl",
    "ll:l",
    "const p = (bl & 32) !== 0 ? ah : al; const q = (bl & 32) !== 0 ? al : ah;" +
      " rl = (p << bl) | ((q >>> 1) >>> ~bl); rh = (q << bl) | ((p >>> 1) >>> ~bl);",
  ],
  [
    "i64.rotr",
    "ll:l",
    "const p = (bl & 32) !== 0 ? ah : al; const q = (bl & 32) !== 0 ? al : ah;" +
      " rl = (p >>> bl) | ((q << 1) << ~bl); rh = (q >>> bl) | ((p << 1) << ~bl);",
  ],
  ["i64.extend_i32_s", "i:l", "rl = a; rh = a >> 31;"],
  ["i64.extend_i32_u", "i:l", "rl = a; rh = 0;"],
  ["i64.extend8_s", "l:l", "rl = (al << 24) >> 24; rh = rl >> 31;"],
  ["i64.extend16_s", "l:l", "rl = (al << 16) >> 16; rh = rl >> 31;"],
  ["i64.extend32_s", "l:l", "rl = al; rh = al >> 31;"],
  ...["f32", "f64"].flatMap((type): readonly Row[] => {
    const signature = type === "f32" ? "f:l" : "d:l";
    const words =
      "const t = Math.trunc(a); const h = Math.floor(t / 4294967296); rl = (t - h * 4294967296) | 0; rh = h | 0;";
    return [
      [
        `i64.trunc_${type}_s`,
        signature,
        words,
        [NOT_A_NUMBER, ["!(a >= -9223372036854775808 && a < 9223372036854775808)", TRAP.integerOverflow]],
      ],
      [`i64.trunc_${type}_u`, signature, words, [NOT_A_NUMBER, outside("-1", "18446744073709551616")]],
      [
        `i64.trunc_sat_${type}_s`,
        signature,
        "if (a !== a) { rl = 0; rh = 0; } else if (a >= 9223372036854775807) { rl = -1; rh = 2147483647; }" +
          ` else if (a <= -9223372036854775808) { rl = 0; rh = -2147483648; } else { ${words} }`,
      ],
      [
        `i64.trunc_sat_${type}_u`,
        signature,
        "if (!(a > 0)) { rl = 0; rh = 0; } else if (a >= 18446744073709551615) { rl = -1; rh = -1; }" +
          ` else { ${words} }`,
      ],
    ];
  }),
];

const FLOAT_ROWS: readonly Row[] = [
  ...["ceil", "floor", "trunc", "sqrt"].flatMap((op): readonly Row[] => [
    [`f32.${op}`, "f:f", op === "sqrt" ? "Math.fround(Math.sqrt(a))" : `Math.${op}(a)`],
    [`f64.${op}`, "d:d", `Math.${op}(a)`],
  ]),
  ["f32.nearest", "f:f", "nearest(a)"],
  ["f64.nearest", "d:d", "nearest(a)"],
  ...[
    ["add", "a + b"],
    ["sub", "a - b"],
    ["mul", "a * b"],
    ["div", "a / b"],
    ["min", "Math.min(a, b)"],
    ["max", "Math.max(a, b)"],
  ].flatMap(([op, text]): readonly Row[] => [
    [`f32.${op}`, "ff:f", `Math.fround(${text})`],
    [`f64.${op}`, "dd:d", `${text}`],
  ]),
  ["f32.convert_i32_s", "i:f", "Math.fround(a)"],
  ["f32.convert_i32_u", "i:f", "Math.fround(a >>> 0)"],
  ["f32.convert_i64_s", "l:f", "float32OfSigned(al, ah)"],
  ["f32.convert_i64_u", "l:f", "float32OfUnsigned(al, ah)"],
  ["f32.demote_f64", "d:f", "Math.fround(a)"],
  ["f64.convert_i32_s", "i:d", "a"],
  ["f64.convert_i32_u", "i:d", "a >>> 0"],
  ["f64.convert_i64_s", "l:d", "ah * 4294967296 + (al >>> 0)"],
  ["f64.convert_i64_u", "l:d", "(ah >>> 0) * 4294967296 + (al >>> 0)"],
  ["f64.promote_f32", "f:d", "a"],
];

/** Operations on the bits of floats: f32 as an i32, f64 as an i64 (section 4.3.3, fabs, fneg, fcopysign). */
const RAW_ROWS: readonly Row[] = [
  ["f32.abs", "i:i", "a & 2147483647"],
  ["f32.neg", "i:i", "a ^ -2147483648"],
  ["f32.copysign", "ii:i", "(a & 2147483647) | (b & -2147483648)"],
  ["f64.abs", "l:l", "rl = al; rh = ah & 2147483647;"],
  ["f64.neg", "l:l", "rl = al; rh = ah ^ -2147483648;"],
  ["f64.copysign", "ll:l", "rl = al; rh = (ah & 2147483647) | (bh & -2147483648);"],
];

export const semantics: ReadonlyMap<string, Semantics> = build();

function build(): ReadonlyMap<string, Semantics> {
  const out = new Map<string, Semantics>();
  for (const [name, signature, text, inverse] of CONDITIONS) {
    out.set(name, { ...split(signature), form: "condition", text, traps: [], ...(inverse === "" ? {} : { inverse }) });
  }
  for (const [rows, form] of [
    [I32_ROWS, "expression"],
    [I64_ROWS, "statements"],
    [FLOAT_ROWS, "float"],
    [RAW_ROWS, undefined],
  ] as const) {
    for (const [name, signature, text, traps] of rows) {
      const sides = split(signature);
      out.set(name, {
        ...sides,
        form: form ?? (sides.result === "l" ? "statements" : "expression"),
        text,
        traps: traps ?? [],
      });
    }
  }
  return out;
}

function split(signature: string): { params: string; result: string } {
  const [params = "", result = ""] = signature.split(":");
  return { params, result };
}
