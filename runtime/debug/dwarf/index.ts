/**
 * DWARF of WebAssembly modules, versions 4 and 5, as clang writes it: from module offsets to source lines, functions
 * and variables, and back. Sections are untrusted: what is broken is left out, and nothing here throws. Addresses in
 * DWARF count from the contents of the code section; this interface speaks offsets into the module only.
 */
import type { Module } from "../../module/module.ts";
import type { FrameAccess } from "./expression.ts";
import { Functions } from "./functions.ts";
import { type Lines, readLines } from "./line-program.ts";
import { offsetsOf } from "./line-search.ts";
import { memberOf, type Step } from "./member.ts";
import { AT } from "./names.ts";
import { findSections, type Sections } from "./sections.ts";
import { tableEntry } from "./table-names.ts";
import { Types } from "./types.ts";
import type { Unit } from "./unit.ts";
import { Units } from "./units.ts";
import { placeOf, valueText } from "./values.ts";
import { type Variable, Variables } from "./variables.ts";

export type { FrameAccess } from "./expression.ts";
export { type Path, parsePath, type Step } from "./member.ts";
export type { Variable } from "./variables.ts";

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
  readonly #units: Units;
  readonly #types: Types;
  #functions: Functions | undefined;
  #lines: Lines | undefined;

  constructor(module: Module, sections: Sections) {
    this.#module = module;
    this.#sections = sections;
    this.#units = new Units(sections);
    this.#types = new Types(this.#units);
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

  /** The function whose code holds an offset; `high` is exclusive. */
  functionAt(moduleOffset: number): { readonly name: string; readonly low: number; readonly high: number } | undefined {
    const found = this.#readFunctions().at(this.#addressOf(moduleOffset));
    const start = this.#sections.codeStart;
    return found === undefined ? undefined : { name: found.name, low: found.low + start, high: found.high + start };
  }

  /** What can be seen at an offset: locals of the blocks around it, innermost first, parameters, then globals. */
  variablesAt(moduleOffset: number): readonly Variable[] {
    this.#types.begin();
    const variables = new Variables(this.#units, this.#readFunctions(), this.#types);
    return variables.at(this.#addressOf(moduleOffset));
  }

  /** The value of a variable of `variablesAt` in a frame, C-like and at most some 4000 characters. */
  valueOf(variable: Variable, access: FrameAccess): string {
    this.#types.begin();
    return valueText(this.#types, variable, access, (index) => {
      const offset = tableEntry(this.#module, index);
      return offset === undefined ? undefined : this.functionAt(offset)?.name;
    });
  }

  /** A part of a variable, as C names it after the variable's name: `[2].value`, `->next`; see `parsePath`. */
  memberOf(variable: Variable, steps: readonly Step[], access: FrameAccess): Variable | undefined {
    this.#types.begin();
    return memberOf(this.#types, variable, steps, access);
  }

  /** The bytes of memory that hold a variable; undefined when it lies elsewhere. */
  extentOf(variable: Variable, access: FrameAccess): { readonly address: number; readonly length: number } | undefined {
    this.#types.begin();
    const place = placeOf(variable, access);
    const length = this.#types.sizeOf(variable.typeAt);
    return place?.kind === "memory" && length > 0 ? { address: place.address, length } : undefined;
  }

  /** The source files that code comes from. */
  files(): readonly string[] {
    return this.#readLines().files;
  }

  #addressOf(moduleOffset: number): number {
    return moduleOffset - this.#sections.codeStart;
  }

  #readFunctions(): Functions {
    this.#functions ??= new Functions(this.#units);
    return this.#functions;
  }

  #readLines(): Lines {
    this.#lines ??= readLines(this.#sections, this.#directories());
    return this.#lines;
  }

  #directories(): (tableOffset: number) => string | undefined {
    const units = new Map<number, Unit>();
    for (const unit of this.#units.all) {
      const table = unit.root?.values.get(AT.stmt_list)?.number;
      if (table !== undefined) units.set(table, unit);
    }
    return (offset) => {
      const unit = units.get(offset);
      return unit?.text(unit.root?.values.get(AT.comp_dir));
    };
  }
}
