/**
 * Types as far as C values need them: read entry by entry when first asked for, and named as C declares them. Chains
 * of types may be cyclic in damaged or hostile bytes, so that every way along them is bounded.
 */
import { Cursor } from "./cursor.ts";
import { isSigned } from "./literals.ts";
import { AT, TAG } from "./names.ts";
import { constantOf, type Entry, isBlock, sizeOf, type Unit } from "./unit.ts";
import { type Units, Walk } from "./units.ts";
import { Work } from "./work.ts";

export interface Field {
  readonly name: string | undefined;
  readonly type: number | undefined;
  /** Bytes from the beginning of the record; of a bit field, bits. */
  readonly at: number;
  /** Of a bit field. */
  readonly bits: number | undefined;
}

export type Type =
  | { readonly kind: "base"; readonly name: string; readonly size: number; readonly encoding: number }
  | { readonly kind: "pointer"; readonly mark: string; readonly target: number | undefined; readonly size: number }
  | { readonly kind: "typedef"; readonly name: string; readonly target: number | undefined }
  | { readonly kind: "qualified"; readonly word: string; readonly target: number | undefined }
  | {
      readonly kind: "record";
      readonly word: string;
      readonly name: string | undefined;
      readonly size: number;
      readonly complete: boolean;
      readonly fields: readonly Field[];
    }
  | { readonly kind: "array"; readonly target: number | undefined; readonly counts: readonly (number | undefined)[] }
  | {
      readonly kind: "enum";
      readonly name: string | undefined;
      readonly size: number;
      /** By the bits of the value as an unsigned number. */
      readonly names: ReadonlyMap<bigint, string>;
      readonly signed: boolean;
    }
  | {
      readonly kind: "function";
      readonly target: number | undefined;
      readonly parameters: readonly (number | undefined)[];
      readonly variadic: boolean;
    }
  | { readonly kind: "other"; readonly name: string };

/** Types, fields and enumerators that are kept. */
const TYPES_KEPT = 100_000;
/** Entries looked at for one question. */
const WORK_MAX = 500_000;
const CHAIN_MAX = 32;
/** Bytes of the widest integer. */
export const INTEGER_BYTES_MAX = 16;
const FIELDS_MAX = 500;
const ENUMERATORS_MAX = 5000;
const NAME_MAX = 200;
const NAME_DEPTH = 3;

export class Types {
  readonly #units: Units;
  readonly #known = new Map<number, Type | undefined>();
  readonly #names = new Map<number, string>();
  #kept = 0;
  #work = new Work(WORK_MAX);

  constructor(units: Units) {
    this.#units = units;
  }

  /** A new question: what has been spent on the one before is forgotten. */
  begin(): void {
    this.#work = new Work(WORK_MAX);
  }

