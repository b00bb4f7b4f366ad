/** Slowness: the whole time, silence, a minimum speed, and what the board itself holds back. */
import { describe, expect, it } from "vitest";
import { startWatch, type WatchOptions } from "../../../../updater/client/watch.ts";
import { SteppingClock } from "../../../fakes/clock.ts";

function watched(changes: Partial<WatchOptions> = {}) {
  const clock = new SteppingClock();
  const slow: string[] = [];
  const watch = startWatch({
    clock,
    totalMs: 100_000,
    idleMs: 10_000,
    windowMs: 5_000,
    windowBytesMin: 500,
    onSlow: (limit) => slow.push(limit),
    ...changes,
  });
  return { clock, slow, watch };
}

describe("a download is too slow", () => {
  it("when nothing comes for too long, from the start or in between", () => {
    const { clock, slow } = watched();
    clock.advance(9_999);
    expect(slow).toEqual([]);
    clock.advance(1);
    expect(slow).toEqual(["silence"]);
    const later = watched({ windowBytesMin: 0 });
    later.clock.advance(9_000);
    later.watch.begin();
    later.clock.advance(9_000);
    later.watch.heard(1);
    later.clock.advance(9_999);
    expect(later.slow).toEqual([]);
    later.clock.advance(1);
    expect(later.slow).toEqual(["silence"]);
  });

  it("when a window brings too few bytes, however lively it is", () => {
    const { clock, slow, watch } = watched();
    clock.advance(4_000);
    watch.begin();
    const second = (bytes: number) => {
      watch.heard(bytes);
      clock.advance(1_000);
    };
    for (let i = 0; i < 5; i += 1) second(100);
    for (let i = 0; i < 4; i += 1) second(99);
    expect(slow).toEqual([]);
    second(99);
    expect(slow).toEqual(["minimum speed"]);
  });

  it("when all of it takes too long, and says so once", () => {
    const { clock, slow, watch } = watched({ totalMs: 12_000, windowBytesMin: 0 });
    watch.begin();
    for (let i = 0; i < 30; i += 1) {
      watch.heard(1000);
      clock.advance(500);
    }
    expect(slow).toEqual(["total time"]);
    expect(clock.waiting).toBe(0);
  });

  it("never by what the board itself holds back", () => {
    const { clock, slow, watch } = watched({ totalMs: 12_000 });
    watch.begin();
    for (let i = 0; i < 8; i += 1) {
      watch.heard(600);
      watch.pause();
      watch.pause();
      clock.advance(60_000);
      watch.resume();
      watch.resume();
      clock.advance(1_000);
    }
    expect(slow).toEqual([]);
    expect(watch.elapsedMs()).toBe(8_000);
    clock.advance(10_000);
    expect(slow).toEqual(["total time"]);
  });

  it("no more once it is over", () => {
    const { clock, slow, watch } = watched();
    watch.stop();
    watch.resume();
    clock.advance(1_000_000);
    expect(slow).toEqual([]);
    expect(clock.waiting).toBe(0);
  });
});
