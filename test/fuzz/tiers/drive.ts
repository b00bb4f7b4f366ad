/**
 * A module → the same module as a test of itself: imports have become definitions, everything is exported under names
 * that are known here, and functions have been added that make seeded calls and write results, globals and tables as
 * bits into a memory of their own. No value passes through JavaScript, where bits of NaNs and vectors would be lost.
 */
import { type EncodableModule, encodeModule } from "../../../runtime/binary/encode.ts";
import { scanBody } from "../../../runtime/metered/scan.ts";
import {
  type ExternKind,
  type GlobalType,
  importsOf,
  type Limits,
  type Module,
  type TableType,
} from "../../../runtime/module/module.ts";
import {
  HEAP,
  heapOf,
  I32,
  isConcrete,
  isDefaultable,
  isRef,
  typeIndexOf,
  type ValType,
} from "../../../runtime/module/val-type.ts";
import type { Random } from "../random.ts";
import { HOST } from "./host.ts";
import { argument, SLOT, storeValue, writeNull } from "./observe.ts";
import { tameBodies } from "./tame.ts";
import { Writer } from "./write.ts";

/** Bounds of what a test may take. */
const CALLS_MAX = 14;
const RESULTS_MAX = 64;
const GLOBALS_MAX = 1000;
const TABLE_SHOWN = 64;
const BUDGET = 3000;
const PAGES_MAX = 4n;
const ELEMENTS_MAX = 300n;
/** Where tables are written, behind the globals. */
const TABLES_AT = GLOBALS_MAX * SLOT;

export interface Driven {
  readonly bytes: Uint8Array;
  readonly module: Module;
  /** Exports `call0` …; each leaves so many bytes at the beginning of the memory `seen`. */
  readonly calls: readonly { readonly function: number; readonly bytes: number }[];
  /** Index spaces: exports `f0` …, `m0` …, `t0` …, `g0` …, `e0` …. */
  readonly functions: number;
  readonly memories: number;
  /** True for tables of functions, whose elements are compared by index. */
  readonly tables: readonly boolean[];
  readonly tags: number;
}

/** Whether some instruction pays for more than itself, the drivers' own included: only exact fuel counts those fully. */
export function paysForMore(module: Module): boolean {
  const imported = importsOf(module, "function").length;
  return module.code.some(({ body }) => scanBody(module.bytes, body.start, body.end, imported).bulk.length > 0);
}

/** Undefined when the module cannot stand alone, or has nothing to call. */
export function drive(module: Module, random: Random, open: boolean): Omit<Driven, "module"> | undefined {
  const alone = standAlone(module, open);
  if (alone === undefined) return undefined;
  const types = alone.types.length;
  const all = [
    ...alone.imports.map(({ desc }) => (desc.kind === "function" ? desc.type : 0)),
    ...Array.from(alone.functions),
  ];
  const functions = all.length;
  const seen = alone.memories.length;
  const budget = alone.globals.length;
  const signatures = all.map((type) => {
    const composite = module.types[type]?.composite;
    if (composite?.kind !== "func") throw new Error("a function of no function type");
    return composite;
  });
  const calls: Driven["calls"][number][] = [];
  const drivers: Writer[] = [];
  const locals: (readonly { count: number; type: ValType }[])[] = [];
  for (let tries = 0; tries < CALLS_MAX * 2 && calls.length < CALLS_MAX && functions > 0; tries += 1) {
    const index = tries < functions ? tries : random.below(functions);
    const { params, results } = signatures[index] as (typeof signatures)[number];
    if (results.length > RESULTS_MAX) continue;
    const out = new Writer();
    out.i32(BUDGET).op("global.set", budget);
    if (!params.every((type) => argument(out, type, { module, functions: all, random }))) continue;
    out.op("call", index);
    for (let n = results.length - 1; n >= 0; n -= 1) out.op("local.set", n);
    for (const [n, type] of results.entries()) storeValue(out, seen, n * SLOT, type, module, n);
    calls.push({ function: index, bytes: results.length * SLOT });
    drivers.push(out.op("end"));
    locals.push(results.map((type) => ({ count: 1, type: isRef(type) ? type | NULLABLE : type })));
  }
  if (calls.length === 0) return undefined;
  drivers.push(dump(alone, module, seen));
  locals.push([{ count: 1, type: I32 }]);
  const spaces: readonly (readonly [ExternKind, string, number])[] = [
    ["function", "f", functions],
    ["memory", "m", seen],
    ["table", "t", alone.tables.length],
    ["tag", "e", alone.tags.length],
  ];
  const bytes = encodeModule({
    ...alone,
    types: [...module.types, { final: true, supers: [], composite: { kind: "func", params: [], results: [] } }],
    groups: [...module.groups, { start: types, count: 1 }],
    functions: [...Array.from(alone.functions), ...drivers.map(() => types)],
    memories: [...alone.memories, { type: SEEN }],
    globals: [...alone.globals, { type: { type: I32, mutable: true }, init: new Writer().i32(BUDGET).op("end").bytes }],
    exports: [
      ...spaces.flatMap(([kind, letter, count]) =>
        Array.from({ length: count }, (_, index) => ({ name: `${letter}${index}`, kind, index })),
      ),
      ...calls.map((_, n) => ({ name: `call${n}`, kind: "function" as const, index: functions + n })),
      { name: "dump", kind: "function", index: functions + calls.length },
      { name: "seen", kind: "memory", index: seen },
    ],
    code: [...alone.code, ...drivers.map((out, n) => ({ locals: locals[n] ?? [], body: out.bytes }))],
  });
  const tables = alone.tables.map(({ type }) => isFunction(type.element, module));
  return { bytes, calls, functions, memories: seen, tables, tags: alone.tags.length };
}

