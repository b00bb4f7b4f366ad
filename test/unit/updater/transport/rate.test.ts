/** The bandwidth cap as arithmetic; that downloads heed it is shown in cap.test.ts. */
import { describe, expect, it } from "vitest";
import { createRate } from "../../../../updater/client/rate.ts";
import { SteppingClock } from "../../../fakes/clock.ts";

describe("the bandwidth cap", () => {
  it("lets a burst of one second through and then asks for the time that the bytes are worth", () => {
    const clock = new SteppingClock();
    const rate = createRate(1000, clock);
    expect(rate.charge(1000)).toBe(0);
    expect(rate.charge(500)).toBe(500);
    clock.advance(500);
    expect(rate.charge(0)).toBe(0);
    expect(rate.charge(1)).toBe(1);
  });

  it("is shared by whoever reads: each waits for the bytes of all", () => {
    const clock = new SteppingClock();
    const rate = createRate(1000, clock);
    rate.charge(1000);
    expect(rate.charge(1000)).toBe(1000);
    expect(rate.charge(1000)).toBe(2000);
  });

  it("does not save up a quiet night", () => {
    const clock = new SteppingClock();
    const rate = createRate(1000, clock);
    clock.advance(3_600_000);
    expect(rate.charge(2000)).toBe(1000);
  });

  it("is kept over any stretch of time, whoever asks how often", () => {
    const clock = new SteppingClock();
    const rate = createRate(10_000, clock);
    let bytes = 0;
    const began = clock.monotonic();
    for (let i = 1; i <= 500; i += 1) {
      const piece = (i * 7919) % 4096;
      bytes += piece;
      clock.advance(rate.charge(piece));
    }
    const seconds = (clock.monotonic() - began) / 1000;
    expect(bytes).toBeLessThanOrEqual(Math.ceil(10_000 * (seconds + 1)));
    expect(bytes).toBeGreaterThan(10_000 * (seconds - 1));
  });

  it("that is not set holds nobody", () => {
    expect(createRate(undefined, new SteppingClock()).charge(1e9)).toBe(0);
  });
});
