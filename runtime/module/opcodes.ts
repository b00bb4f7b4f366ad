/**
 * The one opcode table: Loader, Validator, encoder, printer and interpreter all read it, so they cannot disagree.
 * An opcode is one dense number: single bytes as they are, each prefix in a range of its own (see `PREFIXES`).
 * Source of numbers and signatures: core specification 3.0, sections 5.4 and 7.10; threads, wide-arithmetic proposals.
 *
 * A row is [first opcode, immediates, signature, mnemonics]; the mnemonics take consecutive opcodes, "-" skips one.
 * A signature's letters: i i32, l i64, f f32, d f64, v v128, a the address type of the instruction's memory;
 * an empty signature means that the rule depends on immediates or the stack and is written out in the Validator.
 */
import type { Feature } from "./features.ts";

/** What follows an opcode in the bytes. Sections 5.4.1 to 5.4.9. */
export type Immediates =
  | "" // nothing
  | "block" // block type
  | "label"
  | "labels" // br_table: vector of labels, default label
  | "func"
  | "type" // a type index
  | "type-table" // call_indirect: type index, table index
  | "local"
  | "global"
  | "table"
  | "table-table" // table.copy: destination, source
  | "tag"
  | "memarg" // alignment exponent (bit 6: a memory index follows), offset u64
  | "memarg-lane" // memarg, then one byte
  | "memory"
  | "memory-memory" // memory.copy: destination, source
  | "data"
  | "data-memory" // memory.init
  | "elem"
  | "elem-table" // table.init
  | "i32"
  | "i64"
  | "f32"
  | "f64"
  | "v128" // 16 bytes
  | "lanes" // 16 lane bytes (i8x16.shuffle)
  | "lane" // one byte
  | "heap" // a heap type
  | "types" // select t*: vector of value types
  | "catches" // try_table: block type, vector of catch clauses
  | "cast" // br_on_cast: flags byte, label, heap type, heap type
  | "type-field" // struct.get: type index, field index
  | "type-count" // array.new_fixed: type index, u32
  | "type-data"
  | "type-elem"
  | "type-type" // array.copy: destination, source
  | "fence"; // atomic.fence: one zero byte

export const PREFIXES: Readonly<Record<number, { readonly base: number; readonly size: number }>> = {
  251: { base: 0x100, size: 0x40 },
  252: { base: 0x140, size: 0x20 },
  254: { base: 0x160, size: 0x50 },
  253: { base: 0x1b0, size: 0x120 },
};
/** One more than the largest opcode. */
export const OPCODES = 0x2d0;

const FB = 0x100;
const FC = 0x140;
const FE = 0x160;
const FD = 0x1b0;

type Row = readonly [first: number, immediates: Immediates, signature: string, mnemonics: string];

const lanes = (shape: string, names: string) =>
  names
    .split(" ")
    .map((name) => (name === "-" ? "-" : `${shape}.${name}`))
    .join(" ");
const INT_COMPARE = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
const FLOAT_COMPARE = "eq ne lt gt le ge";
const RMW = (op: string) =>
  `i32.atomic.rmw.${op} i64.atomic.rmw.${op} i32.atomic.rmw8.${op}_u i32.atomic.rmw16.${op}_u ` +
  `i64.atomic.rmw8.${op}_u i64.atomic.rmw16.${op}_u i64.atomic.rmw32.${op}_u`;

