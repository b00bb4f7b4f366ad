/** Structures and arrays. Section 4.6.5 (aggregate instructions); every allocation is accounted for first. */
import { F64, I8, I16, I64, isRef, V128, type ValType } from "../../module/val-type.ts";
import { allocate } from "../gc-heap.ts";
import { arrayBytes, elementBytes, layoutOf, newElements, newWords, structBytes } from "../layout.ts";
import type { Machine, SlowHandler } from "../machine.ts";
import type { SlowName } from "../slow-ops.ts";
import { TRAP } from "../traps.ts";
import { ArrayRef, type Ref, StructRef } from "../value.ts";
import { int, pay, ref, setInt, setRef, word } from "./access.ts";
import { inBounds } from "./memory.ts";

const fieldsOf = (m: Machine, type: number) => layoutOf(m.composite(type, "struct").fields);
const elementOf = (m: Machine, type: number): ValType => m.composite(type, "array").field.type;

/** What a packed field keeps of an i32. */
const packed = (type: ValType, value: number): number =>
  type === I8 ? value & 255 : type === I16 ? value & 65535 : value;
const extended = (type: ValType, value: number, signed: boolean): number =>
  type === I8
    ? signed
      ? (value << 24) >> 24
      : value & 255
    : type === I16
      ? signed
        ? (value << 16) >> 16
        : value & 65535
      : value;

const structNew: SlowHandler = (m, pc, fp) => {
  const type = word(m, pc, 1);
  const layout = fieldsOf(m, type);
  if (!allocate(m, structBytes(layout))) return -TRAP.gcHeap;
  const words = newWords(layout.words);
  const refs: Ref[] = [];
  let at = fp + word(m, pc, 3);
  for (const field of layout.fields) {
    if (isRef(field.type)) refs.push(m.refs[at >> 1] as Ref);
    else {
      words[field.at] = packed(field.type, m.i32[at] as number);
      words[field.at + 1] = m.i32[at + 1] as number;
      if (field.type === V128) {
        words[field.at + 2] = m.i32[at + 2] as number;
        words[field.at + 3] = m.i32[at + 3] as number;
      }
    }
    at += field.type === V128 ? 4 : 2;
  }
  setRef(m, pc, fp, 2, new StructRef(type, words, refs));
  return pc + 4;
};

const structNewDefault: SlowHandler = (m, pc, fp) => {
  const type = word(m, pc, 1);
  const layout = fieldsOf(m, type);
  if (!allocate(m, structBytes(layout))) return -TRAP.gcHeap;
  const refs = new Array<Ref>(layout.refs).fill(null);
  setRef(m, pc, fp, 2, new StructRef(type, newWords(layout.words), refs));
  return pc + 3;
};

const structGet: SlowHandler = (m, pc, fp) => {
  const object = ref(m, pc, fp, 4);
  if (!(object instanceof StructRef)) return -TRAP.nullStruct;
  const field = fieldsOf(m, word(m, pc, 1)).fields[word(m, pc, 2)];
  if (field === undefined) throw new Error("no such field");
  const d = fp + word(m, pc, 3);
  if (isRef(field.type)) m.refs[d >> 1] = object.refs[field.at] as Ref;
  else {
    m.i32[d] = extended(field.type, object.words[field.at] as number, word(m, pc, 5) === 1);
    m.i32[d + 1] = object.words[field.at + 1] as number;
    if (field.type === V128) m.i32.set(object.words.subarray(field.at + 2, field.at + 4), d + 2);
  }
  return pc + 6;
};

const structSet: SlowHandler = (m, pc, fp) => {
  const object = ref(m, pc, fp, 3);
  if (!(object instanceof StructRef)) return -TRAP.nullStruct;
  const field = fieldsOf(m, word(m, pc, 1)).fields[word(m, pc, 2)];
  if (field === undefined) throw new Error("no such field");
  const b = fp + word(m, pc, 4);
  if (isRef(field.type)) object.refs[field.at] = m.refs[b >> 1] as Ref;
  else {
    object.words[field.at] = packed(field.type, m.i32[b] as number);
    object.words[field.at + 1] = m.i32[b + 1] as number;
    if (field.type === V128) object.words.set(m.i32.subarray(b + 2, b + 4), field.at + 2);
  }
  return pc + 5;
};

/** An array of this type and length with nothing in it yet, or undefined when the heap is full. */
function newArray(m: Machine, type: number, length: number): ArrayRef | undefined {
  const element = elementOf(m, type);
  if (!allocate(m, arrayBytes(element, length))) return undefined;
  pay(m, length / 8);
  return new ArrayRef(type, length, newElements(element, length));
}

