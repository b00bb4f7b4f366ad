/**
 * The header of a line number program (DWARF 5 section 6.2.4, DWARF 4 section 6.2.4): how its opcodes are coded, and
 * its tables of directories and files. Names stay in the bytes until a row asks for them.
 */
import type { Cursor } from "./cursor.ts";
import { type Encoding, FORM, readValue, type Value } from "./forms.ts";
import { openSection, type Sections } from "./sections.ts";

/** Where a name stands in the module (-1: nowhere), and the directory it is in. */
interface Entry {
  readonly nameAt: number;
  readonly directory: number;
}

export interface LineHeader {
  readonly version: number;
  readonly addressSize: number;
  readonly minimumInstruction: number;
  readonly defaultIsStatement: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  readonly opcodeLengths: Uint8Array;
  /** Index 0 is the directory of the compilation, in DWARF 4 named by the unit alone. */
  readonly directories: readonly Entry[];
  /** DWARF 4 counts files from 1: index 0 is empty then. */
  readonly files: Entry[];
  /** The opcodes. */
  readonly program: Cursor;
}

/** Directories or files of one table. */
const ENTRIES_MAX = 100_000;
const NOWHERE: Entry = { nameAt: -1, directory: 0 };

/** Reads the header that `contents` begins with; undefined when it is of another version or broken. */
export function readLineHeader(sections: Sections, contents: Cursor, offsetSize: number): LineHeader | undefined {
  const version = contents.u16();
  if (version < 2 || version > 5) return undefined;
  let addressSize = 4;
  if (version === 5) {
    addressSize = contents.u8();
    if (contents.u8() !== 0) return undefined;
  }
  const tables = contents.slice(contents.unsigned(offsetSize));
  const minimumInstruction = tables.u8();
  if (version >= 4) tables.u8();
  const defaultIsStatement = tables.u8() !== 0;
  const lineBase = (tables.u8() << 24) >> 24;
  const lineRange = tables.u8();
  const opcodeBase = tables.u8();
  if (tables.broken || contents.broken || lineRange === 0 || opcodeBase === 0) return undefined;
  const lengths = tables.slice(opcodeBase - 1);
  const opcodeLengths = lengths.bytes.slice(lengths.at, lengths.end);
  const encoding = { version, addressSize, offsetSize };
  const directories = version === 5 ? readEntries(sections, tables, encoding) : readOldDirectories(tables);
  const files = version === 5 ? readEntries(sections, tables, encoding) : readOldFiles(tables);
  return {
    version,
    addressSize,
    minimumInstruction,
    defaultIsStatement,
    lineBase,
    lineRange,
    opcodeBase,
    opcodeLengths,
    directories,
    files,
    program: contents,
  };
}

function readOldDirectories(tables: Cursor): Entry[] {
  const entries: Entry[] = [NOWHERE];
  for (let entry = readOldName(tables); entry !== undefined; entry = readOldName(tables)) {
    if (entries.length < ENTRIES_MAX) entries.push(entry);
  }
  return entries;
}

function readOldFiles(tables: Cursor): Entry[] {
  const entries: Entry[] = [NOWHERE];
  for (let entry = readOldName(tables); entry !== undefined; entry = readOldName(tables)) {
    const file = readOldFile(tables, entry.nameAt);
    if (entries.length < ENTRIES_MAX) entries.push(file);
  }
  return entries;
}

/** The name is followed by the directory, the time and the length; DW_LNE_define_file has the same form. */
export function readOldFile(tables: Cursor, nameAt: number): Entry {
  const directory = tables.uleb();
  tables.uleb();
  tables.uleb();
  return { nameAt, directory };
}

/** A file that the program itself defines. */
export function addFile(header: LineHeader, file: Entry): void {
  if (header.files.length < ENTRIES_MAX) header.files.push(file);
}

/** Undefined at the empty name that ends a table, or where the bytes end. */
function readOldName(tables: Cursor): Entry | undefined {
  const nameAt = tables.at;
  tables.skipText();
  return tables.broken || tables.at === nameAt + 1 ? undefined : { nameAt, directory: 0 };
}

const LNCT_PATH = 1;
const LNCT_DIRECTORY = 2;

function readEntries(sections: Sections, tables: Cursor, encoding: Encoding): Entry[] {
  const formats: { content: number; form: number }[] = [];
  for (let left = tables.u8(); left > 0; left -= 1) formats.push({ content: tables.uleb(), form: tables.uleb() });
  const count = Math.min(tables.uleb(), ENTRIES_MAX);
  const entries: Entry[] = [];
  // An honest entry takes at least a byte, so that a false count cannot ask for more than the bytes that are there.
  while (entries.length < count && !tables.broken) {
    const before = tables.at;
    let nameAt = -1;
    let directory = 0;
    for (const { content, form } of formats) {
      const value = readValue(tables, form, encoding);
      if (content === LNCT_PATH) nameAt = nameOf(sections, value);
      else if (content === LNCT_DIRECTORY) directory = value.number;
    }
    if (tables.broken || tables.at === before) break;
    entries.push({ nameAt, directory });
  }
  return entries;
}

function nameOf(sections: Sections, value: Value): number {
  if (value.form === FORM.string) return value.at;
  if (value.form !== FORM.line_strp && value.form !== FORM.strp) return -1;
  const name = openSection(sections, value.form === FORM.strp ? "str" : "line_str", value.number);
  return name.broken ? -1 : name.at;
}
