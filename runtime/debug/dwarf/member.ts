/**
 * Parts of variables as C names them: `readings[2].value`, `node->next->text`, `*count`. Only places in memory have parts
 * here; what lies outside a declared array, and bit fields, are not there.
 */
import { bytesAt, type FrameAccess, type Place } from "./expression.ts";
import type { Field, Type, Types } from "./types.ts";
import { placeOf } from "./values.ts";
import type { Variable } from "./variables.ts";

export type Step =
  | { readonly kind: "member"; readonly name: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "target" };

export interface Path {
  readonly name: string;
  readonly steps: readonly Step[];
}

const STEPS_MAX = 64;
/** Records without a name inside each other. */
const NESTING_MAX = 4;
const WHOLE = /^(\**)([A-Za-z_$][\w$:]*)((?:(?:\.|->)[A-Za-z_$][\w$]*|\[\d{1,9}\])*)$/;
const PART = /(?:\.|->)([A-Za-z_$][\w$]*)|\[(\d+)\]/g;

/** Undefined when the text is no path. */
export function parsePath(text: string): Path | undefined {
  const [, stars, name, parts] = WHOLE.exec(text) ?? [];
  if (stars === undefined || name === undefined || parts === undefined) return undefined;
  const steps: Step[] = [];
  for (const [, member, index] of parts.matchAll(PART)) {
    steps.push(member === undefined ? { kind: "index", index: Number(index) } : { kind: "member", name: member });
  }
  for (const _ of stars) steps.push({ kind: "target" });
  return steps.length > STEPS_MAX ? undefined : { name, steps };
}

/** The part that the steps lead to, as a variable of its own. */
export function memberOf(
  types: Types,
  variable: Variable,
  steps: readonly Step[],
  access: FrameAccess,
): Variable | undefined {
  const place = placeOf(variable, access);
  if (place === undefined) return undefined;
  if (steps.length === 0) return variable;
  let at: Part = { place, typeAt: variable.typeAt, dimensions: undefined };
  for (const step of steps) {
    const next = follow(types, at, step, access);
    if (next === undefined) return undefined;
    at = next;
  }
  if (at.place.kind !== "memory" || at.dimensions !== undefined) return undefined;
  const { address } = at.place;
  return {
    name: variable.name,
    type: types.nameOf(at.typeAt),
    kind: variable.kind,
    location: { kind: "memory", address },
    typeAt: at.typeAt,
  };
}

interface Part {
  readonly place: Place;
  readonly typeAt: number | undefined;
  /** Of an array that was indexed fewer times than it has dimensions: the element type is in `typeAt`. */
  readonly dimensions: readonly (number | undefined)[] | undefined;
}

function follow(types: Types, at: Part, step: Step, access: FrameAccess): Part | undefined {
  const type = types.plain(at.typeAt);
  if (at.dimensions !== undefined) {
    return step.kind === "index" ? element(types, at.place, at.typeAt, at.dimensions, step.index) : undefined;
  }
  switch (step.kind) {
    case "target":
      return type?.kind === "pointer" ? target(type, at.place, 0, access) : undefined;
    case "index":
      if (type?.kind === "array") return element(types, at.place, type.target, type.counts, step.index);
      return type?.kind === "pointer"
        ? target(type, at.place, step.index * types.sizeOf(type.target), access)
        : undefined;
    case "member": {
      const whole = type?.kind === "pointer" ? target(type, at.place, 0, access) : at;
      const record = types.plain(whole?.typeAt);
      if (whole?.place.kind !== "memory" || record?.kind !== "record") return undefined;
      const found = fieldOf(types, record, step.name, 0);
      if (found === undefined || found.field.bits !== undefined) return undefined;
      return { place: moved(whole.place, found.at), typeAt: found.field.type, dimensions: undefined };
    }
  }
}

function element(
  types: Types,
  place: Place,
  typeAt: number | undefined,
  [count, ...inner]: readonly (number | undefined)[],
  index: number,
): Part | undefined {
  if (place.kind !== "memory" || (count !== undefined && index >= count)) return undefined;
  const size = inner.reduce<number>((product, one) => product * (one ?? 0), types.sizeOf(typeAt));
  return { place: moved(place, index * size), typeAt, dimensions: inner.length === 0 ? undefined : inner };
}

function target(type: Type & { kind: "pointer" }, place: Place, offset: number, access: FrameAccess): Part | undefined {
  const bytes = type.size > 8 ? undefined : bytesAt(place, type.size, access);
  if (bytes === undefined) return undefined;
  let address = 0;
  for (const [n, byte] of bytes.entries()) address += byte * 2 ** (8 * n);
  const there: Place = { kind: "memory", address: address + offset };
  return address === 0 ? undefined : { place: there, typeAt: type.target, dimensions: undefined };
}

const moved = (place: Place & { kind: "memory" }, by: number): Place => ({
  kind: "memory",
  address: place.address + by,
});

function fieldOf(
  types: Types,
  record: Type & { kind: "record" },
  name: string,
  depth: number,
): { readonly field: Field; readonly at: number } | undefined {
  for (const field of record.fields) {
    if (field.name === name) return { field, at: field.at };
    const inner = field.name === undefined && depth < NESTING_MAX ? types.plain(field.type) : undefined;
    const found = inner?.kind === "record" ? fieldOf(types, inner, name, depth + 1) : undefined;
    if (found !== undefined) return { field: found.field, at: field.at + found.at };
  }
  return undefined;
}
