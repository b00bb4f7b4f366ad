/**
 * The board's memory of trust as one thing: the vault with its generation before, the roots kept on their own, the
 * record of floors, and a counter outside, if there is one. It says what is believed after a start, whatever was damaged
 * or put back, and it commits.
 *
 * What is found is either shown (the state that was committed last) or only a base (older than what this board has
 * seen): a base saves downloads and is a floor against rollback, and nobody is ever told to run what it names.
 * The counter rises twice with each commit, to an odd number before and to an even one after, so that a commit which
 * the power cut off is no false alarm.
 */
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import { attemptSync, ok, unwrap } from "../../runtime/kernel/result.ts";
import { fault } from "../faults.ts";
import type { Counter } from "./counter.ts";
import type { KeptFiles } from "./files.ts";
import { floorsLost, openFloorRecord } from "./floor-record.ts";
import { checkFloors, type Floors, joined, noFloors, raised } from "./floors.ts";
import type { RepositoryName } from "./header.ts";
import { restore } from "./refresh.ts";
import { openRootChain } from "./root-chain.ts";
import type { Trust, TrustOptions } from "./trust.ts";
import { type Generation, openVault, torn, type VaultContent } from "./vault.ts";
import { type ReleaseFloors, raiseFloors } from "./view.ts";

/** Both repositories at one moment, verified together. */
export interface Pair {
  readonly image: Trust;
  readonly director: Trust;
  readonly floors: ReleaseFloors;
}

export interface TrustMemory {
  /** What was wrong at the start, gravest first: UPDATE_RESTORED, _FLOORS_LOST, _VAULT_TORN, _COUNTER. */
  readonly notices: readonly Fault[];
  /** The last committed state; undefined before the first, and while only a base was found. */
  committed(): Pair | undefined;
  /** How many states were committed. */
  commits(): number;
  previous(repository: RepositoryName): KeptFiles | undefined;
  /** A root that was verified, the moment it was (TUF 5.3.8). Throws DISK_WRITE. */
  keepRoot(repository: RepositoryName, version: number, bytes: Uint8Array): void;
  /** Throws UPDATE_ROLLBACK or UPDATE_FAST_FORWARD. */
  check(repository: RepositoryName, trust: Trust): void;
  /**
   * Makes it the state; writes only what changed. Throws DISK_WRITE, and UPDATE_TOO_LARGE for more than a start would
   * read; then the state of before stands.
   */
  commit(image: Trust, director: Trust): Pair;
}

export interface TrustMemoryOptions {
  readonly directory: string;
  readonly counter: Counter | undefined;
  /** The pinned root and the device binding, judged at time `at`. */
  trust(repository: RepositoryName, at: number): TrustOptions;
}

interface Base extends Pair {
  readonly name: Generation["name"];
  readonly commit: number;
}

const REPOSITORIES = ["image", "director"] as const;