/** Fills [at, at + count) with what lies in the slot `from`. */
function fillFrom(m: Machine, array: ArrayRef, at: number, count: number, from: number): void {
  const { elements } = array;
  const type = elementOf(m, array.type);
  if (Array.isArray(elements)) elements.fill(m.refs[from >> 1] as Ref, at, at + count);
  else if (type === V128 || type === I64 || type === F64) {
    const width = type === V128 ? 4 : 2;
    const value = m.i32.slice(from, from + width);
    for (let n = at; n < at + count; n += 1) elements.set(value, n * width);
  } else elements.fill(m.i32[from] as number, at, at + count);
}

const arrayNew: SlowHandler = (m, pc, fp) => {
  const length = int(m, pc, fp, 4) >>> 0;
  const array = newArray(m, word(m, pc, 1), length);
  if (array === undefined) return -TRAP.gcHeap;
  fillFrom(m, array, 0, length, fp + word(m, pc, 3));
  setRef(m, pc, fp, 2, array);
  return pc + 5;
};

const arrayNewDefault: SlowHandler = (m, pc, fp) => {
  const array = newArray(m, word(m, pc, 1), int(m, pc, fp, 3) >>> 0);
  if (array === undefined) return -TRAP.gcHeap;
  setRef(m, pc, fp, 2, array);
  return pc + 4;
};

const arrayNewFixed: SlowHandler = (m, pc, fp) => {
  const count = word(m, pc, 4);
  const array = newArray(m, word(m, pc, 1), count);
  if (array === undefined) return -TRAP.gcHeap;
  let at = fp + word(m, pc, 3);
  const step = elementOf(m, array.type) === V128 ? 4 : 2;
  for (let n = 0; n < count; n += 1) {
    fillFrom(m, array, n, 1, at);
    at += step;
  }
  setRef(m, pc, fp, 2, array);
  return pc + 5;
};

/** Copies little-endian bytes into elements. */
function fillBytes(array: ArrayRef, type: ValType, at: number, bytes: Uint8Array): void {
  const { elements } = array;
  if (Array.isArray(elements)) throw new Error("references have no bytes");
  new Uint8Array(elements.buffer).set(bytes, at * elementBytes(type));
}

const arrayNewData: SlowHandler = (m, pc, fp) => {
  const type = word(m, pc, 1);
  const data = m.datas[word(m, pc, 2)] as Uint8Array;
  const source = int(m, pc, fp, 4) >>> 0;
  const length = int(m, pc, fp, 5) >>> 0;
  const element = elementOf(m, type);
  const bytes = length * elementBytes(element);
  if (!inBounds(data.length, source, bytes)) return -TRAP.memoryBounds;
  const array = newArray(m, type, length);
  if (array === undefined) return -TRAP.gcHeap;
  fillBytes(array, element, 0, data.subarray(source, source + bytes));
  setRef(m, pc, fp, 3, array);
  return pc + 6;
};

const arrayNewElem: SlowHandler = (m, pc, fp) => {
  const segment = m.elementSegments[word(m, pc, 2)] as readonly Ref[];
  const source = int(m, pc, fp, 4) >>> 0;
  const length = int(m, pc, fp, 5) >>> 0;
  if (!inBounds(segment.length, source, length)) return -TRAP.tableBounds;
  const array = newArray(m, word(m, pc, 1), length);
  if (array === undefined) return -TRAP.gcHeap;
  for (let n = 0; n < length; n += 1) (array.elements as Ref[])[n] = segment[source + n] as Ref;
  setRef(m, pc, fp, 3, array);
  return pc + 6;
};

const arrayGet: SlowHandler = (m, pc, fp) => {
  const array = ref(m, pc, fp, 3);
  if (!(array instanceof ArrayRef)) return -TRAP.nullArray;
  const index = int(m, pc, fp, 4) >>> 0;
  if (index >= array.length) return -TRAP.arrayBounds;
  const type = elementOf(m, array.type);
  const d = fp + word(m, pc, 2);
  const { elements } = array;
  if (Array.isArray(elements)) m.refs[d >> 1] = elements[index] as Ref;
  else if (type === V128) m.i32.set(elements.subarray(index * 4, index * 4 + 4), d);
  else if (type === I64 || type === F64) {
    m.i32[d] = elements[index * 2] as number;
    m.i32[d + 1] = elements[index * 2 + 1] as number;
  } else m.i32[d] = extended(type, elements[index] as number, word(m, pc, 5) === 1);
  return pc + 6;
};

