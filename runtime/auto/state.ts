/**
 * What an instance in the interpreter is between two calls: memories, globals, tables, dropped segments. It is looked at
 * where it lies and not copied. Some state cannot be carried into another tier, and then it is said why.
 */
import type { Stay } from "../engine.ts";
import type { Instance } from "../interpret/instance.ts";
import type { GlobalInstance, MemoryInstance, TableInstance } from "../interpret/instances.ts";
import type { Store } from "../interpret/store.ts";
import { FunctionInstance, HostRef, type Ref } from "../interpret/value.ts";
import { type CarryPlan, planCarry } from "../metered/carry.ts";
import type { ValidModule } from "../validate/module.ts";

/** A module in the interpreter, linked and started. */
export interface Interpreted {
  readonly valid: ValidModule;
  readonly store: Store;
  readonly instance: Instance;
}

export interface CarriedState {
  readonly plan: CarryPlan;
  readonly memories: readonly MemoryInstance[];
  readonly tables: readonly TableInstance[];
  readonly globals: readonly GlobalInstance[];
  /** By index: the segment is empty or was dropped. */
  readonly droppedDatas: readonly boolean[];
  readonly droppedElements: readonly boolean[];
  /** Position of a function in the plan's list. */
  readonly slots: ReadonlyMap<FunctionInstance, number>;
  /** Units that are left. */
  readonly fuel: number;
}

/** Copying takes less than a tenth of a second on a small board. */
export const CARRY_LIMITS = { memoryBytes: 64 * 1024 * 1024, tableElements: 100_000 } as const;

export function stateOf({ valid, store, instance }: Interpreted): CarriedState | Stay {
  const plan = planCarry(valid);
  if (plan === undefined) return "shape";
  const { machine } = store;
  if (machine.frame > 0 || machine.pending !== undefined) return "busy";
  const { memories, tables, globals, functions, linkage, module } = instance;
  const bytes = memories.reduce((sum, { size }) => sum + size, 0);
  const elements = tables.reduce((sum, table) => sum + table.elements.length, 0);
  if (bytes > CARRY_LIMITS.memoryBytes || elements > CARRY_LIMITS.tableElements) return "size";
  const slots = new Map<FunctionInstance, number>();
  for (const [slot, index] of plan.functions.entries()) {
    const f = functions[index];
    if (f !== undefined) slots.set(f, slot);
  }
  const fits = (ref: Ref) => canCarry(ref, slots);
  const segments = module.elements.map((_, n) => machine.elementSegments[linkage.elementId(n)] ?? []);
  const all =
    tables.every((table) => table.elements.every(fits)) &&
    segments.every((segment) => segment.every(fits)) &&
    // Those that do not change as well: what they refer to may have changed.
    globals.every((global) => {
      const value = global.get();
      return value.type !== "ref" || fits(value.value);
    });
  if (!all) return "objects";
  return {
    plan,
    memories,
    tables,
    globals,
    droppedDatas: module.datas.map((_, n) => (machine.datas[linkage.dataId(n)] ?? "").length === 0),
    droppedElements: segments.map(({ length }) => length === 0),
    slots,
    fuel: store.fuel,
  };
}

/** What is a number for the host would be an i31 in the other tier. */
function canCarry(ref: Ref, slots: CarriedState["slots"]): boolean {
  if (ref === null || typeof ref === "number") return true;
  if (ref instanceof FunctionInstance) return slots.has(ref);
  return ref instanceof HostRef && !["number", "undefined"].includes(typeof ref.value) && ref.value !== null;
}
