/**
 * What a module is, needs and offers, as plain data for people and programs: nothing is run. A module that does not pass
 * the Validator has facts too, with the refusal beside them.
 */
import { ALL_FEATURES } from "../module/features.ts";
import {
  type ExternKind,
  type ImportType,
  importsOf,
  type Limits,
  type MemoryType,
  type Module,
} from "../module/module.ts";
import type { ValType } from "../module/val-type.ts";
import { validateModule } from "../validate/module.ts";
import { lossy, type ModuleNames } from "./names.ts";
import { globalText, memoryText, tableText, valText } from "./print-types.ts";
import { type Producer, readProducers, readTargetFeatures, type TargetFeature } from "./producers.ts";
import { Scope } from "./scope.ts";
import { readSections, type Section } from "./sections.ts";

/** What the host says of an import; undefined when it does not have it. */
export interface HostImport {
  /** Kind of capability that calls need. */
  readonly capability?: string;
  /** The type that is linked, in the words of `ImportFact.type`. */
  readonly type?: string;
}

export interface InspectOptions {
  /** Asked for each imported function. */
  readonly host?: (module: string, name: string) => HostImport | undefined;
  /** So many of the largest functions; 10 unless given. */
  readonly largest?: number;
}

export interface ImportFact {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternKind;
  readonly type: string;
  /** What stands against linking it, for a host that was given. */
  readonly problem?: "unknown" | "signature";
  readonly capability?: string;
}

export interface ExportFact {
  readonly name: string;
  readonly kind: ExternKind;
  readonly type: string;
}

export interface LimitsFact {
  readonly imported: boolean;
  readonly type: string;
  /** Pages or elements; beyond 2^53 the nearest number. */
  readonly min: number;
  readonly max: number | null;
  /** Of memories. */
  readonly pageBytes?: number;
}

export interface FunctionFact {
  readonly index: number;
  readonly name: string | null;
  /** Offset of its first instruction. */
  readonly at: number;
  /** Bytes of its instructions. */
  readonly size: number;
}

/** Longer lists are cut, and the texts in them, so that the facts of any module can be written down. */
const LIST_MAX = 20_000;
const TEXT_CHARS_MAX = 1000;
/** Parameters and results of a type that are written out. */
const ARITY_MAX = 16;

export interface ModuleFacts {
  readonly name: string | null;
  readonly size: number;
  /** The refusal's line, or null. */
  readonly invalid: string | null;
  /** Features used, by the names a policy turns off; empty for an invalid module. */
  readonly features: readonly string[];
  readonly sections: readonly Section[];
  readonly imports: readonly ImportFact[];
  /** Kinds of capabilities that the imports need, each with the functions that need it. */
  readonly capabilities: Readonly<Record<string, readonly string[]>>;
  readonly exports: readonly ExportFact[];
  readonly memories: readonly LimitsFact[];
  readonly tables: readonly LimitsFact[];
  readonly globals: number;
  readonly tags: number;
  readonly start: { readonly index: number; readonly name: string | null } | null;
  readonly functions: {
    readonly imported: number;
    readonly defined: number;
    readonly bytes: number;
    readonly largest: readonly FunctionFact[];
  };
  readonly data: { readonly segments: number; readonly bytes: number };
  readonly names: { readonly functions: number; readonly damaged: boolean };
  readonly producers: readonly Producer[];
  readonly targetFeatures: readonly TargetFeature[];
  /** Entries of the lists above that are left out, because an honest module has fewer. */
  readonly leftOut: number;
  readonly debug: {
    /** Names of DWARF sections. */
    readonly dwarf: readonly string[];
    readonly dwarfBytes: number;
    readonly sourceMap: string | null;
    /** Where debug information was moved to. */
    readonly external: string | null;
  };
}

export function inspectModule(module: Module, options: InspectOptions = {}): ModuleFacts {
  const valid = validateModule(module, { features: ALL_FEATURES });
  const scope = new Scope(module);
  const { names, called } = scope;
  const typeOf = typesOf(scope);
  const { start } = module;
  let leftOut = 0;
  const several = <T, F>(list: readonly T[], fact: (one: T) => F): readonly F[] => {
    leftOut += Math.max(0, list.length - LIST_MAX);
    return list.slice(0, LIST_MAX).map(fact);
  };
  const imports = several(module.imports, (one) => importFact(scope, one, options));
  const facts = {
    name: cutOrNull(names.module),
    size: module.bytes.length,
    invalid: valid.ok ? null : valid.error.line(),
    features: valid.ok ? valid.value.features : [],
    sections: several(readSections(module), ({ name, ...rest }) =>
      name === undefined ? rest : { ...rest, name: cut(name) },
    ),
    imports,
    capabilities: capabilitiesOf(imports),
    exports: several(module.exports, ({ name, kind, index }) => ({ name: cut(name), kind, type: typeOf(kind, index) })),
    memories: several(both(importsOf(module, "memory"), module.memories), memoryFact),
    tables: several(both(importsOf(module, "table"), module.tables), ({ type, imported }) => ({
      imported,
      type: cut(tableText(scope, type)),
      ...bounds(type.limits),
    })),
    globals: module.globals.length,
    tags: module.tags.length,
    start: start === undefined ? null : { index: start.function, name: cutOrNull(called.get(start.function)) },
    functions: functionFacts(module, called, options.largest ?? 10),
    data: {
      segments: module.datas.length,
      bytes: module.datas.reduce((sum, { bytes }) => sum + bytes.end - bytes.start, 0),
    },
    names: nameFact(names),
    producers: several(readProducers(module), ({ field, name, version }) => ({
      field: cut(field),
      name: cut(name),
      version: cut(version),
    })),
    targetFeatures: several(readTargetFeatures(module), ({ prefix, name }) => ({ prefix, name: cut(name) })),
    debug: debugFact(module),
  };
  return { ...facts, leftOut };
}

