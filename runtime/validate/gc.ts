/** Rules of structures, arrays, casts and i31 (core specification, sections 3.4.5, 3.4.6). */

import type { CodeReader } from "../module/code-reader.ts";
import type { FieldType } from "../module/module.ts";
import { opcode } from "../module/opcodes.ts";
import {
  ANYREF,
  asNonNull,
  BOTTOM,
  concrete,
  EQREF,
  EXTERNREF,
  HEAP,
  type HeapType,
  heapOf,
  I8,
  I16,
  I31REF,
  I32,
  isConcrete,
  isDefaultable,
  isNullable,
  isRef,
  refType,
  type ValType,
} from "../module/val-type.ts";
import { type Context, invalid, unpacked } from "./context.ts";
import { labelTypes, type Stacks } from "./stack.ts";

/** What a rule may look at. */
export interface Scope {
  readonly context: Context;
  readonly stacks: Stacks;
  readonly in: CodeReader;
}

export type Rule = (s: Scope) => void;

/** By dense opcode. */
export const gcRules = new Map<number, Rule>();
const on = (name: string, rule: Rule) => gcRules.set(opcode(name), rule);

const isPacked = (type: ValType) => type === I8 || type === I16;

function typeRef(s: Scope, nullable: boolean): { index: number; type: ValType } {
  const index = s.in.u32();
  return { index, type: refType(concrete(s.context.typeId(index, s.stacks.at)), nullable) };
}

on("struct.new", (s) => {
  const { index, type } = typeRef(s, false);
  const fields = s.context.struct(index, s.stacks.at);
  s.stacks.spend(fields.length);
  for (let n = fields.length - 1; n >= 0; n -= 1) s.stacks.pop(unpacked((fields[n] as FieldType).type));
  s.stacks.push(type);
});
on("struct.new_default", (s) => {
  const { index, type } = typeRef(s, false);
  const fields = s.context.struct(index, s.stacks.at);
  s.stacks.spend(fields.length);
  for (const field of fields) {
    if (!isDefaultable(field.type)) throw invalid("type mismatch: field type is not defaultable", s.stacks.at);
  }
  s.stacks.push(type);
});

function field(s: Scope): { field: FieldType; type: ValType } {
  const { index, type } = typeRef(s, true);
  const number = s.in.u32();
  const found = s.context.struct(index, s.stacks.at)[number];
  if (found === undefined) throw invalid(`unknown field ${number}`, s.stacks.at);
  return { field: found, type };
}

function checkPacked(s: Scope, type: ValType, extending: boolean): void {
  if (isPacked(type) !== extending) {
    const what = extending ? "field is not packed" : "field is packed: the get must extend its sign or not";
    throw invalid(`type mismatch: ${what}`, s.stacks.at);
  }
}

for (const [name, extending] of [
  ["struct.get", false],
  ["struct.get_s", true],
  ["struct.get_u", true],
] as const) {
  on(name, (s) => {
    const found = field(s);
    checkPacked(s, found.field.type, extending);
    s.stacks.pop(found.type);
    s.stacks.push(unpacked(found.field.type));
  });
}
on("struct.set", (s) => {
  const found = field(s);
  if (!found.field.mutable) throw invalid("immutable field", s.stacks.at);
  s.stacks.pop(unpacked(found.field.type));
  s.stacks.pop(found.type);
});

function arrayOf(s: Scope, nullable: boolean) {
  const { index, type } = typeRef(s, nullable);
  return { element: s.context.array(index, s.stacks.at), type };
}

function mutableArray(s: Scope) {
  const found = arrayOf(s, true);
  if (!found.element.mutable) throw invalid("immutable array", s.stacks.at);
  return found;
}

on("array.new", (s) => {
  const { element, type } = arrayOf(s, false);
  s.stacks.pop(I32);
  s.stacks.pop(unpacked(element.type));
  s.stacks.push(type);
});
on("array.new_default", (s) => {
  const { element, type } = arrayOf(s, false);
  if (!isDefaultable(element.type)) throw invalid("type mismatch: array type is not defaultable", s.stacks.at);
  s.stacks.pop(I32);
  s.stacks.push(type);
});
on("array.new_fixed", (s) => {
  const { element, type } = arrayOf(s, false);
  s.stacks.popRepeated(unpacked(element.type), s.in.u32());
  s.stacks.push(type);
});

function numericElement(s: Scope, type: ValType): void {
  if (isRef(type)) throw invalid("array type is not numeric or vector", s.stacks.at);
}

function segmentMatches(s: Scope, segment: ValType, type: ValType): void {
  if (!isRef(type) || !s.context.registry.matches(segment, type)) {
    throw invalid("type mismatch: element segment does not match the array's type", s.stacks.at);
  }
}

