/**
 * Several addresses of one repository. A mirror is never trusted: what it serves is verified by whoever uses it, and a
 * mirror whose files are refused, old or another board's is left for the next one. The one that served last comes
 * first; one that failed is avoided for a while, yet never so that none is left to ask.
 */
import { assert } from "../../runtime/kernel/assert.ts";
import { Fault, type FaultKind } from "../../runtime/kernel/fault.ts";
import type { Clock } from "../../runtime/kernel/world.ts";
import type { Source } from "./source.ts";

/** What is asked for: where the news are, or bytes whose hash is known. */
export type Wanted = "metadata" | "targets";

export interface Mirror {
  /** For a person: the address without credentials. */
  readonly name: string;
  readonly source: Source;
  /**
   * Somebody's cache, which may be behind and need not have everything: asked first for targets, for metadata when
   * nobody else serves, and not blamed for what it has not got.
   */
  readonly cache?: boolean;
}

export interface Mirrors {
  /**
   * `use` with one mirror after the other until one serves. Throws the most telling of their faults. No mirror is
   * blamed where its source was not asked for anything.
   */
  each<T>(use: (source: Source) => Promise<T>, wanted?: Wanted): Promise<T>;
  close(): void;
}

export interface MirrorsOptions {
  readonly clock: Clock;
  /** One of several mirrors was left for the next, or was the last. */
  onLeft(mirror: string, fault: Fault): void;
}

/** How long a mirror is avoided after its first failure, and at most, milliseconds. */
const PENALTY_FIRST_MS = 60_000;
const PENALTY_LONGEST_MS = 3_600_000;

interface Health {
  readonly mirror: Mirror;
  failures: number;
  avoidedUntil: number;
}

export function createMirrors(mirrors: readonly Mirror[], options: MirrorsOptions): Mirrors {
  assert(mirrors.length > 0, "a repository has an address");
  const { clock } = options;
  const all: Health[] = mirrors.map((mirror) => ({ mirror, failures: 0, avoidedUntil: Number.NEGATIVE_INFINITY }));
  let lastGood: Health | undefined;

  const isCache = ({ mirror }: Health) => mirror.cache === true;

  /** Those that are not avoided as they were given, the last good one before them; then the others, soonest free first. */
  function byHealth(some: readonly Health[]): Health[] {
    const now = clock.monotonic();
    const avoided = (one: Health) => one.avoidedUntil > now;
    const free = some.filter((one) => !avoided(one));
    const rest = some.filter(avoided).sort((a, b) => a.avoidedUntil - b.avoidedUntil);
    return [...free.filter((one) => one === lastGood), ...free.filter((one) => one !== lastGood), ...rest];
  }

  function inOrder(wanted: Wanted): Health[] {
    const own = byHealth(all.filter((one) => !isCache(one)));
    const caches = byHealth(all.filter(isCache));
    if (wanted === "metadata") return [...own, ...caches];
    const now = clock.monotonic();
    return [
      ...caches.filter((one) => one.avoidedUntil <= now),
      ...own,
      ...caches.filter((one) => one.avoidedUntil > now),
    ];
  }

  return {
    async each(use, wanted = "metadata") {
      let worst: Fault | undefined;
      let missed: Fault | undefined;
      for (const one of inOrder(wanted)) {
        const { source } = one.mirror;
        let asked = false;
        const watched: Source = {
          metadata(...args) {
            asked = true;
            return source.metadata(...args);
          },
          target(...args) {
            asked = true;
            return source.target(...args);
          },
          close: () => source.close(),
        };
        try {
          const value = await use(watched);
          one.failures = 0;
          one.avoidedUntil = Number.NEGATIVE_INFINITY;
          if (!isCache(one)) lastGood = one;
          return value;
        } catch (error) {
          if (!(error instanceof Fault) || !asked || !isMirrors(error)) throw error;
          if (isCache(one) && MISSED.has(error.code)) {
            missed ??= error;
            continue;
          }
          one.failures += 1;
          const penalty = Math.min(PENALTY_FIRST_MS * 4 ** (one.failures - 1), PENALTY_LONGEST_MS);
          one.avoidedUntil = clock.monotonic() + penalty;
          if (all.length > 1) options.onLeft(one.mirror.name, error);
          if (worst === undefined || TELLING[error.kind] < TELLING[worst.kind]) worst = error;
        }
      }
      const why = worst ?? missed;
      assert(why !== undefined, "each mirror served or failed");
      throw why;
    },
    close() {
      for (const { mirror } of all) mirror.source.close();
    },
  };
}

/** What says most comes first: evidence of an attack is worth more than a lost network. */
const TELLING: Readonly<Record<FaultKind, number>> = {
  attack: 0,
  stale: 1,
  refusal: 2,
  network: 3,
  disk: 4,
  environment: 4,
};

/** Not to have something is no failing of a cache. */
const MISSED: ReadonlySet<string> = new Set(["UPDATE_METADATA_MISSING", "UPDATE_HTTP_STATUS"]);

/** Faults of the board itself are left out: the next mirror would not mend them. */
function isMirrors(fault: Fault): boolean {
  return fault.kind !== "disk" && fault.kind !== "environment" && fault.code !== "UPDATE_NOT_NOW";
}
