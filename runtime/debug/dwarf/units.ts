/**
 * All units of .debug_info, found by the offsets of their entries, and the two ways to go through entries: one by one
 * in the order of the bytes (Walk), and by reference.
 */
import { Abbreviations } from "./abbrev.ts";
import type { Cursor } from "./cursor.ts";
import { readValue } from "./forms.ts";
import { lastAtOrBefore } from "./line-table.ts";
import { openSection, type Sections } from "./sections.ts";
import { type Entry, Unit, type UnitHeader } from "./unit.ts";

/** Units of one module. */
const UNITS_MAX = 200_000;

export class Units {
  readonly all: readonly Unit[];

  constructor(sections: Sections) {
    const abbreviations = new Abbreviations(sections);
    const all: Unit[] = [];
    const section = openSection(sections, "info");
    const start = section.at;
    while (!section.done && all.length < UNITS_MAX) {
      const offset = section.at - start;
      const { contents, offsetSize } = section.unit();
      const found = readHeader(contents, offset, start, offsetSize);
      if (found !== undefined) all.push(new Unit(sections, found.header, abbreviations.at(found.abbreviations)));
    }
    this.all = all;
  }

  /** The entry at an offset of .debug_info, whichever unit holds it. */
  entryAt(offset: number | undefined): Entry | undefined {
    if (offset === undefined) return undefined;
    const index = lastAtOrBefore(0, this.all.length, (at) => (this.all[at]?.offset ?? 0) <= offset);
    return this.all[index]?.entryAt(offset);
  }
}

const UT_COMPILE = 1;
const UT_PARTIAL = 3;

function readHeader(
  contents: Cursor,
  offset: number,
  start: number,
  offsetSize: number,
): { header: UnitHeader; abbreviations: number } | undefined {
  const end = contents.end - start;
  const version = contents.u16();
  if (version < 2 || version > 5) return undefined;
  const type = version === 5 ? contents.u8() : UT_COMPILE;
  const early = version === 5 ? contents.u8() : 0;
  const abbreviations = contents.unsigned(offsetSize);
  const addressSize = version === 5 ? early : contents.u8();
  const known = type === UT_COMPILE || type === UT_PARTIAL;
  if (contents.broken || !known || (addressSize !== 4 && addressSize !== 8)) return undefined;
  return { header: { offset, end, first: contents.at - start, version, addressSize, offsetSize }, abbreviations };
}

/** Goes through the entries from an offset to the end of their parent. Attributes are read only when asked for. */
export class Walk {
  offset = 0;
  tag = 0;
  /** 0 for the entries beside the first, 1 for their children, and so on. */
  depth = 0;
  readonly #unit: Unit;
  readonly #cursor: Cursor;
  #code = 0;
  #deeper = 0;
  #pending = false;

  constructor(unit: Unit, from: number) {
    this.#unit = unit;
    this.#cursor = unit.open(from);
  }

  /** Goes to the next entry; false behind the last. */
  step(): boolean {
    const cursor = this.#cursor;
    if (this.#pending) this.#skip();
    let depth = this.#deeper;
    for (;;) {
      if (cursor.done) return false;
      this.offset = cursor.at - this.#unit.base;
      this.#code = cursor.uleb();
      if (this.#code !== 0) break;
      depth -= 1;
      if (depth < 0) return false;
    }
    const shape = this.#unit.shapeOf(this.#code);
    if (shape === undefined || cursor.broken) {
      cursor.fail();
      return false;
    }
    this.tag = shape.abbreviation.tag;
    this.depth = depth;
    this.#deeper = shape.abbreviation.children ? depth + 1 : depth;
    this.#pending = true;
    return true;
  }

  /** The entry that `step` went to; undefined when it is cut off, or was asked for before. */
  entry(): Entry | undefined {
    const shape = this.#unit.shapeOf(this.#code);
    if (shape === undefined || !this.#pending) return undefined;
    this.#pending = false;
    return this.#unit.readEntry(this.#cursor, this.offset, shape.abbreviation);
  }

  #skip(): void {
    this.#pending = false;
    const plan = this.#unit.shapeOf(this.#code)?.plan ?? 0;
    if (typeof plan === "number") this.#cursor.skip(plan);
    else for (const one of plan) readValue(this.#cursor, one.form, this.#unit);
  }
}
