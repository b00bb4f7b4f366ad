/** A board with the tier `auto`: what a module knows and says goes on over its move into the metered tier. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { guestRelease } from "../guests/guests.ts";
import { Site } from "./site.ts";

let site: Site;
beforeAll(async () => {
  site = await Site.open();
  await site.start({ tier: "auto" });
});
afterAll(() => site.close());

/** What the board keeps of prepared code. */
const prepared = () => {
  const folder = join(site.stage.path("board"), "state", "code");
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith("auto-")) : [];
};
const counts = (from: number) =>
  site.observer.seen
    .slice(from)
    .filter((one) => one.topic === "up/tm/counter/count")
    .map((one) => Number(one.text));
const atLeast = (n: number, from: number) =>
  site.observer.until(`a count of ${n}`, (one) => one.topic === "up/tm/counter/count" && Number(one.text) >= n, {
    from,
  });

it("lets a module count without a gap from before its code was prepared until long after", async () => {
  const from = site.observer.mark();
  // Of a size that takes longer to prepare than to begin without.
  const large = { everyMs: 20, codeBytes: 1_000_000, limits: { callMs: 5000 } };
  await site.install(guestRelease("remember", { name: "counter", ...large }));
  const first = await site.observer.until("it runs", (one) => one.topic === "up/mod/counter/state", { from });
  expect(first.get("engine.tier")).toBe("auto");
  for (let n = 7001; prepared().length === 0; n += 1) await atLeast(n, from);
  const last = Math.max(...counts(from));
  expect(last).toBeGreaterThan(7000);
  await atLeast(last + 30, from);
  const seen = counts(from);
  expect(seen.slice(0, 30 + last - 7000)).toEqual(Array.from({ length: 30 + last - 7000 }, (_, n) => 7001 + n));
});

it("begins the module with the code that is there when the board starts again", async () => {
  await site.stop();
  const from = site.observer.mark();
  await site.start({ tier: "auto" });
  await atLeast(7001, from);
  expect(prepared()).toHaveLength(1);
});
