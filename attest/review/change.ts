/** One thing that is otherwise in a new policy, which way it goes, and in which places. */
import { holdsScope, type Scope } from "./scope.ts";

/** `both`: admits something that was refused and refuses something that was admitted. `refused`: boards do not take it. */
export type Effect = "wider" | "narrower" | "both" | "neutral" | "refused";

export interface Change {
  readonly effect: Effect;
  /** The part of the policy: `evidence`, `ceilings` … */
  readonly part: string;
  /** One sentence or clause. */
  readonly says: string;
}

/** A change without the place. */
export type Said = Pick<Change, "effect" | "says">;

export interface Places<P> {
  readonly places: readonly P[];
  readonly areAll: boolean;
}

/** What is found in several places is told once, of the widest. That some were not looked at is told as a change. */
export function tellByPlace<P extends { readonly scope: Scope }>(
  part: string,
  { places, areAll }: Places<P>,
  compare: (place: P) => readonly Said[],
  sayWhere: (place: P) => string,
): readonly Change[] {
  const found = new Map<string, { readonly one: Said; readonly held: Scope[]; readonly names: Set<string> }>();
  for (const place of places) {
    for (const one of compare(place)) {
      const key = `${one.effect} ${one.says}`;
      const entry = found.get(key) ?? { one, held: [], names: new Set() };
      found.set(key, entry);
      if (entry.held.some((wide) => holdsScope(wide, place.scope))) continue;
      entry.held.push(place.scope);
      entry.names.add(sayWhere(place));
    }
  }
  const changes = [...found.values()].map(({ one, names }): Change => {
    return { effect: one.effect, part, says: `${[...names].join("; ")}: ${one.says}` };
  });
  if (areAll) return changes;
  const says = `the rules overlap in more than ${places.length} ways; only as many were compared`;
  return [...changes, { effect: "both", part, says }];
}

export const same = (a: unknown, b: unknown): boolean => a === b || canonical(a) === canonical(b);

/** Equal for equal JSON, whatever the order of its keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    typeof one === "object" && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

/** What is in the second list and not in the first. */
export function beyond<T>(first: readonly T[], second: readonly T[]): readonly T[] {
  const held = new Set(first.map(canonical));
  return second.filter((one) => !held.has(canonical(one)));
}
