/** References, casts, and moves of what the loop does not move itself. Sections 4.6.3 to 4.6.5, 4.3.4. */
import { HEAP, heapOf, isConcrete, isNullable, typeIndexOf, type ValType } from "../../module/val-type.ts";
import type { Machine, SlowHandler } from "../machine.ts";
import type { SlowName } from "../slow-ops.ts";
import { TRAP } from "../traps.ts";
import { ArrayRef, ExceptionRef, FunctionInstance, type Ref, StructRef } from "../value.ts";
import { int, ref, setInt, setRef, word } from "./access.ts";

/** Does the value have the reference type (canonical ids)? Section 4.3.4, reference typing; 3.3.3, matching. */
export function hasType(m: Machine, value: Ref, type: ValType): boolean {
  if (value === null) return isNullable(type);
  const heap = heapOf(type);
  if (isConcrete(heap)) {
    const wanted = typeIndexOf(heap);
    return (
      (value instanceof StructRef || value instanceof ArrayRef || value instanceof FunctionInstance) &&
      m.registry.isSubtype(value.type, wanted)
    );
  }
  switch (heap) {
    case HEAP.any:
    case HEAP.extern:
      return true;
    case HEAP.func:
      return value instanceof FunctionInstance;
    case HEAP.exn:
      return value instanceof ExceptionRef;
    case HEAP.i31:
      return typeof value === "number";
    case HEAP.struct:
      return value instanceof StructRef;
    case HEAP.array:
      return value instanceof ArrayRef;
    case HEAP.eq:
      return typeof value === "number" || value instanceof StructRef || value instanceof ArrayRef;
    default:
      return false;
  }
}

const nothing: SlowHandler = (m, pc, fp) => {
  setRef(m, pc, fp, 1, null);
  return pc + 2;
};

const func: SlowHandler = (m, pc, fp) => {
  setRef(m, pc, fp, 1, m.functions[word(m, pc, 2)] as FunctionInstance);
  return pc + 3;
};

const isNull: SlowHandler = (m, pc, fp) => {
  setInt(m, pc, fp, 1, ref(m, pc, fp, 2) === null ? 1 : 0);
  return pc + 3;
};

const equal: SlowHandler = (m, pc, fp) => {
  setInt(m, pc, fp, 1, ref(m, pc, fp, 2) === ref(m, pc, fp, 3) ? 1 : 0);
  return pc + 4;
};

const asNonNull: SlowHandler = (m, pc, fp) => {
  const value = ref(m, pc, fp, 2);
  if (value === null) return -TRAP.nullReference;
  setRef(m, pc, fp, 1, value);
  return pc + 3;
};

const test: SlowHandler = (m, pc, fp) => {
  setInt(m, pc, fp, 1, hasType(m, ref(m, pc, fp, 2), word(m, pc, 3)) ? 1 : 0);
  return pc + 4;
};

const cast: SlowHandler = (m, pc, fp) => {
  const value = ref(m, pc, fp, 2);
  if (!hasType(m, value, word(m, pc, 3))) return -TRAP.castFailure;
  setRef(m, pc, fp, 1, value);
  return pc + 4;
};

/** The same object stands for itself on both sides of the extern boundary. */
const same: SlowHandler = (m, pc, fp) => {
  setRef(m, pc, fp, 1, ref(m, pc, fp, 2));
  return pc + 3;
};

const i31: SlowHandler = (m, pc, fp) => {
  setRef(m, pc, fp, 1, int(m, pc, fp, 2) & 0x7fffffff);
  return pc + 3;
};

const i31Get: SlowHandler = (m, pc, fp) => {
  const value = ref(m, pc, fp, 2);
  if (typeof value !== "number") return -TRAP.nullI31;
  setInt(m, pc, fp, 1, word(m, pc, 3) === 1 ? (value << 1) >> 1 : value);
  return pc + 4;
};

const select128: SlowHandler = (m, pc, fp) => {
  const from = fp + word(m, pc, int(m, pc, fp, 4) !== 0 ? 2 : 3);
  m.i32.copyWithin(fp + word(m, pc, 1), from, from + 4);
  return pc + 5;
};

const selectRef: SlowHandler = (m, pc, fp) => {
  setRef(m, pc, fp, 1, ref(m, pc, fp, int(m, pc, fp, 4) !== 0 ? 2 : 3));
  return pc + 5;
};

const const128: SlowHandler = (m, pc, fp) => {
  m.i32.set(m.code.subarray(pc + 2, pc + 6), fp + word(m, pc, 1));
  return pc + 6;
};

const globalGet128: SlowHandler = (m, pc, fp) => {
  const cell = word(m, pc, 2);
  m.i32.set(m.globals.subarray(cell, cell + 4), fp + word(m, pc, 1));
  return pc + 3;
};

const globalSet128: SlowHandler = (m, pc, fp) => {
  const from = fp + word(m, pc, 2);
  m.globals.set(m.i32.subarray(from, from + 4), word(m, pc, 1));
  return pc + 3;
};

const globalGetRef: SlowHandler = (m, pc, fp) => {
  setRef(m, pc, fp, 1, m.globalRefs[word(m, pc, 2) >> 2] as Ref);
  return pc + 3;
};

const globalSetRef: SlowHandler = (m, pc, fp) => {
  m.globalRefs[word(m, pc, 1) >> 2] = ref(m, pc, fp, 2);
  return pc + 3;
};

const enterRefs: SlowHandler = (m, pc, fp) => {
  m.refs.fill(null, (fp + word(m, pc, 1)) >> 1, (fp + word(m, pc, 2)) >> 1);
  return pc + 3;
};

export const referenceHandlers: Partial<Record<SlowName, SlowHandler>> = {
  "ref.null": nothing,
  "ref.func": func,
  "ref.is_null": isNull,
  "ref.eq": equal,
  "ref.as_non_null": asNonNull,
  "ref.test": test,
  "ref.cast": cast,
  "any.convert_extern": same,
  "extern.convert_any": same,
  "ref.i31": i31,
  "i31.get": i31Get,
  "select.128": select128,
  "select.ref": selectRef,
  "const.128": const128,
  "global.get.128": globalGet128,
  "global.set.128": globalSet128,
  "global.get.ref": globalGetRef,
  "global.set.ref": globalSetRef,
  "enter.refs": enterRefs,
};
