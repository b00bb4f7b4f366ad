/**
 * A reading that is made once, however many requirements ask for it: anybody may sign a predicate that takes long to read,
 * and a policy may have many rules for its kind.
 */

/** `read` must depend on nothing but what it is given, which nobody changes. Forgotten with what was given. */
export function once<K extends object, T extends object>(read: (given: K) => T): (given: K) => T {
  const known = new WeakMap<K, T>();
  return (given) => {
    const before = known.get(given);
    if (before !== undefined) return before;
    const made = read(given);
    known.set(given, made);
    return made;
  };
}
