/**
 * The functions of a module by address. Which unit holds an address is known for all units after one look at their
 * roots; the functions of a unit are listed when somebody first asks about one of them.
 */
import { lastAtOrBefore } from "./line-table.ts";
import { AT, TAG } from "./names.ts";
import { type AddressRange, rangesOf } from "./ranges.ts";
import type { Entry, Unit } from "./unit.ts";
import { type Units, Walk } from "./units.ts";
import { Work } from "./work.ts";

export interface FunctionAt extends AddressRange {
  readonly name: string;
  readonly unit: Unit;
  readonly entry: Entry;
}

interface Listed extends AddressRange {
  readonly offset: number;
}

/** What one pass over a unit finds. */
interface Contents {
  readonly functions: readonly Listed[];
  /** Variables outside functions, as many as are kept. */
  readonly globals: readonly number[];
  /** "space::Class::" of the functions that stand in one. */
  readonly prefixes: ReadonlyMap<number, string>;
}

/** Functions and entries of range lists that are read, all units together. */
const RANGES_MAX = 1_000_000;
const GLOBALS_MAX = 2000;
const PREFIX_MAX = 400;
/** Namespaces and classes inside each other. */
const SCOPES_MAX = 64;
const ORIGINS_MAX = 8;

export class Functions {
  readonly #units: Units;
  readonly #byAddress: (AddressRange & { readonly unit: Unit })[] = [];
  /** Units that do not say where their code is. */
  readonly #loose: Unit[] = [];
  readonly #work = new Work(RANGES_MAX);
  readonly #contents = new Map<Unit, Contents>();

  constructor(units: Units) {
    this.#units = units;
    for (const unit of units.all) {
      const ranges = unit.root === undefined ? [] : rangesOf(unit.root, this.#work);
      for (const { low, high } of ranges) this.#byAddress.push({ low, high, unit });
      if (ranges.length === 0) this.#loose.push(unit);
    }
    this.#byAddress.sort((a, b) => a.low - b.low);
  }

  at(address: number): FunctionAt | undefined {
    const index = lastAtOrBefore(0, this.#byAddress.length, (at) => (this.#byAddress[at]?.low ?? 0) <= address);
    const range = this.#byAddress[index];
    if (range !== undefined && address < range.high) return this.#inUnit(range.unit, address);
    for (const unit of this.#loose) {
      const found = this.#inUnit(unit, address);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Offsets of the variables of a unit that stand outside functions. */
  globalsOf(unit: Unit): readonly number[] {
    return this.#contentsOf(unit).globals;
  }

  #inUnit(unit: Unit, address: number): FunctionAt | undefined {
    const { functions } = this.#contentsOf(unit);
    const index = lastAtOrBefore(0, functions.length, (at) => (functions[at]?.low ?? 0) <= address);
    const listed = functions[index];
    const entry = listed === undefined || address >= listed.high ? undefined : unit.entryAt(listed.offset);
    if (listed === undefined || entry === undefined) return undefined;
    return { name: this.#nameOf(entry), low: listed.low, high: listed.high, unit, entry };
  }

  #nameOf(entry: Entry): string {
    for (const one of withOrigins(this.#units, entry)) {
      const name = one.unit.text(one.values.get(AT.name));
      if (name !== undefined) return `${this.#contentsOf(one.unit).prefixes.get(one.offset) ?? ""}${name}`;
    }
    return "?";
  }

  #contentsOf(unit: Unit): Contents {
    let contents = this.#contents.get(unit);
    if (contents === undefined) {
      contents = listContents(unit, this.#work);
      this.#contents.set(unit, contents);
    }
    return contents;
  }
}

/** An entry, and the ones that it completes: its declaration, or what it is an inlined copy of. */
export function* withOrigins(units: Units, entry: Entry): Generator<Entry> {
  let at: Entry | undefined = entry;
  for (let count = 0; at !== undefined && count < ORIGINS_MAX; count += 1) {
    yield at;
    at = units.entryAt(at.unit.reference(at.values.get(AT.abstract_origin) ?? at.values.get(AT.specification)));
  }
}

function listContents(unit: Unit, work: Work): Contents {
  const functions: Listed[] = [];
  const globals: number[] = [];
  const scopes = new Scopes(unit);
  const walk = new Walk(unit, unit.root?.next ?? unit.end);
  let functionDepth = Number.POSITIVE_INFINITY;
  while (walk.step()) {
    const { tag, depth, offset } = walk;
    if (depth <= functionDepth) functionDepth = Number.POSITIVE_INFINITY;
    const outside = functionDepth === Number.POSITIVE_INFINITY;
    if (outside) scopes.close(depth);
    if (tag === TAG.subprogram) {
      if (outside) {
        functionDepth = depth;
        if (work.spend()) scopes.note(offset);
      }
      const entry = walk.entry();
      if (entry === undefined) continue;
      for (const { low, high } of rangesOf(entry, work)) functions.push({ low, high, offset });
    } else if (outside && tag === TAG.variable && globals.length < GLOBALS_MAX) globals.push(offset);
    else if (outside && (tag === TAG.namespace || tag === TAG.structure_type || tag === TAG.class_type)) {
      scopes.open(offset, depth);
    }
  }
  functions.sort((a, b) => a.low - b.low);
  return { functions, globals, prefixes: scopes.prefixes };
}

/** The namespaces and classes around the entry that a walk is at. Their names are read only for functions in them. */
class Scopes {
  readonly prefixes = new Map<number, string>();
  readonly #unit: Unit;
  readonly #open: { readonly offset: number; readonly depth: number; prefix: string | undefined }[] = [];

  constructor(unit: Unit) {
    this.#unit = unit;
  }

  open(offset: number, depth: number): void {
    if (this.#open.length < SCOPES_MAX) this.#open.push({ offset, depth, prefix: undefined });
  }

  close(depth: number): void {
    while ((this.#open.at(-1)?.depth ?? -1) >= depth) this.#open.pop();
  }

  note(offset: number): void {
    const innermost = this.#open.at(-1);
    if (innermost === undefined) return;
    let prefix = "";
    for (const scope of this.#open) {
      scope.prefix ??= (prefix + this.#nameOf(scope.offset)).slice(0, PREFIX_MAX);
      prefix = scope.prefix;
    }
    this.prefixes.set(offset, prefix);
  }

  #nameOf(offset: number): string {
    const entry = this.#unit.entryAt(offset);
    return `${this.#unit.text(entry?.values.get(AT.name)) ?? "(anonymous)"}::`;
  }
}
