/**
 * Abbreviation tables (DWARF 5, section 7.5.3): the shape that an entry's code stands for. Tables are read once for
 * each offset that a unit names, and all of them together are bounded, because they may overlap in the bytes.
 */
import { type Encoding, FORM, fixedSize } from "./forms.ts";
import { openSection, type Sections } from "./sections.ts";

export interface Attribute {
  readonly name: number;
  readonly form: number;
  /** The value of DW_FORM_implicit_const, which stands here. */
  readonly implicit: number;
}

export interface Abbreviation {
  readonly tag: number;
  readonly children: boolean;
  readonly attributes: readonly Attribute[];
}

/** Abbreviations of all tables together, an attribute counting a quarter; and attributes of one. */
const ABBREVIATIONS_MAX = 600_000;
const ATTRIBUTES_MAX = 256;

export type AbbreviationTable = ReadonlyMap<number, Abbreviation>;

export class Abbreviations {
  readonly #sections: Sections;
  readonly #tables = new Map<number, AbbreviationTable>();
  #budget = ABBREVIATIONS_MAX;

  constructor(sections: Sections) {
    this.#sections = sections;
  }

  at(offset: number): AbbreviationTable {
    let table = this.#tables.get(offset);
    if (table === undefined) {
      table = this.#read(offset);
      this.#tables.set(offset, table);
    }
    return table;
  }

  #read(offset: number): AbbreviationTable {
    const table = new Map<number, Abbreviation>();
    const cursor = openSection(this.#sections, "abbrev", offset);
    while (!cursor.done && this.#budget > 0) {
      const code = cursor.uleb();
      if (code === 0) break;
      const tag = cursor.uleb();
      const children = cursor.u8() !== 0;
      const attributes: Attribute[] = [];
      for (;;) {
        const name = cursor.uleb();
        const form = cursor.uleb();
        const implicit = form === FORM.implicit_const ? cursor.sleb() : 0;
        if (cursor.broken || (name === 0 && form === 0)) break;
        attributes.push({ name, form, implicit });
        if (attributes.length > ATTRIBUTES_MAX) cursor.fail();
      }
      this.#budget -= 1 + attributes.length / 4;
      if (cursor.broken) break;
      if (!table.has(code)) table.set(code, { tag, children, attributes });
    }
    return table;
  }
}

/** The bytes that an entry's attributes take, or the attributes that must be stepped over one by one. */
export function skipPlan(shape: Abbreviation, encoding: Encoding): number | readonly Attribute[] {
  let total = 0;
  for (const { form } of shape.attributes) {
    const size = fixedSize(form, encoding);
    if (size === undefined) return shape.attributes.filter((one) => fixedSize(one.form, encoding) !== 0);
    total += size;
  }
  return total;
}
