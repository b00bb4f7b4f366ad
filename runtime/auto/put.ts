/**
 * Puts the state of an instance in the interpreter into one of the same module that the host's compiler made, instrumented
 * with room for it (metered/carry.ts), and not started: afterwards the two cannot be told apart by a call.
 */
import type { Value } from "../interpret/value.ts";
import { FunctionInstance, HostRef, type Ref } from "../interpret/value.ts";
import { assert } from "../kernel/assert.ts";
import { CARRY_EXPORTS, METER_EXPORTS } from "../metered/options.ts";
import type { CarriedState } from "./state.ts";

/** The JavaScript interface's tables: indices of 64-bit ones are bigints. */
interface Table {
  readonly length: number | bigint;
  get(index: number): unknown;
  set(index: number | bigint, value: unknown): void;
  grow(delta: number | bigint, value?: unknown): void;
}
interface Memory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  grow(delta: number | bigint): void;
}

export type Exports = Readonly<Record<string, unknown>>;

/** Throws what the host throws when it has no room. What was put in half is of no use to anybody. */
export function putState(state: CarriedState, exports: Exports): void {
  const functions = exports[CARRY_EXPORTS.functions] as Table;
  const refOf = (ref: Ref) => hostValue(ref, state, functions);
  for (const [n, { pages, bytes, type, address64 }] of state.memories.entries()) {
    const memory = exports[CARRY_EXPORTS.memory(n)] as Memory;
    const more = pages - Number(type.limits.min);
    if (more > 0) memory.grow(address64 ? BigInt(more) : more);
    const to = new Uint8Array(memory.buffer);
    assert(to.length === bytes.length, "the memory has another size than the one it was");
    to.set(bytes);
  }
  for (const [n, { elements, address64 }] of state.tables.entries()) {
    putTable(exports[CARRY_EXPORTS.table(n)] as Table, elements, address64, refOf);
  }
  for (const n of state.plan.references) {
    const value = (state.globals[n] as CarriedState["globals"][number]).get();
    assert(value.type === "ref", "a global of references holds none");
    (exports[CARRY_EXPORTS.global(n)] as { value: unknown }).value = refOf(value.value);
  }
  putPage(state, new DataView((exports[METER_EXPORTS.epoch] as Memory).buffer));
  (exports[CARRY_EXPORTS.put] as () => void)();
  const tank = exports[METER_EXPORTS.fuel] as { value: bigint } | undefined;
  if (tank !== undefined && Number.isFinite(state.fuel)) tank.value = BigInt(state.fuel);
}

function putTable(table: Table, elements: readonly Ref[], wide: boolean, refOf: (ref: Ref) => unknown): void {
  const index = (n: number) => (wide ? BigInt(n) : n);
  const before = Number(table.length);
  const more = elements.length - before;
  // What is new is filled with one of its own values: null may be none of the type.
  if (more > 0) table.grow(index(more), refOf(elements[before] as Ref));
  for (const [n, ref] of elements.entries()) table.set(index(n), refOf(ref));
}

function putPage({ plan, globals, droppedDatas, droppedElements }: CarriedState, page: DataView): void {
  for (const { index, at } of plan.numbers) putNumber(page, at, (globals[index] as (typeof globals)[number]).get());
  for (const { index, at } of plan.datas) page.setUint8(at, droppedDatas[index] === true ? 1 : 0);
  for (const { index, at } of plan.elements) page.setUint8(at, droppedElements[index] === true ? 1 : 0);
}

function putNumber(page: DataView, at: number, value: Value): void {
  switch (value.type) {
    case "i32":
      return page.setInt32(at, value.value, true);
    case "f32":
      return page.setInt32(at, value.bits, true);
    case "i64":
      return page.setBigInt64(at, value.value, true);
    case "f64":
      return page.setBigUint64(at, value.bits, true);
    case "v128":
      return new Uint8Array(page.buffer, at, 16).set(value.bytes);
    case "ref":
      assert(false, "a global of numbers holds a reference");
  }
}

function hostValue(ref: Ref, { slots }: CarriedState, functions: Table): unknown {
  if (ref === null) return null;
  // An i31 has 31 bits and, for the host, a sign.
  if (typeof ref === "number") return (ref << 1) >> 1;
  if (ref instanceof FunctionInstance) {
    const slot = slots.get(ref);
    assert(slot !== undefined, "a function that cannot be referred to");
    return functions.get(slot);
  }
  assert(ref instanceof HostRef, "an object was to stay");
  return ref.value;
}
