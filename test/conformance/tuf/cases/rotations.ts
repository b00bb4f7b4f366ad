/** Who may sign the next root, and who the other roles, as keys and thresholds change (5.3.4, 5.3.5, 5.4.2). */
import type { Case } from "../context.ts";
import { ed25519Key } from "../keys.ts";

/** One version: the keys that it lists, how many have to sign, who signed. Numbers stand for keys. */
interface Step {
  readonly keys: readonly number[];
  readonly threshold: number;
  readonly signed: readonly number[];
}

const step = (keys: readonly number[], threshold: number, signed: readonly number[]): Step => ({
  keys,
  threshold,
  signed,
});

const FIVE = [0, 1, 2, 3, 4];
const NEXT = [0, 1, 3, 4, 5];

const ROOTS: readonly (readonly [name: string, accepted: boolean, ...steps: readonly Step[]])[] = [
  ["one key is exchanged", true, step([1], 1, [1]), step([2], 1, [1, 2]), step([2], 1, [2])],
  ["one key is exchanged while strangers sign too", true, step([1], 1, [1, 8]), step([2], 1, [8, 2, 1, 9])],
  [
    "three of five sign, each time others",
    true,
    ...[
      [0, 2, 4],
      [1, 0, 4],
      [3, 1, 0],
      [2, 3, 4],
    ].map((by) => step(FIVE, 3, by)),
  ],
  [
    "one of five is exchanged, signed by three that are in both",
    true,
    step(FIVE, 3, [0, 2, 4]),
    step(NEXT, 3, [0, 1, 4]),
  ],
  [
    "one of five is exchanged, signed by three of each",
    true,
    step(FIVE, 3, [0, 2, 4]),
    step(NEXT, 3, [0, 2, 4, 5]),
    step(NEXT, 3, [0, 4, 5]),
  ],
  [
    "all five are exchanged",
    true,
    step(FIVE, 3, [0, 2, 4]),
    step([5, 6, 7, 8, 9], 3, [0, 2, 4, 5, 6, 7]),
    step([5, 6, 7, 8, 9], 3, [7, 8, 9]),
  ],
  ["the threshold rises", true, step([1, 2, 3], 1, [1]), step([1, 2, 3], 2, [1, 2])],
  ["the threshold falls", true, step([1, 2, 3], 2, [1, 2]), step([1, 2, 3], 1, [1, 2]), step([1, 2, 3], 1, [3])],
  ["a key is added and the threshold rises", true, step([1], 1, [1]), step([1, 2], 2, [1, 2])],
  ["the old key did not sign", false, step([1], 1, [1]), step([2], 1, [2, 3, 4])],
  ["the new key did not sign", false, step([1], 1, [1]), step([2], 1, [1, 3, 4])],
  ["too few new keys signed", false, step(FIVE, 3, [0, 2, 4]), step(NEXT, 3, [0, 2, 4])],
  ["too few old keys signed", false, step(FIVE, 3, [0, 2, 4]), step(NEXT, 3, [0, 4, 5])],
  ["the new, higher threshold is not reached", false, step([1, 2, 3], 1, [1]), step([1, 2, 3], 2, [2])],
  ["the old, higher threshold is not reached", false, step([1, 2, 3], 2, [1, 2]), step([1, 2, 3], 1, [1])],
];

const OTHERS: readonly (readonly [name: string, accepted: boolean, step: Step])[] = [
  ["one new key signs", true, step([2], 1, [2])],
  ["one new key signs beside strangers", true, step([1], 1, [3, 1, 4])],
  ["only the old and strange keys sign", false, step([2], 1, [1, 3, 4])],
  ["three sign, one of them is no longer listed", false, step(NEXT, 3, [0, 2, 4])],
  ["two of three needed sign", false, step(NEXT, 3, [0, 4])],
  ...[
    [0, 2, 4],
    [1, 0, 4],
    [3, 1, 0],
    [1, 2, 3],
    [4, 2, 3],
  ].map((by) => [`${by.join(", ")} of five sign`, true, step(FIVE, 3, by)] as const),
];

export const rotations: readonly Case[] = [
  ...ROOTS.map(
    ([name, accepted, ...steps]): Case => ({
      name: `root: ${name}`,
      async run(t) {
        const keys = Array.from({ length: 10 }, () => ed25519Key());
        const of = (list: readonly number[]) => list.flatMap((one) => keys[one] ?? []);
        t.repo.root.version = 0;
        for (const one of steps) {
          t.repo.setKeys("root", of(one.keys), one.threshold, of(one.signed));
          t.repo.publish("root");
        }
        await t.init();
        await t.refresh(accepted ? "ok" : "UPDATE_SIGNATURE");
        const version = accepted ? steps.length : steps.length - 1;
        t.same(t.versions()["root"], version, "root");
        t.isTrue(Buffer.from(t.repo.file(`${version}.root.json`)).equals(t.trustedBytes("root")), "kept as served");
      },
    }),
  ),
  ...OTHERS.map(
    ([name, accepted, one]): Case => ({
      name: `timestamp, snapshot and targets: ${name}`,
      async run(t) {
        const keys = Array.from({ length: 6 }, () => ed25519Key());
        const of = (list: readonly number[]) => list.flatMap((at) => keys[at] ?? []);
        await t.init();
        for (const role of ["timestamp", "snapshot", "targets"]) {
          const before = t.versions()[role];
          t.repo.setKeys(role, of(one.keys), one.threshold, of(one.signed));
          t.repo.publish("root", "targets", "snapshot", "timestamp");
          await t.refresh(accepted ? "ok" : "UPDATE_SIGNATURE");
          if (!accepted) {
            t.same(t.versions()[role], before, role);
            // The next role is asked with this one in order again.
            t.repo.setKeys(role, [ed25519Key()]);
          }
        }
      },
    }),
  ),
];
