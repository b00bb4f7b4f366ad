/** `sallyport inspect`: what a module needs, offers and is made of, without running it. */
import { sha256 } from "../../runtime/kernel/digest.ts";
import { printable } from "../../runtime/kernel/fault.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import {
  decodeModule,
  type ImportFact,
  inspectModule,
  type LimitsFact,
  type ModuleFacts,
} from "../../runtime/tool/index.ts";
import { bar, type Column, columns, short, size } from "./bars.ts";
import { hostImport } from "./import-needs.ts";
import { readModuleFile } from "./module-file.ts";
import { paint } from "./paint.ts";
import type { Verb } from "./verb.ts";

const BAR_WIDTH = 24;
const NAME_WIDTH = 48;
/** Rows of one table; --json has all. */
const ROWS_MAX = 40;

export const verb: Verb = {
  name: "inspect",
  summary: "Say what a module needs, offers and is made of: imports and capabilities, exports, sizes. Nothing is run.",
  positionals: ["FILE"],
  options: { json: { help: "print the facts as JSON" } },
  examples: ["sallyport inspect module.wasm", "sallyport inspect module.wasm --json", "sallyport inspect module.wat"],
  async run(args, io) {
    const [file = ""] = args.positionals;
    const bytes = await readModuleFile(file);
    const facts = inspectModule(unwrap(decodeModule(bytes)), { host: hostImport });
    const digest = sha256(bytes);
    if (args.flag("json")) io.out(JSON.stringify({ sha256: digest, ...facts }));
    else for (const line of page(file, digest, facts, io.colour)) io.out(line);
    return facts.invalid === null ? 0 : 1;
  },
};

function* page(file: string, digest: string, facts: ModuleFacts, colour: boolean): Generator<string> {
  const { bold, dim, red, green } = paint(colour);
  const titled = function* (title: string, lines: readonly string[]): Generator<string> {
    if (lines.length === 0) return;
    yield "";
    yield bold(title);
    for (const one of lines) yield `  ${one}`;
  };
  const name = facts.name === null ? "" : `  module ${printable(facts.name)}`;
  yield `${bold(file)}${name}  ${size(facts.size)}  ${dim(`sha256:${digest}`)}`;
  if (facts.invalid === null) yield `${green("valid")}; uses ${facts.features.join(", ")}`;
  else yield red(facts.invalid);
  yield* titled(
    "Needs",
    needs(facts).map((one) => (one.startsWith("!") ? red(one.slice(1)) : one)),
  );
  yield* titled("Imports", importRows(facts.imports));
  yield* titled("Exports", exportRows(facts));
  yield* titled("Memory and tables", limitRows(facts));
  yield* titled("Sections", sectionRows(facts, BAR_WIDTH));
  yield* titled(functionsTitle(facts), functionRows(facts, BAR_WIDTH));
  yield* titled("About", about(facts));
}

/** Kinds of capabilities, and what this host does not have; the latter begin with an exclamation mark. */
function needs({ imports, capabilities }: ModuleFacts): readonly string[] {
  const granted = Object.entries(capabilities).map(([kind, functions]) => [kind, `for ${functions.join(", ")}`]);
  const rows = columns(granted, ["left", "left"]);
  const strange = (problem: ImportFact["problem"], what: string) => {
    const found = imports.filter((one) => one.problem === problem);
    if (found.length === 0) return [];
    const names = found.slice(0, 8).map((one) => printable(`${one.module}.${one.name}`));
    const more = found.length > names.length ? ` and ${found.length - names.length} more` : "";
    return [`!${what}: ${names.join(", ")}${more}`];
  };
  return [
    ...rows,
    ...strange("unknown", "imports that this host does not have"),
    ...strange("signature", "imports of another type than this host's"),
  ];
}

function table(rows: readonly (readonly string[])[], sides: readonly Column[]): readonly string[] {
  const shown = rows.slice(0, ROWS_MAX).map((row) => row.map((cell) => short(printable(cell), NAME_WIDTH * 2)));
  const left = rows.length - shown.length;
  return [...columns(shown, sides), ...(left === 0 ? [] : [`… and ${left} more (--json shows all)`])];
}