on("array.new_data", (s) => {
  const { element, type } = arrayOf(s, false);
  numericElement(s, element.type);
  s.context.data(s.in.u32(), s.stacks.at);
  s.stacks.pop(I32);
  s.stacks.pop(I32);
  s.stacks.push(type);
});
on("array.new_elem", (s) => {
  const { element, type } = arrayOf(s, false);
  segmentMatches(s, s.context.elementType(s.in.u32(), s.stacks.at), element.type);
  s.stacks.pop(I32);
  s.stacks.pop(I32);
  s.stacks.push(type);
});
for (const [name, extending] of [
  ["array.get", false],
  ["array.get_s", true],
  ["array.get_u", true],
] as const) {
  on(name, (s) => {
    const { element, type } = arrayOf(s, true);
    checkPacked(s, element.type, extending);
    s.stacks.pop(I32);
    s.stacks.pop(type);
    s.stacks.push(unpacked(element.type));
  });
}
on("array.set", (s) => {
  const { element, type } = mutableArray(s);
  s.stacks.pop(unpacked(element.type));
  s.stacks.pop(I32);
  s.stacks.pop(type);
});
on("array.len", (s) => {
  s.stacks.pop(refType(HEAP.array, true));
  s.stacks.push(I32);
});
on("array.fill", (s) => {
  const { element, type } = mutableArray(s);
  s.stacks.pop(I32);
  s.stacks.pop(unpacked(element.type));
  s.stacks.pop(I32);
  s.stacks.pop(type);
});
on("array.copy", (s) => {
  const to = mutableArray(s);
  const from = arrayOf(s, true);
  const same = from.element.type === to.element.type;
  if (
    !same &&
    (isPacked(from.element.type) ||
      isPacked(to.element.type) ||
      !s.context.registry.matches(from.element.type, to.element.type))
  ) {
    throw invalid("array types do not match", s.stacks.at);
  }
  s.stacks.pop(I32);
  s.stacks.pop(I32);
  s.stacks.pop(from.type);
  s.stacks.pop(I32);
  s.stacks.pop(to.type);
});
on("array.init_data", (s) => {
  const { element, type } = mutableArray(s);
  numericElement(s, element.type);
  s.context.data(s.in.u32(), s.stacks.at);
  s.stacks.popAll([type, I32, I32, I32]);
});
on("array.init_elem", (s) => {
  const { element, type } = mutableArray(s);
  segmentMatches(s, s.context.elementType(s.in.u32(), s.stacks.at), element.type);
  s.stacks.popAll([type, I32, I32, I32]);
});

// --- casts

/** The top of a heap type's hierarchy. */
export function topOf(context: Context, heap: HeapType): HeapType {
  const abstract = isConcrete(heap) ? (context.registry.matchesHeap(heap, HEAP.func) ? HEAP.func : HEAP.any) : heap;
  if (abstract === HEAP.func || abstract === HEAP.nofunc) return HEAP.func;
  if (abstract === HEAP.extern || abstract === HEAP.noextern) return HEAP.extern;
  if (abstract === HEAP.exn || abstract === HEAP.noexn) return HEAP.exn;
  return HEAP.any;
}

function heapType(s: Scope, nullable: boolean): ValType {
  return s.context.canonical(refType(s.in.heapType(), nullable), s.stacks.at);
}

for (const [name, nullable] of [
  ["ref.test", false],
  ["ref.test_null", true],
] as const) {
  on(name, (s) => {
    const type = heapType(s, nullable);
    s.stacks.pop(refType(topOf(s.context, heapOf(type)), true));
    s.stacks.push(I32);
  });
}
for (const [name, nullable] of [
  ["ref.cast", false],
  ["ref.cast_null", true],
] as const) {
  on(name, (s) => {
    const type = heapType(s, nullable);
    s.stacks.pop(refType(topOf(s.context, heapOf(type)), true));
    s.stacks.push(type);
  });
}
for (const name of ["br_on_cast", "br_on_cast_fail"] as const) {
  on(name, (s) => {
    const flags = s.in.byte();
    const frame = s.stacks.frame(s.in.u32());
    const from = heapType(s, (flags & 1) !== 0);
    const to = heapType(s, (flags & 2) !== 0);
    if (!s.context.registry.matches(to, from))
      throw invalid("type mismatch: cast to a type that is no subtype", s.stacks.at);
    const rest = isNullable(to) ? asNonNull(from) : from;
    const [taken, stays] = name === "br_on_cast" ? [to, rest] : [rest, to];
    s.stacks.pop(from);
    s.stacks.push(taken);
    if (labelTypes(frame).length === 0) throw invalid("type mismatch: the label takes no reference", s.stacks.at);
    s.stacks.passAll(labelTypes(frame));
    s.stacks.popAny();
    s.stacks.push(stays);
  });
}

on("any.convert_extern", (s) => {
  const type = s.stacks.pop(EXTERNREF);
  s.stacks.push(refType(HEAP.any, type !== BOTTOM && isNullable(type)));
});
on("extern.convert_any", (s) => {
  const type = s.stacks.pop(ANYREF);
  s.stacks.push(refType(HEAP.extern, type !== BOTTOM && isNullable(type)));
});
on("ref.i31", (s) => {
  s.stacks.pop(I32);
  s.stacks.push(refType(HEAP.i31, false));
});
for (const name of ["i31.get_s", "i31.get_u"]) {
  on(name, (s) => {
    s.stacks.pop(I31REF);
    s.stacks.push(I32);
  });
}
on("ref.eq", (s) => {
  s.stacks.pop(EQREF);
  s.stacks.pop(EQREF);
  s.stacks.push(I32);
});