const GROUPS: readonly (readonly [feature: Feature, rows: readonly Row[]])[] = [
  [
    "mvp",
    [
      [0x00, "", "", "unreachable"],
      [0x01, "", ":", "nop"],
      [0x02, "block", "", "block loop if"],
      [0x05, "", "", "else"],
      [0x0b, "", "", "end"],
      [0x0c, "label", "", "br br_if"],
      [0x0e, "labels", "", "br_table"],
      [0x0f, "", "", "return"],
      [0x10, "func", "", "call"],
      [0x11, "type-table", "", "call_indirect"],
      [0x1a, "", "", "drop select"],
      [0x20, "local", "", "local.get local.set local.tee"],
      [0x23, "global", "", "global.get global.set"],
      [0x28, "memarg", "a:i", "i32.load"],
      [0x29, "memarg", "a:l", "i64.load"],
      [0x2a, "memarg", "a:f", "f32.load"],
      [0x2b, "memarg", "a:d", "f64.load"],
      [0x2c, "memarg", "a:i", "i32.load8_s i32.load8_u i32.load16_s i32.load16_u"],
      [0x30, "memarg", "a:l", "i64.load8_s i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u"],
      [0x36, "memarg", "ai:", "i32.store"],
      [0x37, "memarg", "al:", "i64.store"],
      [0x38, "memarg", "af:", "f32.store"],
      [0x39, "memarg", "ad:", "f64.store"],
      [0x3a, "memarg", "ai:", "i32.store8 i32.store16"],
      [0x3c, "memarg", "al:", "i64.store8 i64.store16 i64.store32"],
      [0x3f, "memory", ":a", "memory.size"],
      [0x40, "memory", "a:a", "memory.grow"],
      [0x41, "i32", ":i", "i32.const"],
      [0x42, "i64", ":l", "i64.const"],
      [0x43, "f32", ":f", "f32.const"],
      [0x44, "f64", ":d", "f64.const"],
      [0x45, "", "i:i", "i32.eqz"],
      [0x46, "", "ii:i", lanes("i32", INT_COMPARE)],
      [0x50, "", "l:i", "i64.eqz"],
      [0x51, "", "ll:i", lanes("i64", INT_COMPARE)],
      [0x5b, "", "ff:i", lanes("f32", FLOAT_COMPARE)],
      [0x61, "", "dd:i", lanes("f64", FLOAT_COMPARE)],
      [0x67, "", "i:i", lanes("i32", "clz ctz popcnt")],
      [0x6a, "", "ii:i", lanes("i32", "add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr")],
      [0x79, "", "l:l", lanes("i64", "clz ctz popcnt")],
      [0x7c, "", "ll:l", lanes("i64", "add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr")],
      [0x8b, "", "f:f", lanes("f32", "abs neg ceil floor trunc nearest sqrt")],
      [0x92, "", "ff:f", lanes("f32", "add sub mul div min max copysign")],
      [0x99, "", "d:d", lanes("f64", "abs neg ceil floor trunc nearest sqrt")],
      [0xa0, "", "dd:d", lanes("f64", "add sub mul div min max copysign")],
      [0xa7, "", "l:i", "i32.wrap_i64"],
      [0xa8, "", "f:i", "i32.trunc_f32_s i32.trunc_f32_u"],
      [0xaa, "", "d:i", "i32.trunc_f64_s i32.trunc_f64_u"],
      [0xac, "", "i:l", "i64.extend_i32_s i64.extend_i32_u"],
      [0xae, "", "f:l", "i64.trunc_f32_s i64.trunc_f32_u"],
      [0xb0, "", "d:l", "i64.trunc_f64_s i64.trunc_f64_u"],
      [0xb2, "", "i:f", "f32.convert_i32_s f32.convert_i32_u"],
      [0xb4, "", "l:f", "f32.convert_i64_s f32.convert_i64_u"],
      [0xb6, "", "d:f", "f32.demote_f64"],
      [0xb7, "", "i:d", "f64.convert_i32_s f64.convert_i32_u"],
      [0xb9, "", "l:d", "f64.convert_i64_s f64.convert_i64_u"],
      [0xbb, "", "f:d", "f64.promote_f32"],
      [0xbc, "", "f:i", "i32.reinterpret_f32"],
      [0xbd, "", "d:l", "i64.reinterpret_f64"],
      [0xbe, "", "i:f", "f32.reinterpret_i32"],
      [0xbf, "", "l:d", "f64.reinterpret_i64"],
    ],
  ],
  [
    "sign-extension",
    [
      [0xc0, "", "i:i", "i32.extend8_s i32.extend16_s"],
      [0xc2, "", "l:l", "i64.extend8_s i64.extend16_s i64.extend32_s"],
    ],
  ],
  [
    "saturating-float-to-int",
    [
      [FC + 0, "", "f:i", "i32.trunc_sat_f32_s i32.trunc_sat_f32_u"],
      [FC + 2, "", "d:i", "i32.trunc_sat_f64_s i32.trunc_sat_f64_u"],
      [FC + 4, "", "f:l", "i64.trunc_sat_f32_s i64.trunc_sat_f32_u"],
      [FC + 6, "", "d:l", "i64.trunc_sat_f64_s i64.trunc_sat_f64_u"],
    ],
  ],
  [
    "bulk-memory",
    [
      [FC + 8, "data-memory", "", "memory.init"],
      [FC + 9, "data", "", "data.drop"],
      [FC + 10, "memory-memory", "", "memory.copy"],
      [FC + 11, "memory", "", "memory.fill"],
      [FC + 12, "elem-table", "", "table.init"],
      [FC + 13, "elem", "", "elem.drop"],
      [FC + 14, "table-table", "", "table.copy"],
    ],
  ],
  [
    "reference-types",
    [
      [0x1c, "types", "", "select"],
      [0x25, "table", "", "table.get table.set"],
      [FC + 15, "table", "", "table.grow table.size table.fill"],
      [0xd0, "heap", "", "ref.null"],
      [0xd1, "", "", "ref.is_null"],
      [0xd2, "func", "", "ref.func"],
    ],
  ],
  [
    "tail-call",
    [
      [0x12, "func", "", "return_call"],
      [0x13, "type-table", "", "return_call_indirect"],
    ],
  ],
  [
    "typed-function-references",
    [
      [0x14, "type", "", "call_ref return_call_ref"],
      [0xd4, "", "", "ref.as_non_null"],
      [0xd5, "label", "", "br_on_null br_on_non_null"],
    ],
  ],
  [
    "exceptions",
    [
      [0x08, "tag", "", "throw"],
      [0x0a, "", "", "throw_ref"],
      [0x1f, "catches", "", "try_table"],
    ],
  ],
  [
    "legacy-exceptions",
    [
      [0x06, "block", "", "try"],
      [0x07, "tag", "", "catch"],
      [0x09, "label", "", "rethrow"],
      [0x18, "label", "", "delegate"],
      [0x19, "", "", "catch_all"],
    ],
  ],
  [
    "gc",
    [
      [0xd3, "", "", "ref.eq"],
      [FB + 0, "type", "", "struct.new struct.new_default"],
      [FB + 2, "type-field", "", "struct.get struct.get_s struct.get_u struct.set"],
      [FB + 6, "type", "", "array.new array.new_default"],
      [FB + 8, "type-count", "", "array.new_fixed"],
      [FB + 9, "type-data", "", "array.new_data"],
      [FB + 10, "type-elem", "", "array.new_elem"],
      [FB + 11, "type", "", "array.get array.get_s array.get_u array.set"],
      [FB + 15, "", "", "array.len"],
      [FB + 16, "type", "", "array.fill"],
      [FB + 17, "type-type", "", "array.copy"],
      [FB + 18, "type-data", "", "array.init_data"],
      [FB + 19, "type-elem", "", "array.init_elem"],
      [FB + 20, "heap", "", "ref.test ref.test_null ref.cast ref.cast_null"],
      [FB + 24, "cast", "", "br_on_cast br_on_cast_fail"],
      [FB + 26, "", "", "any.convert_extern extern.convert_any"],
      [FB + 28, "", "", "ref.i31 i31.get_s i31.get_u"],
    ],
  ],
  [
    "wide-arithmetic",
    [
      [FC + 19, "", "llll:ll", "i64.add128 i64.sub128"],
      [FC + 21, "", "ll:ll", "i64.mul_wide_s i64.mul_wide_u"],
    ],
  ],
  [
    "simd",
    [
      [
        FD + 0x00,
        "memarg",
        "a:v",
        "v128.load v128.load8x8_s v128.load8x8_u v128.load16x4_s v128.load16x4_u v128.load32x2_s v128.load32x2_u v128.load8_splat v128.load16_splat v128.load32_splat v128.load64_splat",
      ],
      [FD + 0x0b, "memarg", "av:", "v128.store"],
      [FD + 0x0c, "v128", ":v", "v128.const"],
      [FD + 0x0d, "lanes", "vv:v", "i8x16.shuffle"],
      [FD + 0x0e, "", "vv:v", "i8x16.swizzle"],
      [FD + 0x0f, "", "i:v", "i8x16.splat i16x8.splat i32x4.splat"],
      [FD + 0x12, "", "l:v", "i64x2.splat"],
      [FD + 0x13, "", "f:v", "f32x4.splat"],
      [FD + 0x14, "", "d:v", "f64x2.splat"],
      [FD + 0x15, "lane", "v:i", "i8x16.extract_lane_s i8x16.extract_lane_u"],
      [FD + 0x17, "lane", "vi:v", "i8x16.replace_lane"],
      [FD + 0x18, "lane", "v:i", "i16x8.extract_lane_s i16x8.extract_lane_u"],
      [FD + 0x1a, "lane", "vi:v", "i16x8.replace_lane"],
      [FD + 0x1b, "lane", "v:i", "i32x4.extract_lane"],
      [FD + 0x1c, "lane", "vi:v", "i32x4.replace_lane"],
      [FD + 0x1d, "lane", "v:l", "i64x2.extract_lane"],
      [FD + 0x1e, "lane", "vl:v", "i64x2.replace_lane"],
      [FD + 0x1f, "lane", "v:f", "f32x4.extract_lane"],
      [FD + 0x20, "lane", "vf:v", "f32x4.replace_lane"],
      [FD + 0x21, "lane", "v:d", "f64x2.extract_lane"],
      [FD + 0x22, "lane", "vd:v", "f64x2.replace_lane"],
      [FD + 0x23, "", "vv:v", lanes("i8x16", INT_COMPARE)],
      [FD + 0x2d, "", "vv:v", lanes("i16x8", INT_COMPARE)],
      [FD + 0x37, "", "vv:v", lanes("i32x4", INT_COMPARE)],
      [FD + 0x41, "", "vv:v", lanes("f32x4", FLOAT_COMPARE)],
      [FD + 0x47, "", "vv:v", lanes("f64x2", FLOAT_COMPARE)],
      [FD + 0x4d, "", "v:v", "v128.not"],
      [FD + 0x4e, "", "vv:v", "v128.and v128.andnot v128.or v128.xor"],
      [FD + 0x52, "", "vvv:v", "v128.bitselect"],
      [FD + 0x53, "", "v:i", "v128.any_true"],
      [FD + 0x54, "memarg-lane", "av:v", "v128.load8_lane v128.load16_lane v128.load32_lane v128.load64_lane"],
      [FD + 0x58, "memarg-lane", "av:", "v128.store8_lane v128.store16_lane v128.store32_lane v128.store64_lane"],
      [FD + 0x5c, "memarg", "a:v", "v128.load32_zero v128.load64_zero"],
      [FD + 0x5e, "", "v:v", "f32x4.demote_f64x2_zero f64x2.promote_low_f32x4"],
      [FD + 0x60, "", "v:v", lanes("i8x16", "abs neg popcnt")],
      [FD + 0x63, "", "v:i", lanes("i8x16", "all_true bitmask")],
      [FD + 0x65, "", "vv:v", lanes("i8x16", "narrow_i16x8_s narrow_i16x8_u")],
      [FD + 0x67, "", "v:v", lanes("f32x4", "ceil floor trunc nearest")],
      [FD + 0x6b, "", "vi:v", lanes("i8x16", "shl shr_s shr_u")],
      [FD + 0x6e, "", "vv:v", lanes("i8x16", "add add_sat_s add_sat_u sub sub_sat_s sub_sat_u")],
      [FD + 0x74, "", "v:v", lanes("f64x2", "ceil floor")],
      [FD + 0x76, "", "vv:v", lanes("i8x16", "min_s min_u max_s max_u")],
      [FD + 0x7a, "", "v:v", "f64x2.trunc"],
      [FD + 0x7b, "", "vv:v", "i8x16.avgr_u"],
      [
        FD + 0x7c,
        "",
        "v:v",
        "i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u",
      ],
      [FD + 0x80, "", "v:v", lanes("i16x8", "abs neg")],
      [FD + 0x82, "", "vv:v", "i16x8.q15mulr_sat_s"],
      [FD + 0x83, "", "v:i", lanes("i16x8", "all_true bitmask")],
      [FD + 0x85, "", "vv:v", lanes("i16x8", "narrow_i32x4_s narrow_i32x4_u")],
      [
        FD + 0x87,
        "",
        "v:v",
        lanes("i16x8", "extend_low_i8x16_s extend_high_i8x16_s extend_low_i8x16_u extend_high_i8x16_u"),
      ],
      [FD + 0x8b, "", "vi:v", lanes("i16x8", "shl shr_s shr_u")],
      [FD + 0x8e, "", "vv:v", lanes("i16x8", "add add_sat_s add_sat_u sub sub_sat_s sub_sat_u")],
      [FD + 0x94, "", "v:v", "f64x2.nearest"],
      [
        FD + 0x95,
        "",
        "vv:v",
        lanes(
          "i16x8",
          "mul min_s min_u max_s max_u - avgr_u extmul_low_i8x16_s extmul_high_i8x16_s extmul_low_i8x16_u extmul_high_i8x16_u",
        ),
      ],
      [FD + 0xa0, "", "v:v", lanes("i32x4", "abs neg")],
      [FD + 0xa3, "", "v:i", lanes("i32x4", "all_true bitmask")],
      [
        FD + 0xa7,
        "",
        "v:v",
        lanes("i32x4", "extend_low_i16x8_s extend_high_i16x8_s extend_low_i16x8_u extend_high_i16x8_u"),
      ],
      [FD + 0xab, "", "vi:v", lanes("i32x4", "shl shr_s shr_u")],
      [
        FD + 0xae,
        "",
        "vv:v",
        lanes(
          "i32x4",
          "add - - sub - - - mul min_s min_u max_s max_u dot_i16x8_s - extmul_low_i16x8_s extmul_high_i16x8_s extmul_low_i16x8_u extmul_high_i16x8_u",
        ),
      ],
      [FD + 0xc0, "", "v:v", lanes("i64x2", "abs neg")],
      [FD + 0xc3, "", "v:i", lanes("i64x2", "all_true bitmask")],
      [
        FD + 0xc7,
        "",
        "v:v",
        lanes("i64x2", "extend_low_i32x4_s extend_high_i32x4_s extend_low_i32x4_u extend_high_i32x4_u"),
      ],
      [FD + 0xcb, "", "vi:v", lanes("i64x2", "shl shr_s shr_u")],
      [
        FD + 0xce,
        "",
        "vv:v",
        lanes(
          "i64x2",
          "add - - sub - - - mul eq ne lt_s gt_s le_s ge_s extmul_low_i32x4_s extmul_high_i32x4_s extmul_low_i32x4_u extmul_high_i32x4_u",
        ),
      ],
      [FD + 0xe0, "", "v:v", lanes("f32x4", "abs neg - sqrt")],
      [FD + 0xe4, "", "vv:v", lanes("f32x4", "add sub mul div min max pmin pmax")],
      [FD + 0xec, "", "v:v", lanes("f64x2", "abs neg - sqrt")],
      [FD + 0xf0, "", "vv:v", lanes("f64x2", "add sub mul div min max pmin pmax")],
      [
        FD + 0xf8,
        "",
        "v:v",
        "i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_s f32x4.convert_i32x4_u i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u",
      ],
    ],
  ],
  [
    "relaxed-simd",
    [
      [FD + 0x100, "", "vv:v", "i8x16.relaxed_swizzle"],
      [
        FD + 0x101,
        "",
        "v:v",
        "i32x4.relaxed_trunc_f32x4_s i32x4.relaxed_trunc_f32x4_u i32x4.relaxed_trunc_f64x2_s_zero i32x4.relaxed_trunc_f64x2_u_zero",
      ],
      [
        FD + 0x105,
        "",
        "vvv:v",
        "f32x4.relaxed_madd f32x4.relaxed_nmadd f64x2.relaxed_madd f64x2.relaxed_nmadd i8x16.relaxed_laneselect i16x8.relaxed_laneselect i32x4.relaxed_laneselect i64x2.relaxed_laneselect",
      ],
      [
        FD + 0x10d,
        "",
        "vv:v",
        "f32x4.relaxed_min f32x4.relaxed_max f64x2.relaxed_min f64x2.relaxed_max i16x8.relaxed_q15mulr_s i16x8.relaxed_dot_i8x16_i7x16_s",
      ],
      [FD + 0x113, "", "vvv:v", "i32x4.relaxed_dot_i8x16_i7x16_add_s"],
    ],
  ],
  [
    "threads",
    [
      [FE + 0x00, "memarg", "ai:i", "memory.atomic.notify"],
      [FE + 0x01, "memarg", "ail:i", "memory.atomic.wait32"],
      [FE + 0x02, "memarg", "all:i", "memory.atomic.wait64"],
      [FE + 0x03, "fence", ":", "atomic.fence"],
      [FE + 0x10, "memarg", "a:i", "i32.atomic.load"],
      [FE + 0x11, "memarg", "a:l", "i64.atomic.load"],
      [FE + 0x12, "memarg", "a:i", "i32.atomic.load8_u i32.atomic.load16_u"],
      [FE + 0x14, "memarg", "a:l", "i64.atomic.load8_u i64.atomic.load16_u i64.atomic.load32_u"],
      [FE + 0x17, "memarg", "ai:", "i32.atomic.store"],
      [FE + 0x18, "memarg", "al:", "i64.atomic.store"],
      [FE + 0x19, "memarg", "ai:", "i32.atomic.store8 i32.atomic.store16"],
      [FE + 0x1b, "memarg", "al:", "i64.atomic.store8 i64.atomic.store16 i64.atomic.store32"],
      ...["add", "sub", "and", "or", "xor", "xchg"].map((op, n): Row => [FE + 0x1e + 7 * n, "memarg", "rmw", RMW(op)]),
      [FE + 0x48, "memarg", "cmpxchg", RMW("cmpxchg")],
    ],
  ],
];

