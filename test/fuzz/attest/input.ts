/** Input n of a seed: one of the subjects, mutated once or a few times. The same for the same seed, number and subjects. */
import { Random } from "../random.ts";
import { MUTATIONS } from "./mutate.ts";
import type { Subject } from "./subjects.ts";

export interface Input {
  readonly subject: Subject;
  readonly bytes: Uint8Array;
  /** What was done to it, in order. */
  readonly how: readonly string[];
}

const MUTATIONS_MAX = 3;
/** Not every mutation applies everywhere. */
const TRIES = 10;
/** Where most is signed and most is not. */
const FAVOURITES: readonly Subject["kind"][] = ["bundle", "evidence"];

/** `only`: the numbers of those mutations that are made; all of them unless given. */
export function inputOf(seed: string, n: number, subjects: readonly Subject[], only?: ReadonlySet<number>): Input {
  const random = new Random(`${seed} ${n}`);
  const kinds = [...new Set(subjects.map((one) => one.kind))];
  const kind = random.pick([...kinds, ...kinds.filter((one) => FAVOURITES.includes(one))]);
  const family = subjects.filter((one) => one.kind === kind);
  const subject = random.pick(family);
  const others = family.map((one) => one.bytes);
  const count = 1 + random.small(MUTATIONS_MAX);
  const how: string[] = [];
  let bytes = subject.bytes;
  for (let number = 0; number < count; number += 1) {
    // Each draws from a chance of its own, so that the others stay as they are when one is left out.
    const own = new Random(`${seed} ${n} ${number}`);
    if (only?.has(number) === false) continue;
    for (let left = TRIES; left > 0; left -= 1) {
      const mutation = own.pick(MUTATIONS);
      const next = mutation.make(bytes, own, others);
      if (next === undefined || Buffer.compare(next, bytes) === 0) continue;
      bytes = next;
      how.push(`${mutation.how} (${number})`);
      break;
    }
  }
  return { subject, bytes, how };
}

/** As few of the mutations as `same` needs. */
export function fewest(seed: string, n: number, subjects: readonly Subject[], same: (input: Input) => boolean): Input {
  const all = Array.from({ length: MUTATIONS_MAX }, (_, number) => number);
  const sets = Array.from({ length: 2 ** MUTATIONS_MAX - 1 }, (_, bits) =>
    all.filter((number) => ((bits + 1) >> number) & 1),
  );
  for (const set of sets.sort((a, b) => a.length - b.length)) {
    const input = inputOf(seed, n, subjects, new Set(set));
    if (same(input)) return input;
  }
  return inputOf(seed, n, subjects);
}
