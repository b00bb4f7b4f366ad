/** The time a board believes in: what raises its floor and how far, when its clock is in doubt, and what it reports. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FLOOR_STEP_MAX_MS, isSuspect, raisedFloor, setBackBy, trustedTime } from "../../../agent/board-time.ts";
import { createClockWatch } from "../../../agent/clock-watch.ts";
import type { Judged } from "../../../agent/flow/judge-metadata.ts";
import { openMemory } from "../../../agent/memory.ts";
import { parsePolicy } from "../../../attest/index.ts";
import { parseDesired } from "../../../runtime/kernel/authority/desired.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { SteppingClock } from "../../fakes/clock.ts";

const DAY_MS = 86_400_000;
const BUILT = Date.UTC(2026, 5, 1);

describe("the floor of time", () => {
  it("is raised by signed times, also by those ahead of a clock that woke in 1970", () => {
    expect(raisedFloor(BUILT, [BUILT + DAY_MS, BUILT + 3 * DAY_MS])).toBe(BUILT + 3 * DAY_MS);
    expect(trustedTime(0, BUILT + 3 * DAY_MS)).toBe(BUILT + 3 * DAY_MS);
  });

  it("is raised by 30 days a step at most, whatever a stolen time key signs", () => {
    const stolen = Date.UTC(2040, 0, 1);
    const once = raisedFloor(BUILT, [stolen]);
    expect(once).toBe(BUILT + FLOOR_STEP_MAX_MS);
    expect(FLOOR_STEP_MAX_MS).toBe(30 * DAY_MS);
    expect(raisedFloor(once, [stolen])).toBe(BUILT + 2 * FLOOR_STEP_MAX_MS);
  });

  it("never falls, and is not moved by what is no time", () => {
    expect(raisedFloor(BUILT, [])).toBe(BUILT);
    expect(raisedFloor(BUILT, [BUILT - DAY_MS, Number.NaN, Number.POSITIVE_INFINITY])).toBe(BUILT);
  });
});

describe("a clock", () => {
  it("is in doubt when it is further ahead of the floor than the policy says, and only then", () => {
    expect(isSuspect(BUILT + 90 * DAY_MS, BUILT, 90)).toBe(false);
    expect(isSuspect(BUILT + 90 * DAY_MS + 1, BUILT, 90)).toBe(true);
    expect(isSuspect(0, BUILT, 90)).toBe(false);
    expect(isSuspect(BUILT + 9000 * DAY_MS, BUILT, undefined)).toBe(false);
  });

  it("was set back by what the wall lost against the time that passed", () => {
    const before = { wall: BUILT, monotonic: 1000 };
    expect(setBackBy(before, { wall: BUILT + 500_000, monotonic: 501_000 })).toBe(0);
    expect(setBackBy(before, { wall: BUILT - 10_000, monotonic: 1000 })).toBe(0);
    expect(setBackBy(before, { wall: BUILT, monotonic: 3_601_000 })).toBe(3_600_000);
    expect(setBackBy({ wall: BUILT }, { wall: BUILT - DAY_MS, monotonic: 5 })).toBe(DAY_MS);
    expect(setBackBy({ wall: BUILT }, { wall: BUILT + DAY_MS, monotonic: 5 })).toBe(0);
  });
});

describe("a board", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "board-time-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const judged = (version: number, clock: object): Judged => {
    const policy = { schema: "sallyport.policy/1", version, evidence: [], ceilings: [], operators: [], clock };
    const desired = { schema: "sallyport.desired/1", device: "porch-1", rev: 1, modules: [] };
    return {
      policy: unwrap(parsePolicy(utf8(JSON.stringify(policy)))),
      seen: { version, digest: sha256(utf8(String(version))) },
      trust: {} as Judged["trust"],
      desired: unwrap(parseDesired(utf8(JSON.stringify(desired)))),
    };
  };

  it("reports a clock that is in doubt, right again or set back, each once, also over a restart", () => {
    const clock = new SteppingClock(BUILT + DAY_MS);
    const events: unknown[] = [];
    const reporter = { event: (type: string, data: object) => void events.push([type, data]) };
    const open = () => openMemory(join(folder, "memory.db"), clock, BUILT);
    const memory = open();
    memory.reconcileMemory.remember(judged(1, { aheadDaysMax: 90 }), new Map());
    const look = createClockWatch({ clock, memory, reporter });
    look();
    clock.advance(DAY_MS);
    look();
    expect(events).toEqual([]);
    clock.stepWall(400 * DAY_MS);
    look();
    look();
    expect(memory.isClockSuspect()).toBe(true);
    clock.stepWall(-400 * DAY_MS);
    look();
    look();
    expect(events).toEqual([
      ["clock.suspect", { clock: "2027-07-08T00:00:00.000Z", floor: "2026-06-01T00:00:00.000Z" }],
      ["clock.back", expect.objectContaining({ clock: "2026-06-03T00:00:00.000Z", backS: 400 * 86_400 })],
      ["clock.right", expect.anything()],
    ]);
    memory.close();

    events.length = 0;
    clock.stepWall(-30 * DAY_MS);
    const after = open();
    createClockWatch({ clock, memory: after, reporter })();
    expect(events).toEqual([["clock.back", expect.objectContaining({ backS: 29 * 86_400 })]]);
    after.close();
  });

  it("whose floor a stolen key drove ahead is set right by the owner's policy, once for each version", () => {
    const clock = new SteppingClock(BUILT + DAY_MS);
    const memory = openMemory(join(folder, "memory.db"), clock, BUILT);
    const { remember, raiseTimeFloor } = memory.reconcileMemory;
    remember(judged(1, {}), new Map());
    raiseTimeFloor([Date.UTC(2040, 0, 1)]);
    expect(memory.trustedNow()).toBe(BUILT + 30 * DAY_MS);
    remember(judged(2, { floorMs: BUILT + DAY_MS }), new Map());
    expect(memory.trustedNow()).toBe(BUILT + DAY_MS);
    raiseTimeFloor([BUILT + 2 * DAY_MS]);
    remember(judged(2, { floorMs: BUILT + DAY_MS }), new Map());
    expect(memory.timeFloor()).toBe(BUILT + 2 * DAY_MS);
    remember(judged(3, { floorMs: 0 }), new Map());
    expect(memory.timeFloor()).toBe(BUILT); // The build's own time holds always.
    memory.close();
  });
});
