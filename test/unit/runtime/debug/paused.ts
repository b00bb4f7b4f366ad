/** Runs the debugging fixture and keeps, each time it calls `pause`, what a frame at -O0 needs: stack pointer, memory. */
import { Store } from "../../../../runtime/interpret/index.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import type { Module } from "../../../../runtime/module/module.ts";
import { I32 } from "../../../../runtime/module/val-type.ts";
import { validateModule } from "../../../../runtime/validate/module.ts";

export interface Pause {
  readonly where: number;
  local(n: number): number;
  global(n: number): number;
  read(address: number, length: number): Uint8Array | undefined;
}

/** Without optimization the frame base is a local that holds what the stack pointer is during calls. */
export function runPaused(module: Module, argument: number): readonly Pause[] {
  const pauses: Pause[] = [];
  const valid = unwrap(validateModule(module));
  const store = new Store({ registry: valid.registry });
  const instance = unwrap(
    store.instantiate(valid, () =>
      store.hostFunction([I32], [], ([where]) => {
        const pointer = instance.exports.get("__stack_pointer");
        const at = pointer?.kind === "global" ? pointer.get() : undefined;
        const memory = instance.memories[0]?.bytes.slice() ?? new Uint8Array(0);
        const sp = at?.type === "i32" ? at.value : 0;
        pauses.push({
          where: where?.type === "i32" ? where.value : 0,
          local: () => sp,
          global: () => sp,
          read: (address, length) =>
            address + length <= memory.length ? memory.subarray(address, address + length) : undefined,
        });
        return [];
      }),
    ),
  );
  const run = instance.exports.get("run");
  if (run?.kind !== "function") throw new Error("the fixture exports run");
  unwrap(store.invoke(run, [{ type: "i32", value: argument }]));
  return pauses;
}
