/**
 * Which instructions ran and how often, told by function and, with debug information, by line of the source: as a summary
 * and in the tracefile format of lcov. A line counts as often as the most frequent of its instructions.
 */
import type { Probe } from "../interpret/index.ts";
import type { Instructions } from "./instructions.ts";
import type { SourceInfo } from "./source.ts";

export interface FunctionCoverage {
  readonly function: number;
  readonly name: string;
  readonly file: string | undefined;
  readonly line: number;
  readonly calls: number;
  readonly instructions: number;
  readonly executed: number;
}

export interface FileCoverage {
  readonly file: string;
  readonly functions: readonly FunctionCoverage[];
  /** Line → how often; lines that have code. */
  readonly lines: ReadonlyMap<number, number>;
  readonly hit: number;
}

export interface CoverageOptions {
  readonly instructions: Instructions;
  readonly info: SourceInfo | undefined;
  readonly nameOf: (f: number) => string;
}

const COUNT_MAX = 0xffff_ffff;

export class Coverage {
  readonly #of: CoverageOptions;
  readonly #counts: Uint32Array;

  constructor(of: CoverageOptions) {
    this.#of = of;
    this.#counts = new Uint32Array(of.instructions.module.bytes.length);
  }

  readonly probe: Probe = ({ offset }) => {
    const count = this.#counts[offset] ?? 0;
    if (count < COUNT_MAX) this.#counts[offset] = count + 1;
    return undefined;
  };

  /** In the order of the module. */
  functions(): readonly FunctionCoverage[] {
    const { instructions, info, nameOf } = this.#of;
    return instructions.module.code.map((_, n) => {
      const f = n + instructions.importedFunctions;
      const starts = instructions.startsOf(f);
      const first = starts[0] ?? 0;
      const place = info?.lineAt(first);
      return {
        function: f,
        name: nameOf(f),
        file: place?.file,
        line: place?.line ?? 0,
        calls: this.#counts[first] ?? 0,
        instructions: starts.length,
        executed: starts.filter((one) => (this.#counts[one] ?? 0) > 0).length,
      };
    });
  }

  /** Files that the module's code comes from, by name. */
  files(functions: readonly FunctionCoverage[] = this.functions()): readonly FileCoverage[] {
    const { instructions, info } = this.#of;
    const lines = new Map<string, Map<number, number>>();
    for (const { function: f } of functions) {
      for (const offset of instructions.startsOf(f)) {
        const place = info?.lineAt(offset);
        if (place === undefined || place.line === 0) continue;
        const known = lines.get(place.file) ?? new Map<number, number>();
        lines.set(place.file, known);
        known.set(place.line, Math.max(known.get(place.line) ?? 0, this.#counts[offset] ?? 0));
      }
    }
    return [...lines]
      .map(([file, counts]) => ({
        file,
        functions: functions.filter((one) => one.file === file),
        lines: new Map([...counts].sort(([one], [other]) => one - other)),
        hit: [...counts.values()].filter((count) => count > 0).length,
      }))
      .sort((one, other) => (one.file < other.file ? -1 : 1));
  }
}

/** The tracefile format that genhtml and editors read. */
export function lcov(files: readonly FileCoverage[]): string {
  const out: string[] = ["TN:"];
  for (const { file, functions, lines, hit } of files) {
    out.push(`SF:${oneLine(file)}`);
    for (const { name, line } of functions) out.push(`FN:${line},${oneLine(name)}`);
    for (const { name, calls } of functions) out.push(`FNDA:${calls},${oneLine(name)}`);
    out.push(`FNF:${functions.length}`, `FNH:${functions.filter(({ calls }) => calls > 0).length}`);
    for (const [line, count] of lines) out.push(`DA:${line},${count}`);
    out.push(`LF:${lines.size}`, `LH:${hit}`, "end_of_record");
  }
  return `${out.join("\n")}\n`;
}

const oneLine = (text: string): string => text.replaceAll(/[\r\n]+/g, " ");

/** Lines that have code and did not run, as ranges: `12, 20-23`. Lines without code do not end a range. */
export function missedLines({ lines }: FileCoverage): string {
  const ranges: (readonly [number, number])[] = [];
  let open: [number, number] | undefined;
  for (const [line, count] of lines) {
    if (count > 0) {
      open = undefined;
      continue;
    }
    if (open === undefined) {
      open = [line, line];
      ranges.push(open);
    } else open[1] = line;
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
}
