/**
 * From a source line to the offsets where a breakpoint on it stands. A line has many rows; what counts is where each
 * run of them begins. The entry of a function is moved behind its prologue, where its variables are in place.
 */
import type { Module } from "../../module/module.ts";
import type { Lines } from "./line-program.ts";
import { type LineTable, lastAtOrBefore, ROW_PROLOGUE_END, ROW_STATEMENT, type Sequence } from "./line-table.ts";
import { endsWithPath } from "./paths.ts";

/** Places of one line that are answered; and rows looked through for the end of a prologue. */
const PLACES_MAX = 1000;
const PROLOGUE_ROWS_MAX = 1000;

/** Module offsets in rising order; of the next line that has code when this one has none. */
export function offsetsOf(
  lines: Lines,
  module: Module,
  codeStart: number,
  file: string | undefined,
  line: number,
): number[] {
  const { table, files } = lines;
  const wanted = matchingFiles(files, file);
  let nearest = Number.POSITIVE_INFINITY;
  let found: { row: number; sequence: Sequence }[] = [];
  for (const sequence of table.sequences) {
    for (const row of runsOf(table, sequence)) {
      const at = table.lines[row] ?? 0;
      if (at < line || at > nearest || !wanted[table.files[row] ?? 0]) continue;
      if (at < nearest) found = [];
      nearest = at;
      if (found.length < PLACES_MAX) found.push({ row, sequence });
    }
  }
  const offsets = found.map(({ row, sequence }) => breakOffset(table, module, codeStart, row, sequence));
  return [...new Set(offsets)].sort((a, b) => a - b);
}

/** The first statement of each run of rows that name the same line; rows of line 0 belong to the run around them. */
function* runsOf(table: LineTable, sequence: Sequence): Generator<number> {
  let line = 0;
  let file = -1;
  let reported = false;
  for (let row = sequence.first; row < sequence.last; row += 1) {
    const at = table.lines[row] ?? 0;
    if (at === 0) continue;
    const of = table.files[row] ?? 0;
    if (at !== line || of !== file) reported = false;
    line = at;
    file = of;
    if (reported || ((table.flags[row] ?? 0) & ROW_STATEMENT) === 0) continue;
    reported = true;
    yield row;
  }
}

/** By the longest match there is: the whole path, a path that ends with the name, a path that the name ends with. */
function matchingFiles(files: readonly string[], name: string | undefined): readonly boolean[] {
  if (name === undefined) return files.map(() => true);
  const wanted = name.replace(/^(?:\.\/)+/, "");
  const tests = [
    (path: string) => path === wanted,
    (path: string) => endsWithPath(path, wanted),
    (path: string) => endsWithPath(wanted, path),
  ];
  const test = tests.find((one) => files.some(one));
  return files.map((path) => test?.(path) ?? false);
}

function breakOffset(table: LineTable, module: Module, codeStart: number, row: number, sequence: Sequence): number {
  const offset = codeStart + (table.addresses[row] ?? 0);
  const index = 1 + lastAtOrBefore(0, module.code.length, (at) => (module.code[at]?.body.end ?? 0) <= offset);
  const body = module.code[index]?.body;
  if (body === undefined || offset > body.start) return offset;
  const last = Math.min(sequence.last, row + PROLOGUE_ROWS_MAX);
  for (let next = row; next < last; next += 1) {
    const at = codeStart + (table.addresses[next] ?? 0);
    if (at >= body.end) break;
    if (((table.flags[next] ?? 0) & ROW_PROLOGUE_END) !== 0) return Math.max(at, body.start);
  }
  // The first row stands at the declarations of locals, where there is no instruction yet.
  return body.start;
}
