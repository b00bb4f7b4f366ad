/**
 * Runs line number programs (DWARF 5, section 6.2.5) into a LineTable. Every opcode takes a byte or more and makes at
 * most one row, so that time and size are bounded by the section.
 */
import { Cursor } from "./cursor.ts";
import { addFile, type LineHeader, readLineHeader, readOldFile } from "./line-header.ts";
import { LineTable, ROW_PROLOGUE_END, ROW_STATEMENT } from "./line-table.ts";
import { joinPath } from "./paths.ts";
import { openSection, type Sections } from "./sections.ts";

export interface Lines {
  readonly table: LineTable;
  /** The paths that the rows' file numbers stand for. */
  readonly files: readonly string[];
}

/** `directoryOf` tells the compilation directory of the unit whose line table begins at an offset. */
export function readLines(sections: Sections, directoryOf: (tableOffset: number) => string | undefined): Lines {
  const table = new LineTable();
  const paths = new Paths(sections);
  const section = openSection(sections, "line");
  const start = section.at;
  while (!section.done && !table.full) {
    const offset = section.at - start;
    const { contents, offsetSize } = section.unit();
    const header = readLineHeader(sections, contents, offsetSize);
    if (header === undefined) continue;
    run(
      header,
      table,
      sections,
      paths.of(header, () => directoryOf(offset) ?? ""),
    );
  }
  table.sort();
  return { table, files: paths.all };
}

/** Characters of all paths together: names may overlap in the bytes, so that the section's size does not bound them. */
const PATHS_MAX = 16_000_000;

/** Gives each path a number, once for all units. */
class Paths {
  readonly all: string[] = [];
  #budget = PATHS_MAX;
  readonly #numbers = new Map<string, number>();
  readonly #sections: Sections;

  constructor(sections: Sections) {
    this.#sections = sections;
  }

  /** From a unit's file index to our number; a path is put together when a row first names it. */
  of(header: LineHeader, compilation: () => string): (file: number) => number {
    const known = new Map<number, number>();
    const text = (at: number) =>
      at < 0 ? "" : new Cursor(this.#sections.bytes, at, this.#sections.bytes.length).text();
    let base: string | undefined;
    return (file) => {
      let number = known.get(file);
      if (number === undefined) {
        base ??= this.#budget < 0 ? "" : joinPath(compilation(), text(header.directories[0]?.nameAt ?? -1));
        const entry = this.#budget < 0 ? undefined : header.files[file];
        const directory = entry === undefined ? undefined : header.directories[entry.directory];
        const folder = entry?.directory === 0 ? "" : text(directory?.nameAt ?? -1);
        number = this.#number(joinPath(base, joinPath(folder, text(entry?.nameAt ?? -1) || "?")));
        known.set(file, number);
      }
      return number;
    };
  }

  #number(path: string): number {
    this.#budget -= path.length;
    let number = this.#numbers.get(path);
    if (number === undefined) {
      number = this.all.push(path) - 1;
      this.#numbers.set(path, number);
    }
    return number;
  }
}

const LNS = {
  extended: 0,
  copy: 1,
  advancePc: 2,
  advanceLine: 3,
  setFile: 4,
  setColumn: 5,
  negateStatement: 6,
  setBasicBlock: 7,
  constAddPc: 8,
  fixedAdvancePc: 9,
  setPrologueEnd: 10,
} as const;

class Registers {
  address = 0;
  file = 1;
  line = 1;
  column = 0;
  statement: boolean;
  prologueEnd = false;

  constructor(statement: boolean) {
    this.statement = statement;
  }

  addTo(table: LineTable, number: (file: number) => number): void {
    const flags = (this.statement ? ROW_STATEMENT : 0) | (this.prologueEnd ? ROW_PROLOGUE_END : 0);
    table.addRow(this.address, number(this.file), this.line, this.column, flags);
    this.prologueEnd = false;
  }
}

function run(header: LineHeader, table: LineTable, sections: Sections, number: (file: number) => number): void {
  const { program, opcodeBase, lineBase, lineRange, minimumInstruction } = header;
  let at = new Registers(header.defaultIsStatement);
  while (!program.done && !table.full) {
    const opcode = program.u8();
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      at.address += Math.floor(adjusted / lineRange) * minimumInstruction;
      at.line += lineBase + (adjusted % lineRange);
      at.addTo(table, number);
    } else if (opcode === LNS.extended) {
      const operands = program.slice(program.uleb());
      if (extended(operands, header, at)) {
        table.endSequence(at.address, 1, sections.codeSize);
        at = new Registers(header.defaultIsStatement);
      }
    } else standard(opcode, header, at, table, number);
  }
  table.abandon();
}

function standard(
  opcode: number,
  header: LineHeader,
  at: Registers,
  table: LineTable,
  number: (file: number) => number,
): void {
  const { program, minimumInstruction } = header;
  switch (opcode) {
    case LNS.copy:
      at.addTo(table, number);
      return;
    case LNS.advancePc:
      at.address += program.uleb() * minimumInstruction;
      return;
    case LNS.advanceLine:
      at.line += program.sleb();
      return;
    case LNS.setFile:
      at.file = program.uleb();
      return;
    case LNS.setColumn:
      at.column = program.uleb();
      return;
    case LNS.negateStatement:
      at.statement = !at.statement;
      return;
    case LNS.constAddPc:
      at.address += Math.floor((255 - header.opcodeBase) / header.lineRange) * minimumInstruction;
      return;
    case LNS.fixedAdvancePc:
      at.address += program.u16();
      return;
    case LNS.setPrologueEnd:
      at.prologueEnd = true;
      return;
    default:
      for (let left = header.opcodeLengths[opcode - 1] ?? 0; left > 0; left -= 1) program.uleb();
  }
}

const LNE_END_SEQUENCE = 1;
const LNE_SET_ADDRESS = 2;
const LNE_DEFINE_FILE = 3;

/** True at the end of a sequence. */
function extended(operands: Cursor, header: LineHeader, at: Registers): boolean {
  switch (operands.u8()) {
    case LNE_END_SEQUENCE:
      return true;
    case LNE_SET_ADDRESS:
      at.address = operands.unsigned(Math.min(operands.left, 8));
      return false;
    case LNE_DEFINE_FILE: {
      const nameAt = operands.at;
      operands.skipText();
      addFile(header, readOldFile(operands, nameAt));
      return false;
    }
    default:
      return false;
  }
}
