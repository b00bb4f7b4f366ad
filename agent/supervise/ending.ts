/** Pure: how a guest's end is told. One GuestEnd of the engine becomes one Fault that a person and a report can carry. */

import type { GuestEnd } from "../../runtime/index.ts";
import { unreachable } from "../../runtime/kernel/assert.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import { moduleFault } from "../faults.ts";
import { type Release, termsOf } from "../flow/inventory.ts";

/** The Fault of an end that was not asked for; undefined for one that was. */
export function faultOfEnd(release: Release, end: GuestEnd): Fault | undefined {
  const facts = { module: release.name, version: release.version };
  const { memoryPages: pages, fuelPerCall } = termsOf(release);
  switch (end.why) {
    case "stopped":
      return undefined;
    case "trap":
      if (end.code === "out-of-fuel") return moduleFault("MODULE_FUEL", { ...facts, units: fuelPerCall ?? 0 });
      return end.memoryAtMaximum
        ? moduleFault("MODULE_MEMORY", { ...facts, pages, trap: end.code })
        : moduleFault("MODULE_TRAPPED", { ...facts, trap: end.code, message: end.message });
    case "deadline":
      return moduleFault("MODULE_DEADLINE", { ...facts, callMs: end.callMs });
    case "worker":
      return moduleFault("MODULE_WORKER", { ...facts, message: end.message });
    default:
      return unreachable(end);
  }
}
