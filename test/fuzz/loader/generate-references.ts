/** Instructions of references, structures and arrays. */
import {
  ANYREF,
  asNonNull,
  concrete,
  EQREF,
  EXTERNREF,
  HEAP,
  heapOf,
  I31REF,
  I32,
  isDefaultable,
  isNullable,
  isRef,
  refType,
  type ValType,
} from "../../../runtime/module/val-type.ts";
import type { Body } from "./generate-body.ts";
import { anyRef, find, type Weighted } from "./generate-instructions.ts";

function references(body: Body): void {
  const { random, shape } = body;
  const type = anyRef(body);
  const top = refType(shape.space.top(heapOf(type)), true);
  const one = (name: string, takes: readonly ValType[], gives: ValType) => {
    body.need(...takes);
    body.op(name);
    body.push(gives);
  };
  switch (random.below(10)) {
    case 0:
      return one("ref.is_null", [type], I32);
    case 1:
      return one("ref.as_non_null", [type], asNonNull(type));
    case 2:
      return one("ref.eq", [EQREF, EQREF], I32);
    case 3:
    case 4: {
      one(isNullable(type) ? "ref.test_null" : "ref.test", [top], I32);
      return body.heap(type);
    }
    case 5: {
      one(isNullable(type) ? "ref.cast_null" : "ref.cast", [top], type);
      return body.heap(type);
    }
    case 6:
      return one("ref.i31", [I32], refType(HEAP.i31, false));
    case 7:
      return one(random.pick(["i31.get_s", "i31.get_u"]), [I31REF], I32);
    case 8:
      return one("any.convert_extern", [EXTERNREF], ANYREF);
    default:
      return one("extern.convert_any", [ANYREF], EXTERNREF);
  }
}

const isPacked = (type: ValType) => type > 5 && !isRef(type);
const unpacked = (type: ValType) => (isPacked(type) ? I32 : type);

function structs(body: Body): void {
  const { random, shape } = body;
  const index = find(random, shape.space.types, ({ composite }) => composite.kind === "struct");
  const composite = index === undefined ? undefined : shape.space.composite(index);
  if (index === undefined || composite?.kind !== "struct") return;
  const { fields } = composite;
  const self = refType(concrete(index), true);
  if (fields.length === 0 || random.chance(0.2)) {
    const defaulted = fields.every(({ type }) => isDefaultable(type)) && random.chance(0.6);
    if (!defaulted) body.need(...fields.map(({ type }) => unpacked(type)));
    body.op(defaulted ? "struct.new_default" : "struct.new");
    body.u32(index);
    return body.push(asNonNull(self));
  }
  const number = random.below(fields.length);
  const field = fields[number];
  if (field === undefined) return;
  const set = field.mutable && random.chance(0.5);
  if (set) body.need(self, unpacked(field.type));
  else body.need(self);
  body.op(set ? "struct.set" : isPacked(field.type) ? random.pick(["struct.get_s", "struct.get_u"]) : "struct.get");
  body.u32(index);
  body.u32(number);
  if (!set) body.push(unpacked(field.type));
}

function arrays(body: Body): void {
  const { random, shape } = body;
  const index = find(random, shape.space.types, ({ composite }) => composite.kind === "array");
  const composite = index === undefined ? undefined : shape.space.composite(index);
  if (index === undefined || composite?.kind !== "array") return;
  const { type, mutable } = composite.field;
  const self = refType(concrete(index), true);
  const write = (name: string, takes: readonly ValType[], gives: readonly ValType[], ...more: readonly number[]) => {
    body.need(...takes);
    body.op(name);
    body.u32(index);
    for (const one of more) body.u32(one);
    body.push(...gives);
  };
  const made = [asNonNull(self)];
  const segment = isRef(type) ? find(random, shape.elements, (one) => body.matches(one, type)) : undefined;
  switch (random.below(10)) {
    case 0:
      return write("array.new", [unpacked(type), I32], made);
    case 1:
      return isDefaultable(type) ? write("array.new_default", [I32], made) : undefined;
    case 2: {
      const count = random.small(5);
      return write(
        "array.new_fixed",
        Array.from({ length: count }, () => unpacked(type)),
        made,
        count,
      );
    }
    case 3:
      if (segment !== undefined) return write("array.new_elem", [I32, I32], made, segment);
      return isRef(type) || shape.datas === 0 ? undefined : write("array.new_data", [I32, I32], made, 0);
    case 4:
      return write(
        isPacked(type) ? random.pick(["array.get_s", "array.get_u"]) : "array.get",
        [self, I32],
        [unpacked(type)],
      );
    case 5:
      return mutable ? write("array.set", [self, I32, unpacked(type)], []) : undefined;
    case 6:
      return mutable ? write("array.fill", [self, I32, unpacked(type), I32], []) : undefined;
    case 7: {
      const other = random.chance(0.6);
      const from = find(
        random,
        shape.space.types,
        (one, n) =>
          one.composite.kind === "array" &&
          !(other && n === index) &&
          (one.composite.field.type === type ||
            (isRef(type) && (body.matches(one.composite.field.type, type) || body.slips()))),
      );
      if (!mutable || from === undefined) return;
      return write("array.copy", [self, I32, refType(concrete(from), true), I32, I32], [], from);
    }
    case 8:
      if (!mutable) return;
      if (segment !== undefined) return write("array.init_elem", [self, I32, I32, I32], [], segment);
      return isRef(type) || shape.datas === 0 ? undefined : write("array.init_data", [self, I32, I32, I32], [], 0);
    default:
      body.need(refType(HEAP.array, true));
      body.op("array.len");
      body.push(I32);
  }
}

export const REFERENCES: readonly Weighted[] = [
  [10, references],
  [10, structs],
  [16, arrays],
];
