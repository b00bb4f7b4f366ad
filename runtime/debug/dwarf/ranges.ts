/**
 * The addresses that an entry covers: low_pc and high_pc, or a list in .debug_ranges (DWARF 4, section 2.17.3) or
 * .debug_rnglists (DWARF 5, section 7.25). Code that the linker removed begins at 0 or beyond the code: left out.
 */
import { FORM } from "./forms.ts";
import { AT } from "./names.ts";
import { openSection } from "./sections.ts";
import { constantOf, type Entry, isAddressIndex, type Unit } from "./unit.ts";
import type { Work } from "./work.ts";

export interface AddressRange {
  readonly low: number;
  /** Exclusive. */
  readonly high: number;
}

/** In the order of the bytes. */
export function rangesOf(entry: Entry, work: Work): readonly AddressRange[] {
  const { unit, values } = entry;
  if (!work.spend()) return [];
  const list = values.get(AT.ranges);
  const found =
    list === undefined ? single(entry) : unit.version < 5 ? oldList(unit, list.number, work) : newList(entry, work);
  const end = unit.sections.codeSize;
  return found.filter(({ low, high }) => low > 0 && low < high && high <= end);
}

export function covers(entry: Entry, address: number, work: Work): boolean {
  return rangesOf(entry, work).some(({ low, high }) => low <= address && address < high);
}

function single({ unit, values }: Entry): AddressRange[] {
  const low = unit.address(values.get(AT.low_pc));
  const end = values.get(AT.high_pc);
  if (low === undefined || end === undefined) return [];
  const isAddress = end.form === FORM.addr || isAddressIndex(end.form);
  const high = isAddress ? unit.address(end) : low + Number(constantOf(unit, end) ?? 0n);
  return high === undefined ? [] : [{ low, high }];
}

function baseOf(unit: Unit): number {
  return unit.address(unit.root?.values.get(AT.low_pc)) ?? 0;
}

function oldList(unit: Unit, offset: number, work: Work): AddressRange[] {
  const cursor = openSection(unit.sections, "ranges", offset);
  const size = unit.addressSize;
  const selects = size === 4 ? 0xffff_ffff : 2 ** 64;
  let base = baseOf(unit);
  const found: AddressRange[] = [];
  while (work.spend()) {
    const low = cursor.unsigned(size);
    const high = cursor.unsigned(size);
    if (cursor.broken || (low === 0 && high === 0)) break;
    if (low === selects) base = high;
    else found.push({ low: base + low, high: base + high });
  }
  return found;
}

const RLE = {
  endOfList: 0,
  baseAddressx: 1,
  startxEndx: 2,
  startxLength: 3,
  offsetPair: 4,
  baseAddress: 5,
  startEnd: 6,
  startLength: 7,
} as const;

function newList({ unit, values }: Entry, work: Work): AddressRange[] {
  const list = values.get(AT.ranges);
  const offset = list === undefined ? undefined : unit.listOffset(list, "rnglists");
  const found: AddressRange[] = [];
  if (offset === undefined) return found;
  const cursor = openSection(unit.sections, "rnglists", offset);
  const indexed = () => unit.indexedAddress(cursor.uleb()) ?? 0;
  const direct = () => cursor.unsigned(unit.addressSize);
  let base = baseOf(unit);
  while (work.spend()) {
    const kind = cursor.u8();
    if (cursor.broken || kind === RLE.endOfList || kind > RLE.startLength) break;
    if (kind === RLE.baseAddressx) base = indexed();
    else if (kind === RLE.baseAddress) base = direct();
    else found.push(readPair(kind, base, indexed, direct, () => cursor.uleb()));
  }
  return found;
}

function readPair(
  kind: number,
  base: number,
  indexed: () => number,
  direct: () => number,
  number: () => number,
): AddressRange {
  if (kind === RLE.offsetPair) return { low: base + number(), high: base + number() };
  const low = kind === RLE.startxEndx || kind === RLE.startxLength ? indexed() : direct();
  if (kind === RLE.startxEndx) return { low, high: indexed() };
  return { low, high: kind === RLE.startEnd ? direct() : low + number() };
}