  /** Undefined for void, and for what cannot be read. */
  at(offset: number | undefined): Type | undefined {
    if (offset === undefined) return undefined;
    if (!this.#work.spend()) return undefined;
    if (this.#known.has(offset)) return this.#known.get(offset);
    const entry = this.#units.entryAt(offset);
    const type = entry === undefined ? undefined : readType(entry, this.#work);
    this.#kept += 1 + (type?.kind === "record" ? type.fields.length : type?.kind === "enum" ? type.names.size : 0);
    if (this.#kept > TYPES_KEPT) {
      this.#known.clear();
      this.#kept = 0;
    }
    this.#known.set(offset, type);
    return type;
  }

  /** The type behind typedefs and qualifiers. */
  plain(offset: number | undefined): Type | undefined {
    let type = this.at(offset);
    for (let count = 0; count < CHAIN_MAX && (type?.kind === "typedef" || type?.kind === "qualified"); count += 1) {
      type = this.at(type.target);
    }
    return type;
  }

  /** Bytes of a value; 0 when nobody knows. */
  sizeOf(offset: number | undefined): number {
    let size = 1;
    let type = this.plain(offset);
    for (let count = 0; count < CHAIN_MAX && type?.kind === "array"; count += 1) {
      for (const one of type.counts) size *= one ?? 0;
      type = this.plain(type.target);
    }
    return type !== undefined && "size" in type ? size * type.size : 0;
  }

  /** As C declares it, without a name: `const char *`, `int (*)(int)`, `struct node *[4]`. */
  nameOf(offset: number | undefined): string {
    if (offset === undefined) return "void";
    let name = this.#names.get(offset);
    if (name === undefined) {
      name = this.#declare(offset, NAME_DEPTH);
      if (this.#names.size >= TYPES_KEPT) this.#names.clear();
      this.#names.set(offset, name);
    }
    return name;
  }

  #declare(offset: number | undefined, depth: number): string {
    let prefix = "";
    let inner = "";
    let at = offset;
    for (let count = 0; count < CHAIN_MAX; count += 1) {
      const type = this.at(at);
      switch (type?.kind) {
        case "qualified":
          if (this.#isPointer(type.target)) inner = inner === "" ? type.word : `${type.word} ${inner}`;
          else prefix = `${prefix}${type.word} `;
          break;
        case "pointer": {
          inner = type.mark + inner;
          const target = this.#unqualified(type.target)?.kind;
          if (target === "array" || target === "function") inner = `(${inner})`;
          break;
        }
        case "array":
          inner += type.counts.map((one) => `[${one ?? ""}]`).join("");
          break;
        case "function": {
          const parameters = depth === 0 ? ["..."] : type.parameters.map((one) => this.#declare(one, depth - 1));
          if (depth > 0 && type.variadic) parameters.push("...");
          inner += `(${parameters.length === 0 ? "void" : parameters.join(", ")})`;
          break;
        }
        default: {
          const gap = inner === "" || inner.startsWith("[") ? "" : " ";
          return cut(`${prefix}${terminalName(type, at)}${gap}${inner}`);
        }
      }
      at = type.target;
      if (inner.length > NAME_MAX) break;
    }
    return cut(`${prefix}? ${inner}`);
  }

  #unqualified(offset: number | undefined): Type | undefined {
    let type = this.at(offset);
    for (let count = 0; count < CHAIN_MAX && type?.kind === "qualified"; count += 1) type = this.at(type.target);
    return type;
  }

  #isPointer(offset: number | undefined): boolean {
    return this.#unqualified(offset)?.kind === "pointer";
  }
}

function cut(name: string): string {
  return name.length > NAME_MAX ? `${name.slice(0, NAME_MAX)}...` : name;
}

function terminalName(type: Type | undefined, offset: number | undefined): string {
  switch (type?.kind) {
    case undefined:
      return offset === undefined ? "void" : "?";
    case "record":
      return `${type.word} ${type.name ?? "{...}"}`;
    case "enum":
      return `enum ${type.name ?? "{...}"}`;
    case "base":
    case "typedef":
    case "other":
      return type.name;
    default:
      return "?";
  }
}

const QUALIFIERS: Readonly<Record<number, string>> = {
  [TAG.const_type]: "const",
  [TAG.volatile_type]: "volatile",
  [TAG.restrict_type]: "restrict",
  [TAG.atomic_type]: "_Atomic",
};
const POINTERS: Readonly<Record<number, string>> = {
  [TAG.pointer_type]: "*",
  [TAG.reference_type]: "&",
  [TAG.rvalue_reference_type]: "&&",
};
const RECORDS: Readonly<Record<number, string>> = {
  [TAG.structure_type]: "struct",
  [TAG.union_type]: "union",
  [TAG.class_type]: "class",
};

function readType(entry: Entry, work: Work): Type {
  const { unit, values, tag } = entry;
  const name = unit.text(values.get(AT.name));
  const target = unit.reference(values.get(AT.type));
  const size = sizeOf(unit, values.get(AT.byte_size));
  const mark = POINTERS[tag];
  if (mark !== undefined) return { kind: "pointer", mark, target, size: size ?? unit.addressSize };
  const word = QUALIFIERS[tag];
  if (word !== undefined) return { kind: "qualified", word, target };
  const record = RECORDS[tag];
  if (record !== undefined) {
    const complete = !values.has(AT.declaration);
    return { kind: "record", word: record, name, size: size ?? 0, complete, fields: readFields(entry, work) };
  }
  switch (tag) {
    case TAG.base_type:
      return { kind: "base", name: name ?? "?", size: size ?? 0, encoding: values.get(AT.encoding)?.number ?? 0 };
    case TAG.typedef:
      return { kind: "typedef", name: name ?? "?", target };
    case TAG.array_type:
      return { kind: "array", target, counts: readCounts(entry, work) };
    case TAG.enumeration_type:
      return readEnum(entry, name, Math.min(size ?? 0, INTEGER_BYTES_MAX), work);
    case TAG.subroutine_type:
      return readFunction(entry, target, work);
    default:
      return { kind: "other", name: name ?? "?" };
  }
}

/** The children of an entry that have one of the tags, `max` at most. */
function childrenOf(entry: Entry, tags: readonly number[], max: number, work: Work): Entry[] {
  const found: Entry[] = [];
  if (!entry.children) return found;
  const walk = new Walk(entry.unit, entry.next);
  while (found.length < max && work.spend() && walk.step()) {
    if (walk.depth !== 0 || !tags.includes(walk.tag)) continue;
    const child = walk.entry();
    if (child !== undefined) found.push(child);
  }
  return found;
}

function readFields(entry: Entry, work: Work): Field[] {
  // A member of a class that is shared by its values has no place in them.
  return childrenOf(entry, [TAG.member, TAG.inheritance], FIELDS_MAX, work)
    .filter(({ values }) => !values.has(AT.declaration))
    .map((child) => readField(child));
}

function readField({ unit, values }: Entry): Field {
  const name = unit.text(values.get(AT.name));
  const type = unit.reference(values.get(AT.type));
  const at = memberOffset(unit, values.get(AT.data_member_location));
  const bits = sizeOf(unit, values.get(AT.bit_size));
  if (bits === undefined) return { name, type, at, bits };
  const direct = sizeOf(unit, values.get(AT.data_bit_offset));
  if (direct !== undefined) return { name, type, at: direct, bits };
  // DWARF 2 and 3 count the bits of the storage unit from its most significant one.
  const storage = sizeOf(unit, values.get(AT.byte_size)) ?? 4;
  const fromTop = Number(constantOf(unit, values.get(AT.bit_offset)) ?? 0n);
  return { name, type, at: Math.max(0, (at + storage) * 8 - fromTop - bits), bits };
}

const OP_PLUS_UCONST = 0x23;

function memberOffset(unit: Unit, value: Parameters<typeof sizeOf>[1]): number {
  if (value === undefined || !isBlock(value.form)) return sizeOf(unit, value) ?? 0;
  const cursor = new Cursor(unit.sections.bytes, value.at, value.at + value.number);
  return cursor.u8() === OP_PLUS_UCONST ? cursor.uleb() : 0;
}

function readCounts(entry: Entry, work: Work): (number | undefined)[] {
  return childrenOf(entry, [TAG.subrange_type], CHAIN_MAX, work).map(({ unit, values }) => {
    const count = sizeOf(unit, values.get(AT.count));
    const upper = constantOf(unit, values.get(AT.upper_bound), true);
    return count ?? (upper === undefined || upper < -1n ? undefined : Number(upper) + 1);
  });
}

function readEnum(entry: Entry, name: string | undefined, size: number, work: Work): Type {
  const names = new Map<bigint, string>();
  let signed = false;
  for (const { unit, values } of childrenOf(entry, [TAG.enumerator], ENUMERATORS_MAX, work)) {
    const value = constantOf(unit, values.get(AT.const_value)) ?? 0n;
    if (value < 0n) signed = true;
    const pattern = BigInt.asUintN(size * 8, value);
    if (!names.has(pattern)) names.set(pattern, unit.text(values.get(AT.name)) ?? "?");
  }
  const underlying = entry.unit.entryAt(entry.unit.reference(entry.values.get(AT.type)) ?? -1);
  const encoding = underlying?.values.get(AT.encoding)?.number;
  if (encoding !== undefined && isSigned(encoding)) signed = true;
  return { kind: "enum", name, size, names, signed };
}

function readFunction(entry: Entry, target: number | undefined, work: Work): Type {
  const parameters = childrenOf(entry, [TAG.formal_parameter], CHAIN_MAX, work);
  const variadic = childrenOf(entry, [TAG.unspecified_parameters], 1, work).length > 0;
  return {
    kind: "function",
    target,
    variadic,
    parameters: parameters.map((one) => one.unit.reference(one.values.get(AT.type))),
  };
}
