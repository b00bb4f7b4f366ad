/**
 * The variables that can be seen at an address: parameters and locals of the function and of the blocks and inlined
 * calls around the address, innermost first, then the unit's globals. A name that an inner scope takes hides the outer.
 */
import { isRemoved } from "./expression.ts";
import { type FunctionAt, type Functions, withOrigins } from "./functions.ts";
import { type Bytes, findInList } from "./location-list.ts";
import { AT, TAG } from "./names.ts";
import { covers } from "./ranges.ts";
import type { Types } from "./types.ts";
import { constantOf, type Entry, isBlock, type Unit } from "./unit.ts";
import { type Units, Walk } from "./units.ts";
import { Work } from "./work.ts";

/** How a variable's place or value is found in a frame. */
export type Location =
  | {
      readonly kind: "expression";
      readonly unit: Unit;
      readonly expression: Bytes;
      readonly frameBase: Bytes | undefined;
    }
  | { readonly kind: "constant"; readonly value: bigint }
  /** A constant too large for a number: its bytes as they would be in memory. */
  | { readonly kind: "bytes"; readonly unit: Unit; readonly bytes: Bytes }
  /** A part of another variable. */
  | { readonly kind: "memory"; readonly address: number }
  | { readonly kind: "optimized out" };

export interface Variable {
  readonly name: string;
  /** As C writes it: `struct node *`, `int[4]`. */
  readonly type: string;
  readonly kind: "parameter" | "local" | "global";
  readonly location: Location;
  /** Offset of the type's entry; undefined is void. */
  readonly typeAt: number | undefined;
}

const VARIABLES_MAX = 2000;
const WORK_MAX = 1_000_000;

export class Variables {
  readonly #units: Units;
  readonly #functions: Functions;
  readonly #types: Types;

  constructor(units: Units, functions: Functions, types: Types) {
    this.#units = units;
    this.#functions = functions;
    this.#types = types;
  }

  at(address: number): readonly Variable[] {
    const work = new Work(WORK_MAX);
    const found = this.#functions.at(address);
    if (found === undefined) return [];
    const frameBase = this.#place(found.entry, AT.frame_base, address, work);
    const seen = new Map<string, Variable>();
    const locals = localsAt(found, address, work).sort((a, b) => b.depth - a.depth);
    for (const { entry } of locals) this.#add(seen, entry, address, frameBase, work, false);
    for (const offset of this.#functions.globalsOf(found.unit)) {
      const entry = found.unit.entryAt(offset);
      if (entry !== undefined) this.#add(seen, entry, address, undefined, work, true);
    }
    return [...seen.values()];
  }

  #add(
    seen: Map<string, Variable>,
    entry: Entry,
    address: number,
    frameBase: Bytes | undefined,
    work: Work,
    global: boolean,
  ): void {
    let name: string | undefined;
    let typeAt: number | undefined;
    for (const one of withOrigins(this.#units, entry)) {
      name ??= one.unit.text(one.values.get(AT.name));
      typeAt ??= one.unit.reference(one.values.get(AT.type));
    }
    if (name === undefined || seen.has(name) || !work.spend(8)) return;
    const location = this.#locationOf(entry, address, frameBase, work);
    // A global without a place is a declaration, or one that the linker left out.
    if (global && location.kind === "optimized out") return;
    const kind = global ? "global" : entry.tag === TAG.formal_parameter ? "parameter" : "local";
    seen.set(name, { name, type: this.#types.nameOf(typeAt), kind, location, typeAt });
  }

  #locationOf(entry: Entry, address: number, frameBase: Bytes | undefined, work: Work): Location {
    for (const one of withOrigins(this.#units, entry)) {
      const constant = one.values.get(AT.const_value);
      const { unit } = one;
      if (constant !== undefined && isBlock(constant.form)) {
        return { kind: "bytes", unit, bytes: { at: constant.at, length: constant.number } };
      }
      const value = constantOf(unit, constant);
      if (value !== undefined) return { kind: "constant", value };
      const expression = this.#place(one, AT.location, address, work);
      if (expression !== undefined && !isRemoved(unit, expression))
        return { kind: "expression", unit, expression, frameBase };
    }
    return { kind: "optimized out" };
  }

  /** The expression of an attribute that is one, or a list of them by address. */
  #place(entry: Entry, attribute: number, address: number, work: Work): Bytes | undefined {
    const value = entry.values.get(attribute);
    if (value === undefined) return undefined;
    const bytes = isBlock(value.form)
      ? { at: value.at, length: value.number }
      : findInList(entry.unit, value, address, work);
    return bytes === undefined || bytes.length === 0 ? undefined : bytes;
  }
}

/** The entries of parameters and variables whose block is around the address, with the depth of that block. */
function localsAt(found: FunctionAt, address: number, work: Work): { entry: Entry; depth: number }[] {
  const locals: { entry: Entry; depth: number }[] = [];
  if (!found.entry.children) return locals;
  const walk = new Walk(found.unit, found.entry.next);
  let hidden = Number.POSITIVE_INFINITY;
  while (walk.step() && locals.length < VARIABLES_MAX) {
    const { tag, depth } = walk;
    if (depth > hidden) continue;
    hidden = Number.POSITIVE_INFINITY;
    if (tag === TAG.formal_parameter || tag === TAG.variable) {
      const entry = walk.entry();
      if (entry !== undefined) locals.push({ entry, depth });
    } else if (tag === TAG.lexical_block || tag === TAG.inlined_subroutine) {
      const entry = walk.entry();
      if (entry === undefined || !covers(entry, address, work)) hidden = depth;
    } else hidden = depth;
  }
  return locals;
}
