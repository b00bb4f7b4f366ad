/** Leases: they end when the director has been silent for too long, whatever happens to the board's clock. */
import { describe, expect, it } from "vitest";
import type { Release } from "../../../../agent/flow/inventory.ts";
import { createLeases } from "../../../../agent/flow/lease.ts";
import { SteppingClock } from "../../../fakes/clock.ts";

const leased = { name: "thermostat", leaseS: 100 } as Release;

function makeLeases() {
  const clock = new SteppingClock();
  const ended: string[] = [];
  return { clock, ended, leases: createLeases(clock, (module) => void ended.push(module)) };
}

describe("a lease", () => {
  it("ends after its time without fresh metadata, and is moved on by fresh metadata only", () => {
    const { clock, ended, leases } = makeLeases();
    const freshAt = clock.now();
    leases.arm([leased], freshAt);
    clock.advance(60_000);
    leases.arm([leased], freshAt); // A round that failed.
    clock.advance(39_999);
    expect(ended).toEqual([]);
    clock.advance(1);
    expect(ended).toEqual(["thermostat"]);
    leases.arm([leased], clock.now());
    clock.advance(99_999);
    expect(ended).toHaveLength(1);
    clock.advance(1);
    expect(ended).toHaveLength(2);
    leases.close();
    expect(clock.waiting).toBe(0);
  });

  it("is not made longer by a clock that is set back, however often it is looked at", () => {
    const { clock, ended, leases } = makeLeases();
    const freshAt = clock.now();
    leases.arm([leased], freshAt);
    for (let i = 0; i < 3; i += 1) {
      clock.advance(30_000);
      clock.stepWall(-1_000_000);
      leases.arm([leased], freshAt);
    }
    clock.advance(10_000);
    expect(ended).toEqual(["thermostat"]);
  });

  it("after a restart in the past is as long as one lease, not as long as the clock is wrong", () => {
    const { clock, ended, leases } = makeLeases();
    leases.arm([leased], clock.now() + 400 * 86_400_000);
    clock.advance(100_000);
    expect(ended).toEqual(["thermostat"]);
  });
});
