/**
 * Attribute forms (DWARF 5, section 7.5.6): how many bytes a value has, and its raw value. What the value means
 * (an index into .debug_addr, an offset into .debug_str) is resolved by who knows the unit: see unit.ts.
 */
import type { Cursor } from "./cursor.ts";

export const FORM = {
  addr: 0x01,
  block2: 0x03,
  block4: 0x04,
  data2: 0x05,
  data4: 0x06,
  data8: 0x07,
  string: 0x08,
  block: 0x09,
  block1: 0x0a,
  data1: 0x0b,
  flag: 0x0c,
  sdata: 0x0d,
  strp: 0x0e,
  udata: 0x0f,
  ref_addr: 0x10,
  ref1: 0x11,
  ref2: 0x12,
  ref4: 0x13,
  ref8: 0x14,
  ref_udata: 0x15,
  indirect: 0x16,
  sec_offset: 0x17,
  exprloc: 0x18,
  flag_present: 0x19,
  strx: 0x1a,
  addrx: 0x1b,
  ref_sup4: 0x1c,
  strp_sup: 0x1d,
  data16: 0x1e,
  line_strp: 0x1f,
  ref_sig8: 0x20,
  implicit_const: 0x21,
  loclistx: 0x22,
  rnglistx: 0x23,
  ref_sup8: 0x24,
  strx1: 0x25,
  strx4: 0x28,
  addrx1: 0x29,
  addrx4: 0x2c,
} as const;

/** What the sizes of values depend on. */
export interface Encoding {
  readonly version: number;
  readonly addressSize: number;
  readonly offsetSize: number;
}

export interface Value {
  readonly form: number;
  /** The number as it stands, unsigned except for sdata; of a block, its length. */
  readonly number: number;
  /** Where the value's bytes begin in the module: the contents of a block or string, the digits of a number. */
  readonly at: number;
}

/** Bytes that the form always takes, or undefined when the value itself says it. */
export function fixedSize(form: number, encoding: Encoding): number | undefined {
  switch (form) {
    case FORM.flag_present:
    case FORM.implicit_const:
      return 0;
    case FORM.data1:
    case FORM.flag:
    case FORM.ref1:
    case FORM.strx1:
    case FORM.addrx1:
      return 1;
    case FORM.data2:
    case FORM.ref2:
    case FORM.strx1 + 1:
    case FORM.addrx1 + 1:
      return 2;
    case FORM.strx1 + 2:
    case FORM.addrx1 + 2:
      return 3;
    case FORM.data4:
    case FORM.ref4:
    case FORM.ref_sup4:
    case FORM.strx4:
    case FORM.addrx4:
      return 4;
    case FORM.data8:
    case FORM.ref8:
    case FORM.ref_sig8:
    case FORM.ref_sup8:
      return 8;
    case FORM.data16:
      return 16;
    case FORM.addr:
      return encoding.addressSize;
    case FORM.ref_addr:
      return encoding.version < 3 ? encoding.addressSize : encoding.offsetSize;
    case FORM.strp:
    case FORM.sec_offset:
    case FORM.strp_sup:
    case FORM.line_strp:
      return encoding.offsetSize;
    default:
      return undefined;
  }
}

/** Reads a value; the reader is broken afterwards when the form is unknown or the bytes end. */
export function readValue(cursor: Cursor, form: number, encoding: Encoding, implicit = 0): Value {
  const at = cursor.at;
  switch (form) {
    case FORM.flag_present:
      return { form, number: 1, at };
    case FORM.implicit_const:
      return { form, number: implicit, at };
    case FORM.data16:
      cursor.skip(16);
      return { form, number: 16, at };
    case FORM.string:
      cursor.skipText();
      return { form, number: cursor.at - at, at };
    case FORM.sdata:
      return { form, number: cursor.sleb(), at };
    case FORM.udata:
    case FORM.ref_udata:
    case FORM.strx:
    case FORM.addrx:
    case FORM.loclistx:
    case FORM.rnglistx:
      return { form, number: cursor.uleb(), at };
    case FORM.block1:
      return readBlock(cursor, form, cursor.u8());
    case FORM.block2:
      return readBlock(cursor, form, cursor.u16());
    case FORM.block4:
      return readBlock(cursor, form, cursor.u32());
    case FORM.block:
    case FORM.exprloc:
      return readBlock(cursor, form, cursor.uleb());
    case FORM.indirect: {
      const actual = cursor.uleb();
      if (actual !== FORM.indirect && actual !== FORM.implicit_const) return readValue(cursor, actual, encoding);
      cursor.fail();
      return { form, number: 0, at };
    }
    default: {
      const size = fixedSize(form, encoding);
      if (size === undefined) cursor.fail();
      else return { form, number: cursor.unsigned(size), at };
      return { form, number: 0, at };
    }
  }
}

function readBlock(cursor: Cursor, form: number, length: number): Value {
  const at = cursor.at;
  cursor.skip(length);
  return { form, number: cursor.broken ? 0 : length, at };
}