const cut = (text: string): string => (text.length <= TEXT_CHARS_MAX ? text : `${text.slice(0, TEXT_CHARS_MAX)}…`);
const cutOrNull = (text: string | undefined): string | null => (text === undefined ? null : cut(text));

/** `(i32, i32) -> (i32)`. */
function signatureText(scope: Scope, type: number): string {
  const found = scope.signature(type);
  if (found === undefined) return `type ${type}`;
  const list = (types: readonly ValType[]) => {
    const shown = types.slice(0, ARITY_MAX).map((one) => valText(scope, one));
    return [...shown, ...(types.length > ARITY_MAX ? ["…"] : [])].join(", ");
  };
  return `(${list(found.params)}) -> (${list(found.results)})`;
}

function typeText(scope: Scope, desc: ImportType): string {
  switch (desc.kind) {
    case "function":
    case "tag":
      return cut(signatureText(scope, desc.type));
    case "table":
      return cut(tableText(scope, desc.type));
    case "memory":
      return memoryText(desc.type);
    case "global":
      return cut(globalText(scope, desc.type));
  }
}

/** The type of each index of each space as text. */
function typesOf(scope: Scope): (kind: ExternKind, index: number) => string {
  const { module } = scope;
  const of = (kind: ExternKind) => importsOf(module, kind).map(({ desc }): ImportType => desc);
  const spaces: Readonly<Record<ExternKind, readonly ImportType[]>> = {
    function: scope.functionTypes.map((type) => ({ kind: "function", type })),
    table: [...of("table"), ...module.tables.map(({ type }) => ({ kind: "table", type }) as const)],
    memory: [...of("memory"), ...module.memories.map(({ type }) => ({ kind: "memory", type }) as const)],
    global: [...of("global"), ...module.globals.map(({ type }) => ({ kind: "global", type }) as const)],
    tag: [...of("tag"), ...module.tags.map(({ type }) => ({ kind: "tag", type }) as const)],
  };
  return (kind, index) => {
    const desc = spaces[kind][index];
    return desc === undefined ? "unknown" : typeText(scope, desc);
  };
}

function importFact(scope: Scope, one: Module["imports"][number], { host }: InspectOptions): ImportFact {
  const { module: from, name, desc } = one;
  const fact = { module: cut(from), name: cut(name), kind: desc.kind, type: typeText(scope, desc) };
  if (host === undefined) return fact;
  const known = desc.kind === "function" ? host(from, name) : undefined;
  if (known === undefined) return { ...fact, problem: "unknown" };
  const { capability, type } = known;
  return {
    ...fact,
    ...(capability === undefined ? {} : { capability }),
    ...(type === undefined || type === fact.type ? {} : { problem: "signature" }),
  };
}

function capabilitiesOf(imports: readonly ImportFact[]): Readonly<Record<string, readonly string[]>> {
  const out = new Map<string, string[]>();
  for (const { capability, name } of imports) {
    if (capability === undefined) continue;
    const functions = out.get(capability) ?? [];
    functions.push(name);
    out.set(capability, functions);
  }
  return Object.fromEntries([...out].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Imported ones come first, as in their index space. */
const both = <T>(
  imported: readonly { readonly desc: { readonly type: T } }[],
  defined: readonly { readonly type: T }[],
): readonly { readonly type: T; readonly imported: boolean }[] => [
  ...imported.map(({ desc }) => ({ type: desc.type, imported: true })),
  ...defined.map(({ type }) => ({ type, imported: false })),
];

const bounds = ({ min, max }: Limits) => ({ min: Number(min), max: max === undefined ? null : Number(max) });

const memoryFact = ({ type, imported }: { type: MemoryType; imported: boolean }): LimitsFact => ({
  imported,
  type: memoryText(type),
  ...bounds(type.limits),
  pageBytes: 2 ** type.pageSizeLog2,
});

function functionFacts(module: Module, names: ReadonlyMap<number, string>, largest: number): ModuleFacts["functions"] {
  const imported = importsOf(module, "function").length;
  const all = module.code.map(({ body }, n) => ({ index: imported + n, at: body.start, size: body.end - body.start }));
  return {
    imported,
    defined: module.code.length,
    bytes: all.reduce((sum, { size }) => sum + size, 0),
    largest: all
      .sort((a, b) => b.size - a.size || a.index - b.index)
      .slice(0, largest)
      .map(({ index, at, size }) => ({ index, name: cutOrNull(names.get(index)), at, size })),
  };
}

const nameFact = ({ spaces, damaged }: ModuleNames) => ({ functions: spaces.function.size, damaged });

/** There are about twenty kinds of DWARF sections. */
const DWARF_MAX = 100;
/** A URL in a custom section of its own: a length, then text. */
const URL_BYTES_MAX = 4096;

function debugFact({ bytes, customs }: Module): ModuleFacts["debug"] {
  const dwarf = customs.filter(({ name }) => name.startsWith(".debug_"));
  const url = (name: string) => {
    const range = customs.find((one) => one.name === name)?.bytes;
    if (range === undefined) return null;
    const text = bytes.subarray(range.start, Math.min(range.end, range.start + URL_BYTES_MAX));
    const prefix = text.findIndex((byte) => byte < 128) + 1;
    return lossy(text.subarray(prefix));
  };
  return {
    dwarf: dwarf.slice(0, DWARF_MAX).map(({ name }) => cut(name)),
    dwarfBytes: dwarf.reduce((sum, { bytes: { start, end } }) => sum + end - start, 0),
    sourceMap: url("sourceMappingURL"),
    external: url("external_debug_info"),
  };
}
