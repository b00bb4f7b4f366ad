/**
 * What the debugger asks of debug information, whoever reads it: places in the source of byte offsets in the module and
 * back, functions, variables and their values. Everything speaks byte offsets of the module, as probes do.
 */

import type { Module } from "../module/module.ts";
import { readDwarf, type Step } from "./dwarf/index.ts";

export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface SourceVariable {
  readonly name: string;
  readonly kind: "parameter" | "local" | "global";
}

/** What a variable's location may refer to in one frame. */
export interface FrameAccess {
  local(n: number): number | bigint | undefined;
  global(n: number): number | bigint | undefined;
  read(address: number, length: number): Uint8Array | undefined;
}

export interface SourceInfo {
  lineAt(offset: number): SourcePlace | undefined;
  /** Where statements of that line begin, or of the next line that has code; the file is matched by its end. */
  addressesOf(file: string | undefined, line: number): readonly number[];
  functionAt(offset: number): { readonly name: string; readonly low: number; readonly high: number } | undefined;
  variablesAt(offset: number): readonly SourceVariable[];
  valueOf(variable: SourceVariable, access: FrameAccess): string;
  /** A part of a variable: `[2].value`, `->next`. */
  memberOf(variable: SourceVariable, steps: readonly Step[], access: FrameAccess): SourceVariable | undefined;
  /** The bytes of memory that hold it. */
  extentOf(
    variable: SourceVariable,
    access: FrameAccess,
  ): { readonly address: number; readonly length: number } | undefined;
  files(): readonly string[];
}

/** The module's own debug information, when it has some. */
export function sourceInfoOf(module: Module): SourceInfo | undefined {
  return readDwarf(module);
}
