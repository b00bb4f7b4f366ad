/** References, fields and elements: leaves of expressions, and objects that are new or out of a local. */
import { writeHeapType, writeValType } from "../../../runtime/binary/encode-types.ts";
import {
  ANYREF,
  concrete,
  EXTERNREF,
  HEAP,
  heapOf,
  I31REF,
  I32,
  isConcrete,
  isRef,
  refType,
  typeIndexOf,
  V128,
  type ValType,
} from "../../../runtime/module/val-type.ts";
import { constant, writeNull } from "./observe.ts";
import { below, type Maker, nonNull, unpacked, wideTable } from "./program-maker.ts";
import { ARRAY_LENGTH, TABLE_LENGTH } from "./program-world.ts";

export function leaf(m: Maker, type: ValType): void {
  const { random, out, world } = m;
  const fits = (one: ValType) => world.matches(one, type);
  const locals = m.locals.flatMap((one, n) => (fits(one) ? [n] : []));
  if (locals.length > 0 && random.chance(0.6)) return void out.op("local.get", random.pick(locals));
  const globals = world.globals.flatMap((one, n) => (fits(one.type) ? [n] : []));
  if (globals.length > 0 && random.chance(0.4)) return void out.op("global.get", random.pick(globals));
  if (isRef(type)) simplest(m, type);
  else constant(out, type, random);
}

/** A field or element of the type, where objects hold such. */
export function field(m: Maker, type: ValType): void {
  const { random, out, world } = m;
  const found: (() => void)[] = [];
  for (const [index, { composite }] of world.types.entries()) {
    if (composite.kind === "func") continue;
    const fields = composite.kind === "struct" ? composite.fields : [composite.field];
    for (const [n, one] of fields.entries()) {
      const packed = !isRef(one.type) && one.type > V128;
      if (!(packed ? type === I32 : world.matches(one.type, type))) continue;
      const sign = packed ? random.pick(["_s", "_u"]) : "";
      found.push(() => {
        object(m, index);
        if (composite.kind === "struct") return void out.op(`struct.get${sign}`, index, n);
        below(m, ARRAY_LENGTH, false);
        out.op(`array.get${sign}`, index);
      });
    }
  }
  if (found.length === 0) leaf(m, type);
  else random.pick(found)();
}

export function reference(m: Maker, type: ValType): void {
  const { random, out, world } = m;
  if (random.chance(0.25)) return field(m, type);
  const tables = world.tables.flatMap((one, n) => (world.matches(one.element, type) ? [n] : []));
  if (tables.length > 0 && random.chance(0.4)) {
    const table = random.pick(tables);
    below(m, TABLE_LENGTH, wideTable(m, table));
    return void out.op("table.get", table);
  }
  if (isConcrete(heapOf(type)) && world.matches(type, ANYREF) && random.chance(0.15)) {
    // Down again by a cast that often fails to be needed, and at times fails.
    object(m, typeIndexOf(heapOf(type)), true);
    out.op("ref.cast_null");
    return writeHeapType(out, heapOf(type));
  }
  if (type === EXTERNREF) {
    m.value(m, ANYREF);
    return void out.op("extern.convert_any");
  }
  if (type === ANYREF && random.chance(0.3)) {
    m.value(m, EXTERNREF);
    return void out.op("any.convert_extern");
  }
  simplest(m, type);
}

/** A new reference, or null where nothing can be made. */
function simplest(m: Maker, type: ValType): void {
  const { random, out, world } = m;
  const heap = heapOf(type);
  const functions = world.functions.flatMap((one, n) => (world.matches(nonNull(one), type) ? [n] : []));
  if (functions.length > 0) return void out.op("ref.func", random.pick(functions));
  if (heap === HEAP.i31 || (random.chance(0.5) && world.matches(I31REF, type))) {
    if (m.fuel > 0) m.value(m, I32);
    else constant(out, I32, random);
    return void out.op("ref.i31");
  }
  const objects = world.types.flatMap(({ composite }, n) =>
    composite.kind !== "func" && world.matches(nonNull(n), type) ? [n] : [],
  );
  if (objects.length > 0 && random.chance(0.85)) return object(m, random.pick(objects));
  writeNull(out, type);
}

/** A struct or array of the type, new or out of a local. `boxed`: seen as anyref. */
export function object(m: Maker, index: number, boxed = false): void {
  const { random, out, world } = m;
  const locals = m.locals.flatMap((one, n) =>
    world.matches(one, boxed ? ANYREF : refType(concrete(index), true)) ? [n] : [],
  );
  if (locals.length > 0 && random.chance(0.3)) {
    const local = random.pick(locals);
    // Null or of another type at times: then it is replaced by a new one.
    out.op("local.get", local).op(boxed ? "ref.test_null" : "ref.is_null");
    if (boxed) writeHeapType(out, concrete(index));
    else out.op("i32.eqz");
    out.op("if");
    writeValType(out, boxed ? ANYREF : nonNull(index));
    out.op("local.get", local);
    if (!boxed) out.op("ref.as_non_null");
    out.op("else");
    m.labels.push(undefined);
    create(m, index);
    m.labels.pop();
    return void out.op("end");
  }
  create(m, index);
}

function create(m: Maker, index: number): void {
  const { random, out, world } = m;
  m.fuel -= 1;
  const composite = world.types[index]?.composite;
  if (composite?.kind === "struct") {
    if (m.fuel <= 0 || random.chance(0.4)) return void out.op("struct.new_default", index);
    for (const { type } of composite.fields) m.value(m, unpacked(type));
    return void out.op("struct.new", index);
  }
  if (composite?.kind !== "array") throw new Error("no object type");
  const type = unpacked(composite.field.type);
  const choice = m.fuel <= 0 ? 0 : random.below(6);
  if (choice <= 1) out.i32(ARRAY_LENGTH + random.below(4)).op("array.new_default", index);
  else if (choice <= 3) {
    for (let n = 0; n < ARRAY_LENGTH; n += 1) leaf(m, type);
    out.op("array.new_fixed", index, ARRAY_LENGTH);
  } else if (choice === 4 && isRef(type)) {
    const segment = world.elements.indexOf(composite.field.type);
    out.i32(0).i32(ARRAY_LENGTH).op("array.new_elem", index, segment);
  } else if (choice === 4) {
    out.i32(random.below(4)).i32(ARRAY_LENGTH).op("array.new_data", index, random.below(world.datas));
  } else {
    m.value(m, type);
    out.i32(ARRAY_LENGTH).op("array.new", index);
  }
}
