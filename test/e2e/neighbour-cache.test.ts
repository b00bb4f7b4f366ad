/** An agent that serves its neighbours, as device.json says, and another board's updater that lives on it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { openUpdater } from "../../updater/index.ts";
import { guestRelease } from "../guests/guests.ts";
import { Site } from "./site.ts";

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site.close());

it("brings a module to a board that reaches the director and this neighbour only", async () => {
  const { stage, served, repo } = site;
  const file = stage.path("board/device.json");
  const config = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, JSON.stringify({ ...config, neighbours: { listen: "127.0.0.1:0" } }));
  await site.start();
  const release = guestRelease("counter", { name: "counter" });
  await site.install(release);
  const line = site.log.find((one) => one.includes("neighbours are served")) ?? "";
  const { url } = JSON.parse(line.slice(line.indexOf("{")));

  const directory = mkdtempSync(join(tmpdir(), "sallyport-neighbour-"));
  const nowhere = "http://127.0.0.1:9/image/";
  const board = openUpdater({
    directory,
    image: {
      ...{ metadataUrl: `${nowhere}metadata`, targetsUrl: `${nowhere}targets`, root: repo.imageRoot() },
      mirrors: [{ metadataUrl: `${url}image/metadata`, targetsUrl: `${url}image/targets`, cache: true }],
    },
    director: { ...served.directorUrl(stage.device), root: repo.directorRoot() },
    device: stage.device,
    hardware: { profile: "sim", abi: "core-v1" },
    now: () => Date.now(),
  });
  try {
    const { team, name, version } = release.parsed;
    const { module } = releasePaths(team, name, version);
    const target = unwrap(unwrap(await board.refresh()).agreed(module));
    expect(unwrap(await board.fetchTarget(target))).toEqual(new Uint8Array(release.module));
  } finally {
    board.close();
    rmSync(directory, { recursive: true });
  }
  await site.stop();
  await expect(fetch(`${url}image/metadata/timestamp.json`)).rejects.toThrow();
});
