/**
 * Leased grants: a release whose desired state carries `leaseS` loses all its capabilities, as if revoked, when the
 * director's metadata has not been fresh for that long. Fresh metadata gives them back; nothing else does. A clock that
 * is set back does not lengthen a lease: its end is fixed in time that only passes, and only fresh metadata moves it.
 */
import type { ModuleName } from "../../runtime/kernel/brand.ts";
import type { Cancel, Clock } from "../../runtime/kernel/world.ts";
import type { Release } from "./inventory.ts";

export interface Leases {
  /** Sets the end of every lease anew, counted from the last moment the director's metadata was fresh (wall clock). */
  arm(releases: readonly Release[], freshAt: number): void;
  close(): void;
}

interface Lease {
  readonly freshAt: number;
  readonly leaseS: number;
  /** On the monotonic clock. */
  readonly ends: number;
}

export function createLeases(clock: Clock, onExpired: (module: ModuleName) => void): Leases {
  const pending = new Map<ModuleName, Cancel>();
  let leases = new Map<ModuleName, Lease>();
  const close = () => {
    for (const cancel of pending.values()) cancel();
    pending.clear();
  };
  return {
    close,
    arm(releases, freshAt) {
      close();
      const before = leases;
      leases = new Map();
      for (const { name, leaseS } of releases) {
        if (leaseS === undefined) continue;
        // After a restart with a clock that went back, nobody knows how old the metadata is: one lease at most.
        const fullMs = leaseS * 1000;
        const ends = clock.monotonic() + Math.min(fullMs, Math.max(0, freshAt + fullMs - clock.now()));
        const last = before.get(name);
        const isSame = last?.freshAt === freshAt && last.leaseS === leaseS;
        const lease = isSame ? { ...last, ends: Math.min(ends, last.ends) } : { freshAt, leaseS, ends };
        leases.set(name, lease);
        // Node's timers hold 2^31 ms at most; a longer lease is looked at again then.
        const left = Math.min(Math.max(0, lease.ends - clock.monotonic()), 2 ** 31 - 1);
        pending.set(
          name,
          clock.after(left, () => onExpired(name)),
        );
      }
    },
  };
}
