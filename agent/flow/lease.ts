/**
 * Leased grants: a release whose desired state carries `leaseS` loses all its capabilities, as if revoked, when the
 * director's metadata has not been fresh for that long. Fresh metadata gives them back; nothing else does.
 */
import type { ModuleName } from "../../runtime/kernel/brand.ts";
import type { Cancel, Clock } from "../../runtime/kernel/world.ts";
import type { Release } from "./inventory.ts";

export interface Leases {
  /** Sets the end of every lease anew, counted from the last moment the director's metadata was fresh (wall clock). */
  arm(releases: readonly Release[], freshAt: number): void;
  close(): void;
}

export function createLeases(clock: Clock, onExpired: (module: ModuleName) => void): Leases {
  const pending = new Map<ModuleName, Cancel>();
  const close = () => {
    for (const cancel of pending.values()) cancel();
    pending.clear();
  };
  return {
    close,
    arm(releases, freshAt) {
      close();
      for (const { name, leaseS } of releases) {
        if (leaseS === undefined) continue;
        // Node's timers hold 2^31 ms at most; a longer lease is looked at again then.
        const left = Math.min(Math.max(0, freshAt + leaseS * 1000 - clock.now()), 2 ** 31 - 1);
        pending.set(
          name,
          clock.after(left, () => onExpired(name)),
        );
      }
    },
  };
}
