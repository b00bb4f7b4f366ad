/** Renewal without people: what ends soon is signed anew, what does not is left, and people are told in time. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { watchOver } from "../../../agent/cli/repo-refresh.ts";
import { err, ok, type Result, unwrap } from "../../../runtime/kernel/result.ts";
import { fault } from "../../../updater/repository/faults.ts";
import type { Refreshed } from "../../../updater/repository/index.ts";
import { readTree } from "../../../updater/repository/metadata.ts";
import { DAY_MS, DEVICE, makeReadySite, OTHER } from "./site.ts";

const HOURS_48 = 2 * DAY_MS;

describe("an unattended renewal", () => {
  it("leaves alone what does not end soon", async () => {
    const site = await makeReadySite();
    const before = readFileSync(join(site.image.metadata, "timestamp.json"));
    expect(unwrap(await site.repositories.refresh(HOURS_48))).toMatchObject({ image: "kept", devices: 0 });
    expect(readFileSync(join(site.image.metadata, "timestamp.json")).equals(before)).toBe(true);
  });

  it("signs only the timestamp while the snapshot lasts, so that boards fetch nothing else", async () => {
    const site = await makeReadySite();
    const board = site.board();
    const before = unwrap(await board.refresh()).versions;
    site.clock.now += 6 * DAY_MS;
    expect(unwrap(await site.repositories.refresh(HOURS_48))).toMatchObject({ image: "timestamp", devices: 1 });
    site.clock.now += 3 * DAY_MS;
    const { image, director } = unwrap(await board.refresh()).versions;
    expect([image.timestamp, image.snapshot]).toEqual([before.image.timestamp + 1, before.image.snapshot]);
    expect([director.timestamp, director.snapshot]).toEqual([before.director.timestamp + 1, before.director.snapshot]);
  });

  it("keeps every board supplied for half a year, and touches no offline key", async () => {
    const site = await makeReadySite();
    unwrap(await site.repositories.assign(OTHER, []));
    const keys = join(site.directory, "keys");
    for (const name of readdirSync(keys)) if (!name.endsWith("online.pem")) rmSync(join(keys, name));
    const board = site.board();
    const roots = readFileSync(join(site.image.metadata, "1.root.json"));
    for (let day = 0; day < 170; day += 1) {
      unwrap(await site.repositories.refresh(HOURS_48));
      if (day % 17 === 0) unwrap(await board.refresh());
      site.clock.now += DAY_MS;
    }
    expect(readFileSync(join(site.image.metadata, "1.root.json")).equals(roots)).toBe(true);
    expect(readTree(site.director(DEVICE))?.timestamp.version).toBeLessThan(45);
  });

  it("says how long each offline role has left, the first to end first", async () => {
    const site = await makeReadySite();
    site.clock.now += 170 * DAY_MS;
    const { offline } = unwrap(await site.repositories.refresh(HOURS_48));
    expect(offline.map(({ repository, role, daysLeft }) => `${repository} ${role} ${daysLeft}`)).toEqual([
      "image team-acme 10",
      "image team-umbrella 10",
      "image targets 195",
      "image root 560",
      "director root 560",
    ]);
  });
});

describe("watching", () => {
  const refreshed: Refreshed = { image: "kept", devices: 0, offline: [] };

  it("looks again after every span until it is told to stop, failures included", async () => {
    const abort = new AbortController();
    const spans: number[] = [];
    const told: string[] = [];
    const answers: Result<Refreshed>[] = [
      ok(refreshed),
      err(fault("REPO_LOCKED", { directory: "d", pid: 1, host: "h" })),
    ];
    const clock = {
      after(ms: number, then: () => void) {
        spans.push(ms);
        if (spans.length === 3) abort.abort();
        queueMicrotask(then);
        return () => {};
      },
    };
    const status = await watchOver(
      async () => answers.shift() ?? ok(refreshed),
      ({ image }) => void told.push(image),
      { everyMs: 1000, clock, io: { err: (line) => void told.push(line), signal: abort.signal } },
    );
    expect(status).toBe(0);
    expect(spans).toEqual([1000, 1000, 1000]);
    expect(told).toEqual(["kept", "sallyport: REPO_LOCKED: d is in use by process 1 on h", "kept"]);
  });
});