const arraySet: SlowHandler = (m, pc, fp) => {
  const array = ref(m, pc, fp, 2);
  if (!(array instanceof ArrayRef)) return -TRAP.nullArray;
  const index = int(m, pc, fp, 3) >>> 0;
  if (index >= array.length) return -TRAP.arrayBounds;
  fillFrom(m, array, index, 1, fp + word(m, pc, 4));
  return pc + 5;
};

const arrayLength: SlowHandler = (m, pc, fp) => {
  const array = ref(m, pc, fp, 2);
  if (!(array instanceof ArrayRef)) return -TRAP.nullArray;
  setInt(m, pc, fp, 1, array.length | 0);
  return pc + 3;
};

const arrayFill: SlowHandler = (m, pc, fp) => {
  const array = ref(m, pc, fp, 2);
  if (!(array instanceof ArrayRef)) return -TRAP.nullArray;
  const at = int(m, pc, fp, 3) >>> 0;
  const count = int(m, pc, fp, 5) >>> 0;
  if (!inBounds(array.length, at, count)) return -TRAP.arrayBounds;
  pay(m, count / 8);
  fillFrom(m, array, at, count, fp + word(m, pc, 4));
  return pc + 6;
};

const arrayCopy: SlowHandler = (m, pc, fp) => {
  const to = ref(m, pc, fp, 3);
  const from = ref(m, pc, fp, 5);
  if (!(to instanceof ArrayRef) || !(from instanceof ArrayRef)) return -TRAP.nullArray;
  const target = int(m, pc, fp, 4) >>> 0;
  const source = int(m, pc, fp, 6) >>> 0;
  const count = int(m, pc, fp, 7) >>> 0;
  if (!inBounds(to.length, target, count) || !inBounds(from.length, source, count)) return -TRAP.arrayBounds;
  pay(m, count / 8);
  const type = elementOf(m, to.type);
  const width = type === V128 ? 4 : type === I64 || type === F64 ? 2 : 1;
  if (Array.isArray(to.elements) && Array.isArray(from.elements)) {
    if (to === from) to.elements.copyWithin(target, source, source + count);
    else for (let n = 0; n < count; n += 1) to.elements[target + n] = from.elements[source + n] as Ref;
  } else if (!Array.isArray(to.elements) && !Array.isArray(from.elements)) {
    to.elements.set(from.elements.subarray(source * width, (source + count) * width), target * width);
  }
  return pc + 8;
};

const arrayInitData: SlowHandler = (m, pc, fp) => {
  const array = ref(m, pc, fp, 3);
  if (!(array instanceof ArrayRef)) return -TRAP.nullArray;
  const data = m.datas[word(m, pc, 2)] as Uint8Array;
  const type = elementOf(m, array.type);
  const target = int(m, pc, fp, 4) >>> 0;
  const source = int(m, pc, fp, 5) >>> 0;
  const count = int(m, pc, fp, 6) >>> 0;
  if (!inBounds(array.length, target, count)) return -TRAP.arrayBounds;
  const bytes = count * elementBytes(type);
  if (!inBounds(data.length, source, bytes)) return -TRAP.memoryBounds;
  pay(m, bytes / 64);
  fillBytes(array, type, target, data.subarray(source, source + bytes));
  return pc + 7;
};

const arrayInitElem: SlowHandler = (m, pc, fp) => {
  const array = ref(m, pc, fp, 3);
  if (!(array instanceof ArrayRef)) return -TRAP.nullArray;
  const segment = m.elementSegments[word(m, pc, 2)] as readonly Ref[];
  const target = int(m, pc, fp, 4) >>> 0;
  const source = int(m, pc, fp, 5) >>> 0;
  const count = int(m, pc, fp, 6) >>> 0;
  if (!inBounds(array.length, target, count)) return -TRAP.arrayBounds;
  if (!inBounds(segment.length, source, count)) return -TRAP.tableBounds;
  pay(m, count / 8);
  for (let n = 0; n < count; n += 1) (array.elements as Ref[])[target + n] = segment[source + n] as Ref;
  return pc + 7;
};

export const gcHandlers: Partial<Record<SlowName, SlowHandler>> = {
  "struct.new": structNew,
  "struct.new_default": structNewDefault,
  "struct.get": structGet,
  "struct.set": structSet,
  "array.new": arrayNew,
  "array.new_default": arrayNewDefault,
  "array.new_fixed": arrayNewFixed,
  "array.new_data": arrayNewData,
  "array.new_elem": arrayNewElem,
  "array.get": arrayGet,
  "array.set": arraySet,
  "array.len": arrayLength,
  "array.fill": arrayFill,
  "array.copy": arrayCopy,
  "array.init_data": arrayInitData,
  "array.init_elem": arrayInitElem,
};