/** Opens the memory and judges what is there. Throws only for a disk that cannot be written. */
export function openTrustMemory(options: TrustMemoryOptions): TrustMemory {
  const { directory, counter } = options;
  const vault = openVault(directory);
  const chain = openRootChain(directory);
  const record = openFloorRecord(directory);

  // At time 0 nothing is expired: expiry stops admission, not what was committed.
  const load = (name: Generation["name"], { commit, floors, ...files }: VaultContent): Base => ({
    name,
    commit,
    image: restore(options.trust("image", 0), files.image),
    director: restore(options.trust("director", 0), files.director),
    floors,
  });
  const roots = {
    image: chain.read(options.trust("image", 0)),
    director: chain.read(options.trust("director", 0)),
  };

  let base: Base | undefined;
  let damage: Fault | undefined;
  for (const { name, content } of vault.generations()) {
    const loaded = attemptSync(() => load(name, unwrap(content)));
    if (loaded.ok) {
      base = loaded.value;
      break;
    }
    damage ??= loaded.error;
  }
  const recorded = record.read();
  const counted = counter?.read() ?? ok(0);
  const known = recorded.ok ? (recorded.value ?? noFloors) : noFloors;
  let floors = base === undefined ? known : joined(known, floorsOf(base));

  const notices: Fault[] = [];
  const commit = base?.commit ?? 0;
  const countedCommit = counted.ok ? Math.floor(counted.value / 2) : 0;
  const seen = Math.max(countedCommit, known.commit);
  // With a damaged vault the generation before it is honestly one commit behind. More than that was put there.
  const isBehind =
    base === undefined ? damage === undefined && seen > 0 : commit + (damage === undefined ? 0 : 1) < seen;
  if (isBehind) {
    const by = countedCommit > known.commit ? (counter?.name ?? "") : "the record of floors";
    notices.push(fault("UPDATE_RESTORED", { found: commit, seen, record: by }));
  }
  if (!recorded.ok) {
    notices.push(floorsLost(directory, recorded.error, damage === undefined ? "is whole" : "is damaged as well"));
  }
  if (damage !== undefined) {
    const own =
      roots.image.size + roots.director.size > 0 ? "the roots that were kept on their own" : "the pinned roots";
    notices.push(torn(vault.path, damage, base === undefined ? own : base.name));
  }
  if (!counted.ok) notices.push(counted.error);

  const isBelow = (pair: Pair) =>
    REPOSITORIES.some((name) => !attemptSync(() => checkFloors(floors[name], name, pair[name])).ok);
  let committed: Pair | undefined = base === undefined || isBehind || isBelow(base) ? undefined : base;
  let previous: Pair | undefined = base;
  /** Something on disk is not as the last commit should have left it. */
  let isUntidy =
    notices.length > 0 ||
    base?.name !== "vault" ||
    (recorded.ok && recorded.value?.commit !== commit) ||
    (counter !== undefined && counted.ok && counted.value !== 2 * commit);
  // A commit that the counter knows only as begun was never seen by anybody: its number is used again.
  let last = Math.max(floors.commit, commit, countedCommit);

  function write(pair: Pair): void {
    const next: Floors = {
      commit: last + 1,
      image: raised(floors.image, pair.image),
      director: raised(floors.director, pair.director),
      releases: pair.floors,
    };
    const content = { image: pair.image.files(), director: pair.director.files(), floors: pair.floors };
    // What a start would not read must not replace what it can.
    record.check(next);
    const bytes = vault.encode({ commit: next.commit, ...content });
    isUntidy = true;
    counter?.raise(2 * next.commit - 1);
    vault.write(bytes);
    last = next.commit;
    committed = previous = pair;
    floors = next;
    counter?.raise(2 * last);
    record.write(floors);
    isUntidy = false;
  }

  return {
    notices,
    committed: () => committed,
    commits: () => floors.commit,
    previous(repository) {
      const trust = previous?.[repository];
      const later = [...roots[repository]].filter(([version]) => version > (trust?.rootVersion ?? 0));
      const beyond = later.sort(([a], [b]) => a - b).map(([, bytes]) => bytes);
      if (trust === undefined) return beyond.length === 0 ? undefined : { roots: beyond, delegated: [] };
      const files = trust.files();
      const { rootVersion } = trust;
      const under = { timestamp: rootVersion, snapshot: rootVersion };
      return { ...files, roots: [...files.roots, ...beyond], under };
    },
    keepRoot(repository, version, bytes) {
      roots[repository].set(version, bytes);
      chain.keep(repository, version, bytes);
    },
    check: (repository, trust) => checkFloors(floors[repository], repository, trust),
    commit(image, director) {
      const next = { image, director, floors: raiseFloors(floors.releases, image, director) };
      if (isUntidy || committed === undefined || stateOf(next) !== stateOf(committed)) write(next);
      else committed = previous = next;
      return next;
    },
  };
}

/** What a state alone says about the floors. */
function floorsOf({ commit, image, director, floors }: Base): Floors {
  return {
    commit,
    image: raised(noFloors.image, image),
    director: raised(noFloors.director, director),
    releases: floors,
  };
}

/** Tells whether two states are the same on disk: an idle poll must not wear the flash. */
function stateOf({ image, director, floors }: Pair): string {
  const edges = image.files().delegated.map(({ role, delegator }) => [delegator, role]);
  return canonicalJson([image.versions(), director.versions(), edges, Object.fromEntries(floors)]);
}
