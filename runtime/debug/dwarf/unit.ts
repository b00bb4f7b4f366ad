/**
 * One unit of .debug_info: its header (DWARF 5, section 7.5.1), its entries, and what raw attribute values mean in it.
 * Entries are read where they stand, each time anew: nothing is kept of a unit that nobody asks about.
 */
import { type Abbreviation, type AbbreviationTable, type Attribute, skipPlan } from "./abbrev.ts";
import { Cursor } from "./cursor.ts";
import { type Encoding, FORM, readValue, type Value } from "./forms.ts";
import { AT } from "./names.ts";
import { openSection, type Sections, textAt } from "./sections.ts";

/** A debugging information entry. Offsets are from the beginning of .debug_info. */
export interface Entry {
  readonly unit: Unit;
  readonly offset: number;
  readonly tag: number;
  readonly children: boolean;
  /** Behind the attributes: the first child, or the next entry. */
  readonly next: number;
  readonly values: ReadonlyMap<number, Value>;
}

/** An offset at which there is no entry, unlike no offset at all, which as a type means void. */
const NO_ENTRY = -1;

interface Shape {
  readonly abbreviation: Abbreviation;
  readonly plan: number | readonly Attribute[];
}

export interface UnitHeader extends Encoding {
  readonly offset: number;
  readonly end: number;
  /** Offset of the first entry. */
  readonly first: number;
}

export class Unit implements UnitHeader {
  readonly sections: Sections;
  readonly offset: number;
  readonly end: number;
  readonly first: number;
  readonly version: number;
  readonly addressSize: number;
  readonly offsetSize: number;
  /** Module offset of .debug_info. */
  readonly base: number;
  readonly #abbreviations: AbbreviationTable;
  readonly #shapes = new Map<number, Shape>();
  #root: Entry | undefined;

  constructor(sections: Sections, header: UnitHeader, abbreviations: AbbreviationTable) {
    this.sections = sections;
    this.offset = header.offset;
    this.end = header.end;
    this.first = header.first;
    this.version = header.version;
    this.addressSize = header.addressSize;
    this.offsetSize = header.offsetSize;
    this.base = openSection(sections, "info").at;
    this.#abbreviations = abbreviations;
  }

  get root(): Entry | undefined {
    this.#root ??= this.entryAt(this.first);
    return this.#root;
  }

  /** A reader of the unit's entries from an offset, which sees nothing behind the unit. */
  open(offset: number): Cursor {
    const inside = offset >= this.first && offset < this.end;
    const cursor = new Cursor(this.sections.bytes, this.base + (inside ? offset : this.end), this.base + this.end);
    if (!inside) cursor.fail();
    return cursor;
  }

  shapeOf(code: number): Shape | undefined {
    let shape = this.#shapes.get(code);
    const abbreviation = shape === undefined ? this.#abbreviations.get(code) : undefined;
    if (abbreviation !== undefined) {
      shape = { abbreviation, plan: skipPlan(abbreviation, this) };
      this.#shapes.set(code, shape);
    }
    return shape;
  }

  entryAt(offset: number): Entry | undefined {
    const cursor = this.open(offset);
    const shape = this.shapeOf(cursor.uleb());
    return cursor.broken || shape === undefined ? undefined : this.readEntry(cursor, offset, shape.abbreviation);
  }

  /** The entry whose code at `offset` the reader has just passed. */
  readEntry(cursor: Cursor, offset: number, shape: Abbreviation): Entry | undefined {
    const values = new Map<number, Value>();
    for (const { name, form, implicit } of shape.attributes) {
      const value = readValue(cursor, form, this, implicit);
      if (!values.has(name)) values.set(name, value);
    }
    if (cursor.broken) return undefined;
    return { unit: this, offset, tag: shape.tag, children: shape.children, next: cursor.at - this.base, values };
  }

