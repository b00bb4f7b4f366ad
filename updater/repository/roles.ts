/**
 * The targets roles of a tree, each read when it is asked for: a catalogue in bins has a thousand of them, and most
 * verbs need three. Who delegates to whom is followed from the owner's targets on, so bins are not read to find out.
 */
import type { Metadata, Targets } from "@tufjs/models";

/** Roles by name; a `Map` is one. */
export interface Roles<T> extends Iterable<[string, T]> {
  get(role: string): T | undefined;
  has(role: string): boolean;
  keys(): Iterable<string>;
}

/** Roles that `read` brings, once each. What it throws, the look at the role throws. */
export function lazyRoles<T>(names: Iterable<string>, read: (role: string) => T): Roles<T> {
  const known = new Map<string, T | undefined>([...names].map((name) => [name, undefined]));
  const get = (role: string) => {
    const found = known.get(role);
    if (found !== undefined || !known.has(role)) return found;
    const fresh = read(role);
    known.set(role, fresh);
    return fresh;
  };
  return withIteration({ get, has: (role) => known.has(role), keys: () => known.keys() });
}

/** `below` with what `above` has instead or besides. */
export function overlay<T>(below: Roles<T>, above: ReadonlyMap<string, T>): Roles<T> {
  const names = () => new Set([...below.keys(), ...above.keys()]);
  return withIteration({
    get: (role) => above.get(role) ?? below.get(role),
    has: (role) => above.has(role) || below.has(role),
    keys: names,
  });
}

function withIteration<T>(roles: Omit<Roles<T>, typeof Symbol.iterator>): Roles<T> {
  return {
    ...roles,
    *[Symbol.iterator]() {
      for (const role of roles.keys()) {
        const found = roles.get(role);
        if (found !== undefined) yield [role, found];
      }
    },
  };
}

/** The roles that delegate, from `targets` on, each before those that it leads to. Bins (TAP 15) delegate to nobody. */
export function* delegatorsIn(roles: Roles<Metadata<Targets>>): Generator<readonly [string, Metadata<Targets>]> {
  const queue = ["targets"];
  const seen = new Set(queue);
  for (const name of queue) {
    const metadata = roles.get(name);
    const delegations = metadata?.signed.delegations;
    if (metadata === undefined || delegations === undefined) continue;
    yield [name, metadata];
    for (const next of Object.keys(delegations.roles ?? {})) {
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push(next);
    }
  }
}
