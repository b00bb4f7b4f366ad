/**
 * What the text of one module calls its parts: the names of the name section as identifiers, each used once, and the
 * plain index where there is none. Cut and told apart in such a way that assembled text prints the same again.
 */
import { importsOf, type Module } from "../module/module.ts";
import { functionNames, type ModuleNames, type NamedSpace, type NameMap, readNames } from "./names.ts";
import { identifier } from "./text.ts";

/** Longer names are cut: one of 100 kB at each of its uses would make any listing unreadable. */
const NAME_CHARS_MAX = 1000;
const SUFFIX_CHARS = 16;

const NONE: NameMap = new Map();
/** What may stand in a comment as it is. */
const IN_COMMENT = /^[\w.$:/#-]{1,100}$/;

export class Scope {
  readonly module: Module;
  readonly names: ModuleNames;
  readonly name: string | undefined;
  /** Of each function, imports first: its type's index. */
  readonly functionTypes: readonly number[];
  readonly importedFunctions: number;
  /** Of each function its name, else what it is imported or exported as. */
  readonly called: NameMap;
  readonly #spaces: Readonly<Record<NamedSpace, NameMap>>;
  readonly #fields = new Map<number, NameMap>();

  constructor(module: Module) {
    this.module = module;
    const imported = importsOf(module, "function").map(({ desc }) => desc.type);
    this.functionTypes = [...imported, ...module.functions];
    this.importedFunctions = imported.length;
    const names = readNames(module);
    this.names = names;
    this.called = functionNames(module, names);
    this.name = names.module === undefined ? undefined : identifier(cut(names.module));
    const { spaces } = names;
    this.#spaces = {
      function: unique(spaces.function),
      type: unique(spaces.type),
      table: unique(spaces.table),
      memory: unique(spaces.memory),
      global: unique(spaces.global),
      element: unique(spaces.element),
      data: unique(spaces.data),
      tag: unique(spaces.tag),
    };
  }

  /** As it is referred to: `$name` or the index. */
  use(space: NamedSpace, index: number): string {
    return this.#spaces[space].get(index) ?? String(index);
  }

  /** As it is introduced: `$name (;index;)`. */
  define(space: NamedSpace, index: number): string {
    const name = this.#spaces[space].get(index);
    return name === undefined ? `(;${index};)` : `${name} (;${index};)`;
  }

  /** The same for functions; one without a name of its own is followed by what it is imported or exported as. */
  useFunction(index: number): string {
    const name = this.#spaces.function.get(index);
    return name ?? [index, ...this.#comment(index)].join(" ");
  }

  defineFunction(index: number): string {
    const defined = this.define("function", index);
    return this.#spaces.function.has(index) ? defined : [defined, ...this.#comment(index)].join(" ");
  }

  #comment(index: number): readonly string[] {
    const outside = this.called.get(index);
    return outside !== undefined && IN_COMMENT.test(outside) ? [`(;${outside};)`] : [];
  }

  field(type: number, index: number): string | undefined {
    let known = this.#fields.get(type);
    if (known === undefined) {
      known = unique(this.names.fields.get(type) ?? NONE);
      this.#fields.set(type, known);
    }
    return known.get(index);
  }

  /** Identifiers of one function; made when it is printed. */
  locals(index: number): NameMap {
    return unique(this.names.locals.get(index) ?? NONE);
  }

  /** Names, not identifiers: blocks beside each other may share one, so the reader of the code tells them apart. */
  labels(index: number): NameMap {
    return this.names.labels.get(index) ?? NONE;
  }

  /** Parameters and results of a type index, when it is a function type. */
  signature(type: number) {
    const composite = this.module.types[type]?.composite;
    return composite?.kind === "func" ? composite : undefined;
  }
}

/** With room for a suffix. */
export const stem = (name: string): string => cut(name, NAME_CHARS_MAX - SUFFIX_CHARS);

export function cut(name: string, most: number = NAME_CHARS_MAX): string {
  if (name.length <= most) return name;
  // Not between the two halves of a character.
  return name.slice(0, NAME_CHARS_MAX - SUFFIX_CHARS).replace(/[\ud800-\udbff]$/, "");
}

function unique(names: NameMap): NameMap {
  if (names.size === 0) return NONE;
  const taken = new Set<string>();
  const counters = new Map<string, number>();
  const out = new Map<number, string>();
  for (const [index, full] of names) {
    let name = cut(full);
    if (taken.has(name)) {
      const base = stem(name);
      let n = counters.get(base) ?? 0;
      do {
        n += 1;
        name = `${base}.${n}`;
      } while (taken.has(name));
      counters.set(base, n);
    }
    taken.add(name);
    out.set(index, identifier(name));
  }
  return out;
}
