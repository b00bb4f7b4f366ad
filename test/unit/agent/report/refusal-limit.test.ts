/** A flood of forged commands is counted, not repeated. */
import { expect, it } from "vitest";
import { createRefusalLimit } from "../../../../agent/report/refusal-limit.ts";
import type { Clock } from "../../../../runtime/kernel/world.ts";

it("reports ten at once and one a minute after that, with the number of those it only counted", () => {
  let now = 0;
  const clock: Clock = { now: () => now, monotonic: () => now, after: () => () => undefined };
  const limit = createRefusalLimit(clock);
  const flood = Array.from({ length: 1000 }, () => limit.next());
  expect(flood.filter((one) => one !== undefined)).toEqual(new Array(10).fill(0));
  now = 60_000;
  expect(limit.next()).toBe(990);
  expect(limit.next()).toBeUndefined();
  now = 10 * 60_000;
  expect([limit.next(), limit.next()]).toEqual([1, 0]);
});
