/** Verified copies of a repository, and the look over the whole of one. */
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { attempt, unwrap } from "../../../runtime/kernel/result.ts";
import {
  archivePlace,
  type CopyPlace,
  copyPublic,
  directoryPlace,
  openPublic,
  verifyTree,
} from "../../../updater/repository/index.ts";
import { codeOf, DAY_MS, DEVICE, desired, FILES, makeReadySite, OTHER, releaseInput, type Site } from "./site.ts";

async function ready(): Promise<Site> {
  const site = await makeReadySite();
  await site.release("1.1.0");
  unwrap(await site.repositories.assign(OTHER, [desired("1.1.0")]));
  return site;
}

const codes = async (site: Site, directory = site.directory) =>
  (await verifyTree(directory, { now: () => site.clock.now })).findings.map(
    ({ where, fault }) => `${where} ${fault.code}`,
  );

function copy(
  site: Site,
  base: string,
  place: CopyPlace,
  more: { devices?: (typeof DEVICE)[]; assignedOnly?: boolean } = {},
) {
  const open = (below: string) => openPublic(base, below);
  return attempt(() =>
    copyPublic(
      {
        image: { source: open("image"), root: site.repositories.imageRoot() },
        devices: more.devices ?? [DEVICE, OTHER],
        director: (device) => ({ source: open(`director/${device}`), root: site.repositories.directorRoot() }),
        assignedOnly: more.assignedOnly ?? false,
        now: () => site.clock.now,
      },
      place,
    ),
  );
}

function boardOn(site: Site, place: string) {
  const address = (below: string) => ({
    metadataUrl: `${pathToFileURL(place).href}/${below}/metadata/`,
    targetsUrl: `${pathToFileURL(place).href}/${below}/targets/`,
  });
  return site.board("elsewhere", {
    image: { ...address("image"), root: site.repositories.imageRoot() },
    director: { ...address(`director/${DEVICE}`), root: site.repositories.directorRoot() },
  });
}

describe("the look over a repository", () => {
  it("counts what is there and finds nothing in an honest one", async () => {
    const site = await ready();
    const seen: number[] = [];
    const all = await verifyTree(site.directory, {
      now: () => site.clock.now,
      onProgress: (done, of) => seen.push(done / of),
    });
    expect(all).toMatchObject({ findings: [], devices: 2, roles: 5, targets: 9, deltas: 1, unnamed: [] });
    expect(all.bytes).toBeGreaterThan(0);
    expect(seen.at(-1)).toBe(1);
  });

  it("names every kind of damage, where it is, and goes on", async () => {
    const site = await ready();
    const at = (part: string) => {
      const found = readdirSync(site.image.targets, { recursive: true, encoding: "utf8" }).find((one) =>
        one.includes(part),
      );
      return join(site.image.targets, found ?? expect.fail(part));
    };
    const folder = "modules/acme/thermostat";
    const altered = join(site.image.targets, folder, "1.0.0");
    const name = (ends: string) => join(altered, readdirSync(altered).find((one) => one.endsWith(ends)) ?? "");
    const code = readFileSync(name("module.wasm"));
    writeFileSync(
      name("module.wasm"),
      code.map((byte) => byte ^ 1),
    );
    appendFileSync(name("manifest.json"), " ");
    rmSync(name("bundle.sigstore.json"));
    appendFileSync(at("policy.json"), "");
    writeFileSync(join(site.image.targets, "stray"), "");
    rmSync(join(site.director(OTHER).metadata, "timestamp.json"));
    const all = await verifyTree(site.directory, { now: () => site.clock.now });
    expect(all.findings.map(({ where, fault }) => `${where} ${fault.code}`).sort()).toEqual([
      `director/${OTHER} UPDATE_METADATA_MISSING`,
      "image UPDATE_TARGET_HASH",
      "image UPDATE_TARGET_LENGTH",
      "image UPDATE_TARGET_MISSING",
    ]);
    expect(all.unnamed).toEqual(["stray"]);
  });

  it("tells what has expired, and looks at the rest all the same", async () => {
    const site = await ready();
    site.clock.now += 8 * DAY_MS;
    expect(await codes(site)).toEqual([
      "image UPDATE_STALE",
      `director/${DEVICE} UPDATE_STALE`,
      `director/${OTHER} UPDATE_STALE`,
    ]);
    expect((await verifyTree(site.directory, { now: () => site.clock.now })).targets).toBe(9);
  });

  it("finds a device that was assigned what the image repository does not say", async () => {
    const site = await ready();
    await site.forge(site.director(), "targets", ["director-online.pem"], ({ targets }) => {
      const entry = targets[FILES.module];
      if (entry !== undefined) entry.length += 1;
    });
    expect(await codes(site)).toEqual([`director/${DEVICE} UPDATE_REPOSITORIES_DISAGREE`]);
  });

  it("says when there is no repository at all", async () => {
    const site = await ready();
    expect(await codes(site, join(site.directory, "nowhere"))).toEqual(["image DISK_READ"]);
  });
});

describe("a verified copy", () => {
  it("from a server is a mirror that boards update from, and a second copy brings only what is new", async () => {
    const site = await ready();
    const mirror = site.boardDirectory("mirror");
    const first = unwrap(await copy(site, site.server.url, directoryPlace(mirror)));
    expect(first.kept).toBe(0);
    expect(await codes(site, mirror)).toEqual([]);
    await site.release("1.2.0");
    const second = unwrap(await copy(site, site.server.url, directoryPlace(mirror)));
    expect(second.kept).toBe(10);
    expect(await codes(site, mirror)).toEqual([]);
    const board = boardOn(site, mirror);
    const target = unwrap(unwrap(await board.refresh()).agreed(FILES.module));
    expect(unwrap(await board.fetchTarget(target))).toEqual(releaseInput("1.0.0").module);
  });

  it("as an archive carries one device's share to where there is no network", async () => {
    const site = await ready();
    const file = `${site.boardDirectory("stick")}.tar`;
    const archive = archivePlace(file);
    unwrap(await copy(site, pathToFileURL(site.directory).href, archive, { devices: [DEVICE], assignedOnly: true }));
    expect(existsSync(file)).toBe(false);
    archive.finish();
    const board = boardOn(site, file);
    const view = unwrap(await board.refresh());
    expect(unwrap(await board.fetchTarget(unwrap(view.agreed(FILES.module))))).toEqual(releaseInput("1.0.0").module);
    expect(readFileSync(file).includes("modules/acme/thermostat/1.1.0/")).toBe(true); // its metadata, not its files
    expect(readFileSync(file).includes("image/targets/modules/acme/thermostat/1.1.0/")).toBe(false);
  });

  it("does not take over what a board would refuse", async () => {
    const site = await ready();
    const damaged = site.boardDirectory("damaged");
    cpSync(site.directory, damaged, { recursive: true });
    const folder = join(damaged, "image/targets/policy");
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name), '{"policy":2}');
    const mirror = site.boardDirectory("mirror");
    expect(codeOf(await copy(site, pathToFileURL(damaged).href, directoryPlace(mirror)))).toBe("UPDATE_TARGET_HASH");
    expect(existsSync(join(mirror, "image/metadata/timestamp.json"))).toBe(false);
    site.clock.now += 8 * DAY_MS;
    expect(codeOf(await copy(site, site.server.url, directoryPlace(mirror)))).toBe("UPDATE_STALE");
  });
});
