/**
 * DWARF of WebAssembly modules, versions 4 and 5, as clang writes it: from module offsets to source lines, functions
 * and variables, and back. Sections are untrusted: what is broken is left out, and nothing here throws. Addresses in
 * DWARF count from the contents of the code section; this interface speaks offsets into the module only.
 */
import type { Module } from "../../module/module.ts";
import { type Lines, readLines } from "./line-program.ts";
import { offsetsOf } from "./line-search.ts";
import { AT } from "./names.ts";
import { findSections, type Sections } from "./sections.ts";
import { Units } from "./units.ts";

export interface SourceLine {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Undefined when the module has no .debug_line. Tables are read when first asked for, then kept. */
export function readDwarf(module: Module): Dwarf | undefined {
  const sections = findSections(module);
  return sections === undefined ? undefined : new Dwarf(module, sections);
}

export class Dwarf {
  readonly #module: Module;
  readonly #sections: Sections;
  #units: Units | undefined;
  #lines: Lines | undefined;

  constructor(module: Module, sections: Sections) {
    this.#module = module;
    this.#sections = sections;
  }

  /** The source line of the instruction at an offset. */
  lineAt(moduleOffset: number): SourceLine | undefined {
    const { table, files } = this.#readLines();
    const row = table.rowAt(this.#addressOf(moduleOffset));
    const line = row === undefined ? 0 : (table.lines[row] ?? 0);
    // Line 0 is code that no line of the source accounts for.
    if (row === undefined || line === 0) return undefined;
    return { file: files[table.files[row] ?? 0] ?? "?", line, column: table.columns[row] ?? 0 };
  }

  /**
   * Where a breakpoint on a line stands: the first statement of each run of rows of that line, in rising order; of the
   * next line that has code when this one has none. `file` is matched by its end; undefined means all files. The entry
   * of a function stands for the end of its prologue, where its variables are in place.
   */
  addressesOf(file: string | undefined, line: number): readonly number[] {
    return offsetsOf(this.#readLines(), this.#module, this.#sections.codeStart, file, line);
  }

  /** The source files that code comes from. */
  files(): readonly string[] {
    return this.#readLines().files;
  }

  #addressOf(moduleOffset: number): number {
    return moduleOffset - this.#sections.codeStart;
  }

  #readLines(): Lines {
    this.#lines ??= readLines(this.#sections, this.#directories());
    return this.#lines;
  }

  #directories(): (tableOffset: number) => string | undefined {
    const directories = new Map<number, string>();
    this.#units ??= new Units(this.#sections);
    for (const unit of this.#units.all) {
      const root = unit.root;
      const table = root?.values.get(AT.stmt_list)?.number;
      const directory = unit.text(root?.values.get(AT.comp_dir));
      if (table !== undefined && directory !== undefined) directories.set(table, directory);
    }
    return (offset) => directories.get(offset);
  }
}