  text(value: Value | undefined): string | undefined {
    if (value === undefined) return undefined;
    const { form, number } = value;
    if (form === FORM.string) return new Cursor(this.sections.bytes, value.at, this.sections.bytes.length).text();
    if (form === FORM.strp) return textAt(this.sections, "str", number);
    if (form === FORM.line_strp) return textAt(this.sections, "line_str", number);
    if (form !== FORM.strx && !(form >= FORM.strx1 && form <= FORM.strx4)) return undefined;
    const base = this.#base(AT.str_offsets_base);
    const offset = openSection(this.sections, "str_offsets", base + number * this.offsetSize);
    const at = offset.unsigned(this.offsetSize);
    return offset.broken ? undefined : textAt(this.sections, "str", at);
  }

  address(value: Value | undefined): number | undefined {
    if (value === undefined) return undefined;
    if (value.form === FORM.addr) return value.number;
    return isAddressIndex(value.form) ? this.indexedAddress(value.number) : undefined;
  }

  /** Entry `index` of .debug_addr. */
  indexedAddress(index: number): number | undefined {
    const cursor = openSection(this.sections, "addr", this.#base(AT.addr_base) + index * this.addressSize);
    const address = cursor.unsigned(this.addressSize);
    return cursor.broken ? undefined : address;
  }

  /** Where in .debug_rnglists or .debug_loclists a list stands, named by its offset or its index. */
  listOffset(value: Value, section: "rnglists" | "loclists"): number | undefined {
    if (value.form !== FORM.rnglistx && value.form !== FORM.loclistx) return value.number;
    const base = this.#base(section === "rnglists" ? AT.rnglists_base : AT.loclists_base, 12);
    const cursor = openSection(this.sections, section, base + value.number * this.offsetSize);
    const offset = cursor.unsigned(this.offsetSize);
    return cursor.broken ? undefined : base + offset;
  }

  /** The offset in .debug_info of the entry that an attribute refers to; NO_ENTRY when that is not in this module. */
  reference(value: Value | undefined): number | undefined {
    if (value === undefined) return undefined;
    if (value.form === FORM.ref_addr) return value.number;
    const local = (value.form >= FORM.ref1 && value.form <= FORM.ref8) || value.form === FORM.ref_udata;
    return local ? this.offset + value.number : NO_ENTRY;
  }

  /** Units without the attribute have a single table, whose header is 8 (lists: 12) bytes. */
  #base(attribute: number, header = 8): number {
    return this.root?.values.get(attribute)?.number ?? header;
  }
}

export function isAddressIndex(form: number): boolean {
  return form === FORM.addrx || (form >= FORM.addrx1 && form <= FORM.addrx4);
}

/** Whether a value is an expression; otherwise a location is a list of them. */
export function isBlock(form: number): boolean {
  return (
    form === FORM.exprloc || form === FORM.block || form === FORM.block1 || form === FORM.block2 || form === FORM.block4
  );
}

/** An integer constant, exactly; data forms are taken as unsigned, or as signed when `signed` says so. */
export function constantOf(unit: Unit, value: Value | undefined, signed = false): bigint | undefined {
  if (value === undefined) return undefined;
  const { form, at, number } = value;
  const cursor = new Cursor(unit.sections.bytes, at, unit.sections.bytes.length);
  if (form === FORM.sdata) return cursor.bigSleb();
  if (form === FORM.udata) return cursor.bigUleb();
  if (form === FORM.implicit_const) return BigInt(Math.trunc(number));
  const size = { [FORM.data1]: 1, [FORM.data2]: 2, [FORM.data4]: 4, [FORM.data8]: 8 }[form];
  if (size === undefined) return undefined;
  const raw = cursor.bigUnsigned(size);
  return signed ? BigInt.asIntN(size * 8, raw) : raw;
}

/** A small non-negative number such as a size or a count; what is larger than 2^53 is as good as absent. */
export function sizeOf(unit: Unit, value: Value | undefined): number | undefined {
  const constant = constantOf(unit, value);
  return constant === undefined || constant < 0n || constant > 0x1f_ffff_ffff_ffffn ? undefined : Number(constant);
}