const importRows = (imports: readonly ImportFact[]) =>
  table(
    imports.map(({ module, name, kind, type, capability, problem }) => [
      short(`${module}.${name}`, NAME_WIDTH),
      kind,
      type,
      problem === undefined ? (capability ?? "") : problem === "unknown" ? "not here" : "another type here",
    ]),
    ["left", "left", "left", "left"],
  );

const exportRows = ({ exports }: ModuleFacts) =>
  table(
    exports.map(({ name, kind, type }) => [short(name, NAME_WIDTH), kind, type]),
    ["left", "left", "left"],
  );

function limitRows({ memories, tables }: ModuleFacts): readonly string[] {
  const row = (what: string, unit: (count: number) => string) => (one: LimitsFact, n: number) => [
    `${what} ${n}${one.imported ? " (imported)" : ""}`,
    unit(one.min),
    one.max === null ? "no maximum" : `at most ${unit(one.max)}`,
    one.type,
  ];
  return table(
    [
      ...memories.map((one, n) => row("memory", (count) => size(count * (one.pageBytes ?? 1)))(one, n)),
      ...tables.map(row("table", (count) => (count === 1 ? "1 element" : `${count} elements`))),
    ],
    ["left", "left", "left", "left"],
  );
}

function sectionRows({ sections, size: whole }: ModuleFacts, width: number): readonly string[] {
  const most = Math.max(...sections.slice(0, ROWS_MAX).map((one) => one.size));
  return table(
    sections.map((one) => [
      one.name === undefined ? one.kind : short(`custom ${one.name}`, NAME_WIDTH),
      one.entries === undefined ? "" : String(one.entries),
      size(one.size),
      `${((one.size / whole) * 100).toFixed(1)}%`,
      bar(one.size, most, width),
    ]),
    ["left", "right", "right", "right", "left"],
  );
}

function functionsTitle({ functions: { imported, defined, bytes, largest } }: ModuleFacts): string {
  const counts = `Functions: ${imported} imported, ${defined} defined with ${size(bytes)} of instructions`;
  return largest.length < defined ? `${counts}; the largest` : counts;
}

function functionRows({ functions: { bytes, largest } }: ModuleFacts, width: number): readonly string[] {
  const most = largest[0]?.size ?? 0;
  return table(
    largest.map((one) => [
      String(one.index),
      short(one.name ?? "", NAME_WIDTH),
      `0x${one.at.toString(16)}`,
      size(one.size),
      `${((one.size / bytes) * 100).toFixed(1)}%`,
      bar(one.size, most, width),
    ]),
    ["right", "left", "right", "right", "right", "left"],
  );
}

function about({ start, data, names, producers, targetFeatures, leftOut, debug }: ModuleFacts): readonly string[] {
  const rows: [string, string][] = [];
  if (start !== null) rows.push(["start", `function ${start.index}${start.name === null ? "" : ` ${start.name}`}`]);
  if (data.segments > 0) rows.push(["data", `segments: ${data.segments}, together ${size(data.bytes)}`]);
  rows.push(["names", `functions: ${names.functions}${names.damaged ? "; the name section is damaged" : ""}`]);
  for (const one of producers) rows.push([one.field, `${one.name} ${one.version}`.trim()]);
  if (targetFeatures.length > 0)
    rows.push(["target", targetFeatures.map(({ prefix, name }) => prefix + name).join(" ")]);
  if (debug.dwarf.length > 0) rows.push(["DWARF", `${size(debug.dwarfBytes)} in ${debug.dwarf.join(" ")}`]);
  if (debug.external !== null) rows.push(["debug in", debug.external]);
  if (debug.sourceMap !== null) rows.push(["source map", debug.sourceMap]);
  if (leftOut > 0) rows.push(["left out", `entries: ${leftOut}; there are more than any honest module has`]);
  return table(rows, ["left", "left"]);
}
