/**
 * What a team offers, wherever it is signed: in the team's own role, or spread over hash bins (TAP 15) that the role
 * delegates to. Every verb about releases works on a shelf and signs only the roles whose entries changed.
 *
 * In bins one kind of entry stays in the team's own role: for each module, the manifest of the release that raised its
 * floor last. Boards read that role for whatever they look up, so an older release cannot hide a newer floor from them.
 */
import { TargetFile, Targets } from "@tufjs/models";
import { releaseCustomShape } from "../../runtime/kernel/authority/manifest.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { sallyport } from "../client/profile.ts";
import { fault } from "./faults.ts";
import { teamRole } from "./layout.ts";
import { nextTargets, type TreeState } from "./metadata.ts";

/** How a role delegates to bins. */
export type Bins = NonNullable<NonNullable<Targets["delegations"]>["succinctRoles"]>;
export type Entries = Readonly<Record<string, TargetFile>>;

export interface Shelf {
  /** The team's role. */
  readonly role: string;
  /** Version 0 before the team's first release, where its key was elsewhere at the ceremony. */
  readonly own: Targets;
  readonly bins: Bins | undefined;
  find(path: string): TargetFile | undefined;
  /** The entries whose paths begin so; all of them for the empty text. */
  entries(prefix: string): Entries;
  /** When the first of its roles ends, as the metadata says it. */
  ends(): string;
  /** The roles that change when these entries are put on the shelf, by name. Throws REPO_FULL. */
  put(entries: Entries, expires: string): ReadonlyMap<string, Targets>;
}

/** The shelf of a team that the owner delegates to. What it reads later throws REPO_UNREADABLE. */
export function shelfOf(state: Pick<TreeState, "delegated" | "text">, team: string): Shelf {
  const role = teamRole(team);
  const own = state.delegated.get(role) ?? new Targets({ version: 0, specVersion: "", expires: "", targets: {} });
  const bins = own.delegations?.succinctRoles;
  const names = bins === undefined ? [] : [...bins.getRoles()];
  const read = (name: string) => JSON.parse(state.text(name)).signed;
  return {
    role,
    own,
    bins,
    find(path) {
      return entryIn(own, path) ?? (bins && entryIn(state.delegated.get(bins.getRoleForTarget(path)), path));
    },
    entries(prefix) {
      const found = Object.entries(own.targets).filter(([path]) => path.startsWith(prefix));
      for (const name of names) {
        // The library takes a thousand times longer to read a bin than it takes to see that nothing sought is in it.
        if (!state.text(name).includes(`"${prefix}`)) continue;
        const entries = Object.entries<Parameters<typeof TargetFile.fromJSON>[1]>(read(name).targets);
        for (const [path, entry] of entries) {
          if (path.startsWith(prefix)) found.push([path, TargetFile.fromJSON(path, entry)]);
        }
      }
      return Object.fromEntries(found);
    },
    ends: () => [own.expires, ...names.map((name): string => read(name).expires)].reduce(earlier),
    put(entries, expires) {
      const sorted = sortInto(own.targets, bins, entries);
      const changed = new Map<string, Targets>();
      for (const [name, put] of sorted) {
        const before = name === undefined ? own : state.delegated.get(name);
        const targets: Record<string, TargetFile> = { ...before?.targets };
        for (const [path, entry] of put) {
          if (entry === undefined) delete targets[path];
          else targets[path] = entry;
        }
        refuseFull(name ?? role, targets);
        changed.set(name ?? role, nextTargets(before, { expires, targets }));
      }
      return changed;
    },
  };
}

/** Throws REPO_FULL where a role would list more than boards read. */
export function refuseFull(role: string, targets: Entries): void {
  const [count, max] = [Object.keys(targets).length, sallyport.entriesMax];
  if (count > max) throw fault("REPO_FULL", { role, count, max });
}

/** What to put where, by bin; `undefined` stands for the team's own role, and for an entry that goes from there. */
export function sortInto(
  own: Entries,
  bins: Bins | undefined,
  entries: Entries,
): ReadonlyMap<string | undefined, ReadonlyMap<string, TargetFile | undefined>> {
  const sorted = new Map<string | undefined, Map<string, TargetFile | undefined>>();
  const put = (role: string | undefined, path: string, entry: TargetFile | undefined) => {
    const list = sorted.get(role) ?? new Map<string, TargetFile | undefined>();
    sorted.set(role, list.set(path, entry));
  };
  /** The entry in the team's own role that says a module's floor, by module. */
  const marks = new Map<string, TargetFile>();
  for (const entry of Object.values(own)) marks.set(floorIn(entry)?.module ?? entry.path, entry);
  for (const [path, entry] of Object.entries(entries)) {
    const floor = bins && floorIn(entry);
    const mark = floor && marks.get(floor.module);
    if (bins === undefined || mark?.path === path) put(undefined, path, entry);
    else if (floor === undefined || floor.floor <= ((mark && floorIn(mark)?.floor) ?? 0)) {
      put(bins.getRoleForTarget(path), path, entry);
    } else {
      put(undefined, path, entry);
      marks.set(floor.module, entry);
      if (mark === undefined) continue;
      put(undefined, mark.path, undefined);
      put(bins.getRoleForTarget(mark.path), mark.path, mark);
    }
  }
  return sorted;
}

/** What a manifest's entry says about its module's floor; undefined for every other entry. */
function floorIn(entry: TargetFile): { readonly module: string; readonly floor: number } | undefined {
  const { sallyport: facts } = entry.custom;
  const parsed = parseShape(releaseCustomShape, facts, "a release's custom record");
  if (!parsed.ok || parsed.value.kind !== "manifest") return undefined;
  return { module: parsed.value.name, floor: parsed.value.releaseFloor };
}

function entryIn(role: Targets | undefined, path: string): TargetFile | undefined {
  return role !== undefined && Object.hasOwn(role.targets, path) ? role.targets[path] : undefined;
}

function earlier(a: string, b: string): string {
  return Date.parse(b) < Date.parse(a) ? b : a;
}
