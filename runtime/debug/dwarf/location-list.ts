/**
 * Location lists: where a variable is at an address, in .debug_loc (DWARF 4, section 2.6.2) or .debug_loclists (DWARF 5,
 * section 7.29). Answers where the expression's bytes stand, or undefined where the variable is nowhere.
 */
import type { Cursor } from "./cursor.ts";
import type { Value } from "./forms.ts";
import { AT } from "./names.ts";
import { openSection } from "./sections.ts";
import type { Unit } from "./unit.ts";
import type { Work } from "./work.ts";

export interface Bytes {
  readonly at: number;
  readonly length: number;
}

export function findInList(unit: Unit, list: Value, address: number, work: Work): Bytes | undefined {
  return unit.version < 5 ? oldList(unit, list.number, address, work) : newList(unit, list, address, work);
}

function oldList(unit: Unit, offset: number, address: number, work: Work): Bytes | undefined {
  const cursor = openSection(unit.sections, "loc", offset);
  const size = unit.addressSize;
  const selects = size === 4 ? 0xffff_ffff : 2 ** 64;
  let base = baseOf(unit);
  while (work.spend()) {
    const low = cursor.unsigned(size);
    const high = cursor.unsigned(size);
    if (cursor.broken || (low === 0 && high === 0)) return undefined;
    if (low === selects) {
      base = high;
      continue;
    }
    const bytes = readBytes(cursor, cursor.u16());
    if (base + low <= address && address < base + high) return bytes;
  }
  return undefined;
}

const LLE = {
  endOfList: 0,
  baseAddressx: 1,
  startxEndx: 2,
  startxLength: 3,
  offsetPair: 4,
  defaultLocation: 5,
  baseAddress: 6,
  startEnd: 7,
  startLength: 8,
} as const;

function newList(unit: Unit, list: Value, address: number, work: Work): Bytes | undefined {
  const offset = unit.listOffset(list, "loclists");
  if (offset === undefined) return undefined;
  const cursor = openSection(unit.sections, "loclists", offset);
  const indexed = () => unit.indexedAddress(cursor.uleb()) ?? 0;
  const direct = () => cursor.unsigned(unit.addressSize);
  let base = baseOf(unit);
  let otherwise: Bytes | undefined;
  while (work.spend()) {
    const kind = cursor.u8();
    if (cursor.broken || kind === LLE.endOfList || kind > LLE.startLength) break;
    if (kind === LLE.baseAddressx) base = indexed();
    else if (kind === LLE.baseAddress) base = direct();
    else if (kind === LLE.defaultLocation) otherwise = readBytes(cursor, cursor.uleb());
    else {
      let low = base;
      if (kind === LLE.startxEndx || kind === LLE.startxLength) low = indexed();
      else if (kind === LLE.startEnd || kind === LLE.startLength) low = direct();
      else low += cursor.uleb();
      let high = base;
      if (kind === LLE.startxEndx) high = indexed();
      else if (kind === LLE.startEnd) high = direct();
      else if (kind === LLE.offsetPair) high += cursor.uleb();
      else high = low + cursor.uleb();
      const bytes = readBytes(cursor, cursor.uleb());
      if (low <= address && address < high) return bytes;
    }
  }
  return otherwise;
}

function baseOf(unit: Unit): number {
  return unit.address(unit.root?.values.get(AT.low_pc)) ?? 0;
}

function readBytes(cursor: Cursor, length: number): Bytes | undefined {
  const at = cursor.at;
  cursor.skip(length);
  return cursor.broken ? undefined : { at, length };
}
