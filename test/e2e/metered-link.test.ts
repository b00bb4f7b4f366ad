/** A board on a metered link: what its transport settings put off, and what they do not. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WEEKDAYS } from "../../updater/index.ts";
import { guestRelease } from "../guests/guests.ts";
import { Site } from "./site.ts";

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site.close());

/** Starts the board with these transport settings. */
async function startWith(transport: object | undefined): Promise<void> {
  await site.stop();
  const path = join(site.stage.path("board"), "device.json");
  const { transport: _, ...config } = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify(transport === undefined ? config : { ...config, transport }));
  await site.start();
}

/** A window that is not open today, nor at midnight. */
function closedToday() {
  const day = WEEKDAYS[(new Date().getUTCDay() + 2) % 7];
  return { zone: "UTC", open: [{ days: [day], from: "12:00", to: "12:30" }], freeBytes: 4_096 };
}

describe("a board whose download window is closed", () => {
  const counter = guestRelease("counter", { name: "counter" });

  it("looks at metadata, says what it waits for and until when, and holds nothing against the release", async () => {
    await startWith({ window: closedToday(), bytesPerSMax: 1_000_000 });
    await site.publish(counter);
    await site.assign([counter]);
    const from = site.observer.mark();
    await site.hint();
    const waiting = await site.observer.job("counter-1.0.0", "queued", from);
    expect(waiting.text).toContain("UPDATE_NOT_NOW");
    expect(waiting.text).toMatch(/\d{4}-\d\d-\d\dT12:00:00\.000Z/);
  });

  it("fetches it once the window is open", async () => {
    const from = site.observer.mark();
    await startWith({ window: { ...closedToday(), open: [{ days: WEEKDAYS, from: "00:00", to: "24:00" }] } });
    await site.observer.job("counter-1.0.0", "succeeded", from);
  });
});
