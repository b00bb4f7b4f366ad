/** Our own mistakes: always on, also in production. A failed assertion is never a statement about the input. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new AssertionError(what);
}

/** The end of a switch over a union: the compiler proves it is never reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable case ${JSON.stringify(value)}`);
}

export class AssertionError extends Error {
  override name = "AssertionError";
}
