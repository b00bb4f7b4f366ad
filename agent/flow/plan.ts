/**
 * Pure: what should be × what is → steps with no choices left. Called anew after every refresh and after every crash;
 * a step that was half done when the power went is simply planned again. Takes kernel types only, so that a fleet can
 * simulate with it.
 */
import type { Desired, DesiredModule } from "../../runtime/kernel/authority/desired.ts";
import type { ModuleName } from "../../runtime/kernel/brand.ts";
import type { ModuleRecord, Release } from "./inventory.ts";

export type Step =
  /** A candidate that is no longer wanted: restore the state it was started from. Comes before any activation. */
  | { readonly do: "abandon"; readonly name: ModuleName; readonly because: "superseded" | "unassigned" }
  /** Not desired any more: stop it and forget it, state included. */
  | { readonly do: "remove"; readonly name: ModuleName }
  /** Judge the wanted release and, if both doors open, put it into probation. */
  | { readonly do: "activate"; readonly wanted: DesiredModule }
  /** The wanted release runs already: judge its evidence and compute its grants anew. */
  | { readonly do: "renew"; readonly wanted: DesiredModule; readonly release: Release };

export function planSteps(desired: Desired, inventory: readonly ModuleRecord[]): readonly Step[] {
  const steps: Step[] = [];
  const records = new Map(inventory.map((one) => [one.name, one]));
  const wantedNames = new Set(desired.modules.map((one) => one.name));
  for (const record of inventory) {
    if (wantedNames.has(record.name)) continue;
    if (record.candidate !== undefined) steps.push({ do: "abandon", name: record.name, because: "unassigned" });
    steps.push({ do: "remove", name: record.name });
  }
  for (const wanted of desired.modules) {
    const record = records.get(wanted.name);
    const candidate = record?.candidate;
    if (candidate !== undefined) {
      if (isRelease(wanted, candidate)) {
        steps.push({ do: "renew", wanted, release: candidate });
        continue;
      }
      steps.push({ do: "abandon", name: wanted.name, because: "superseded" });
    }
    const committed = record?.committed;
    if (committed !== undefined && isRelease(wanted, committed))
      steps.push({ do: "renew", wanted, release: committed });
    else steps.push({ do: "activate", wanted });
  }
  return steps;
}

/** Committed releases that stay on the board and that no step judges: those that the wanted ones are to replace. */
export function unjudged(steps: readonly Step[], inventory: readonly ModuleRecord[]): readonly Release[] {
  const removed = new Set(steps.flatMap((one) => (one.do === "remove" ? [one.name] : [])));
  const judged = new Set(steps.flatMap((one) => (one.do === "renew" ? [one.release] : [])));
  return inventory.flatMap(({ name, committed }) =>
    committed === undefined || removed.has(name) || judged.has(committed) ? [] : [committed],
  );
}

/** By name and version: publishing refuses other bytes under a version that exists, and the digests are compared at renewal. */
function isRelease(wanted: DesiredModule, release: Release): boolean {
  return wanted.team === release.team && wanted.name === release.name && wanted.version === release.version;
}
