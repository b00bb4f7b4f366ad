/** Rates and handles: the two small things that everything else counts on. */
import { describe, expect, it } from "vitest";
import { createHandles } from "../../../devices/handles.ts";
import { createMeter } from "../../../devices/meter.ts";

describe("a rate", () => {
  it("lets through its burst at once and then no more than the granted flow", () => {
    const meter = createMeter(2, 2);
    expect([0, 0, 0, 499].map((now) => meter.take(now))).toEqual([true, true, false, false]);
    expect(meter.take(500)).toBe(true);
    expect(meter.take(501)).toBe(false);
  });

  it("saves up no more than the burst, however long nothing happened", () => {
    const meter = createMeter(1, 1);
    meter.take(0);
    expect([3_600_000, 3_600_000].map((now) => meter.take(now))).toEqual([true, false]);
  });

  it("is not lost to rounding by a caller at exactly the granted flow", () => {
    const meter = createMeter(3, 1);
    const taken = Array.from({ length: 3000 }, (_, n) => meter.take((n * 1000) / 3));
    expect(taken.every(Boolean)).toBe(true);
  });

  it("is not raised by a clock that goes backwards", () => {
    const meter = createMeter(1, 1);
    expect(meter.take(1000)).toBe(true);
    expect(meter.take(0)).toBe(false);
    expect(meter.take(500)).toBe(false);
  });
});

describe("a handle", () => {
  it("that was closed never speaks for what was opened in its place", () => {
    const handles = createHandles();
    const old = handles.open("gpio:fan") ?? -1;
    expect(handles.close(old)).toBe(true);
    const next = handles.open("gpio:pump") ?? -1;
    expect(next).not.toBe(old);
    expect(handles.get(old)).toBeUndefined();
    expect(handles.close(old)).toBe(false);
    expect(handles.get(next)?.capability).toBe("gpio:pump");
  });

  it("is never zero: a guest's unset variable must not be somebody's relay", () => {
    const handles = createHandles();
    expect(handles.open("gpio:fan")).toBeGreaterThan(0);
    expect(handles.get(0)).toBeUndefined();
  });

  it.each([[-1], [0.5], [2 ** 31], [Number.NaN], [64 * 7]])("made up as %s is none", (number) => {
    const handles = createHandles();
    handles.open("gpio:fan");
    expect(handles.get(number)).toBeUndefined();
  });

  it("is one of at most 64, and closing one makes room", () => {
    const handles = createHandles();
    const all = Array.from({ length: 64 }, () => handles.open("kv") ?? -1);
    expect(new Set(all).size).toBe(64);
    expect(handles.open("kv")).toBeUndefined();
    handles.close(all[9] ?? -1);
    expect(handles.open("kv")).toBeGreaterThan(0);
  });

  it("takes its watch with it when it closes", () => {
    const handles = createHandles();
    const number = handles.open("gpio:button") ?? -1;
    let stopped = 0;
    const handle = handles.get(number);
    if (handle !== undefined)
      handle.watch = () => {
        stopped += 1;
      };
    handles.closeAll();
    handles.closeAll();
    expect(stopped).toBe(1);
  });
});