const NULLABLE = 0x10;
const smaller = (a: bigint, b: bigint) => (a - b < 0n ? a : b);
const SEEN = {
  limits: { min: 1n, max: 1n, address: "i32" },
  shared: false,
  pageSizeLog2: 16,
} as const;

function isFunction(type: ValType, module: Module): boolean {
  const heap = heapOf(type);
  return isConcrete(heap)
    ? module.types[typeIndexOf(heap)]?.composite.kind === "func"
    : heap === HEAP.func || heap === HEAP.nofunc;
}

/** Imports but the host's as definitions with their default values, sizes within bounds, bodies tamed. */
function standAlone(module: Module, open: boolean): EncodableModule | undefined {
  const functionImports = importsOf(module, "function");
  const hosted = functionImports.every((one) => one.module === HOST);
  const imported = {
    functions: functionImports.map(({ desc }) => desc.type),
    tables: importsOf(module, "table").map(({ desc }) => desc.type),
    memories: importsOf(module, "memory").map(({ desc }) => desc.type),
    globals: importsOf(module, "global").map(({ desc }) => desc.type),
    tags: importsOf(module, "tag").map(({ desc }) => desc.type),
  };
  if (imported.globals.some(({ type }) => !isDefaultable(type))) return undefined;
  if (imported.tables.some(({ element }) => !isDefaultable(element))) return undefined;
  const globals = [...imported.globals.map((type) => ({ type, init: initial(type) })), ...module.globals];
  const tables = [...imported.tables.map((type) => ({ type, init: undefined })), ...module.tables];
  const memories = [...imported.memories.map((type) => ({ type })), ...module.memories];
  if (tables.length > 8 || memories.length > 8 || globals.length > GLOBALS_MAX) return undefined;
  if (module.tags.length + imported.tags.length > 100 || module.functions.length > 2000) return undefined;
  const bounded = (limits: Limits, most: bigint, spare: bigint): Limits => {
    const min = smaller(limits.min, most);
    return { ...limits, min, max: smaller(limits.max ?? min + spare, min + spare) };
  };
  if (memories.some(({ type }) => type.pageSizeLog2 !== 16)) return undefined;
  return {
    ...module,
    imports: hosted ? functionImports : [],
    start: hosted ? module.start : undefined,
    customs: [],
    functions: [...(hosted ? [] : imported.functions), ...Array.from(module.functions)],
    globals,
    tables: tables.map(({ type, init }) => ({
      type: { ...type, limits: bounded(type.limits, ELEMENTS_MAX, 40n) },
      init,
    })),
    memories: memories.map(({ type }) => ({ type: { ...type, limits: bounded(type.limits, PAGES_MAX, 3n) } })),
    tags: [...imported.tags.map((type) => ({ type })), ...module.tags],
    code: [
      ...(hosted ? [] : imported.functions).map((type) => ({ locals: [], body: defaults(module, type) })),
      ...tameBodies(module, globals.length, open),
    ],
  };
}

const initial = ({ type }: GlobalType): Uint8Array => writeNull(new Writer(), type).op("end").bytes;

function defaults(module: Module, type: number): Uint8Array {
  const composite = module.types[type]?.composite;
  const out = new Writer();
  const results = composite?.kind === "func" ? composite.results : [];
  if (results.every(isDefaultable)) for (const one of results) writeNull(out, one);
  else out.op("unreachable");
  return out.op("end").bytes;
}

/** All globals, then of every table its size and what its first elements are. */
function dump(alone: EncodableModule, module: Module, seen: number): Writer {
  const out = new Writer();
  for (const [n, { type }] of alone.globals.entries()) {
    storeValue(out, seen, n * SLOT, type.type, module, () => out.op("global.get", n));
  }
  for (const [n, { type }] of alone.tables.entries()) dumpTable(out, n, type, module, seen);
  return out.op("end");
}

function dumpTable(out: Writer, n: number, { element, limits }: TableType, module: Module, seen: number): void {
  const at = TABLES_AT + n * (TABLE_SHOWN + 1) * SLOT;
  const wide = limits.address === "i64";
  out.i32(0).op("table.size", n);
  out.access(wide ? "i64.store" : "i32.store", seen, at);
  out.i32(0).op("local.set", 0);
  out.begin("loop").op("local.get", 0);
  if (wide) out.op("i64.extend_i32_u");
  out.op("table.size", n).op(wide ? "i64.lt_u" : "i32.lt_u");
  out.op("local.get", 0).i32(TABLE_SHOWN).op("i32.lt_u").op("i32.and").begin("if");
  const get = () => {
    out.op("local.get", 0);
    if (wide) out.op("i64.extend_i32_u");
    out.op("table.get", n);
  };
  const address = () => out.op("local.get", 0).i32(SLOT).op("i32.mul");
  storeValue(out, seen, at + SLOT, element, module, get, address);
  out.op("local.get", 0).i32(1).op("i32.add").op("local.set", 0).op("br", 1).op("end").op("end");
}