export interface Opcode {
  readonly code: number;
  /** The text format's name; `ref.test_null` and `ref.cast_null` print as `ref.test`, `ref.cast` with a nullable type. */
  readonly name: string;
  readonly immediates: Immediates;
  /** Operand letters, result letters; undefined where the Validator writes the rule out. */
  readonly signature: { readonly params: string; readonly results: string } | undefined;
  readonly feature: Feature;
}

/** By dense opcode; undefined where the specification has none. */
export const opcodes: readonly (Opcode | undefined)[] = build();

const byName = new Map(opcodes.flatMap((one) => (one === undefined ? [] : [[one.name, one.code] as const])));

/** The dense opcode of a mnemonic; untyped `select` is 0x1b, the typed one 0x1c. Asserts that it exists. */
export function opcode(name: string): number {
  const code = name === "select" ? 0x1b : byName.get(name);
  if (code === undefined) throw new Error(`no opcode is named ${name}`);
  return code;
}

function build(): readonly (Opcode | undefined)[] {
  const out: (Opcode | undefined)[] = Array.from({ length: OPCODES }, () => undefined);
  for (const [feature, rows] of GROUPS) {
    for (const [first, immediates, signature, mnemonics] of rows) {
      for (const [n, name] of mnemonics.split(" ").entries()) {
        if (name === "-") continue;
        const code = first + n;
        if (out[code] !== undefined) throw new Error(`opcode 0x${code.toString(16)} is given twice`);
        out[code] = { code, name, immediates, signature: split(concreteSignature(signature, name)), feature };
      }
    }
  }
  return out;
}

/** Read-modify-write rows share one line: the first letters of the name give the value's type. */
function concreteSignature(signature: string, name: string): string {
  const value = name.startsWith("i32") ? "i" : "l";
  if (signature === "rmw") return `a${value}:${value}`;
  if (signature === "cmpxchg") return `a${value}${value}:${value}`;
  return signature;
}

function split(signature: string) {
  if (signature === "") return undefined;
  const [params = "", results = ""] = signature.split(":");
  return { params, results };
}
