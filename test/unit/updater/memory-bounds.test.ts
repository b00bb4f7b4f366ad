/**
 * The board's memory at its bounds: a key that signs without end, more than a start would read, and a disk that takes
 * nothing. What was remembered before is remembered still.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { attemptSync, unwrap } from "../../../runtime/kernel/result.ts";
import { openFloorRecord } from "../../../updater/client/floor-record.ts";
import { noFloors } from "../../../updater/client/floors.ts";
import { httpSource } from "../../../updater/client/http.ts";
import { openShelf } from "../../../updater/client/shelf.ts";
import { defaultLimits } from "../../../updater/client/source.ts";
import { openVault } from "../../../updater/client/vault.ts";
import { FLOORS_PER_TEAM_MAX } from "../../../updater/client/view.ts";
import { fault } from "../../../updater/faults.ts";
import { readPublic } from "../../../updater/repository/public.ts";
import { codeOf, FILES, faultOf, makeReadySite } from "./site.ts";

describe("a stolen publisher's key", () => {
  it("does not fill the record of floors with names without end, and what is assigned is remembered all the same", async () => {
    const site = await makeReadySite();
    const board = site.board();
    await site.forge(site.image, "team-acme", ["team-acme.pem"], (signed) => {
      const entry = signed.targets[FILES.manifest] ?? expect.fail("no release");
      const raised = (changes: object) => ({
        ...entry,
        custom: { sallyport: { ...entry.custom?.sallyport, releaseFloor: 1, ...changes } },
      });
      const others = Array.from({ length: FLOORS_PER_TEAM_MAX + 50 }, (_, at) => {
        return [`modules/acme/m${at}/1.0.0/manifest.json`, raised({ name: `m${at}` })] as const;
      });
      signed.targets = { ...Object.fromEntries(others), [FILES.manifest]: raised({}) };
    });
    const view = unwrap(await board.refresh());
    expect(view.releaseFloor("acme", "thermostat")).toBe(1);
    expect(view.releaseFloor("acme", "m0")).toBe(1);
    const remembered = JSON.parse(readFileSync(join(site.boardDirectory(), "floors.0"), "utf8").slice(64)).releases;
    expect(Object.keys(remembered)).toHaveLength(FLOORS_PER_TEAM_MAX + 1);
  });
});

describe("delegations that take hours to follow", () => {
  it("are refused after a bounded number of comparisons", async () => {
    const site = await makeReadySite();
    await site.forge(site.image, "team-acme", ["team-acme.pem"], (signed) => {
      const paths = Array.from({ length: 1_000 }, (_, at) => `modules/acme/m${at}/1.0.0/${"x".repeat(40)}`);
      const sub = { name: "sub", keyids: [], threshold: 1, terminating: false, paths };
      signed.delegations = { keys: {}, roles: [sub] };
    });
    const assign = (count: number) =>
      site.forge(site.director(), "targets", ["director-online.pem"], (signed) => {
        const entry = signed.targets[FILES.manifest] ?? expect.fail("nothing is assigned");
        for (let at = 0; at < count; at += 1) signed.targets[`modules/acme/n${at}/1.0.0/manifest.json`] = entry;
      });
    await assign(100);
    unwrap(await site.board().refresh());
    await assign(1_500);
    const refused = faultOf(await site.board().refresh());
    expect(refused.code).toBe("UPDATE_DELEGATION");
    expect(refused.facts["reason"]).toBe("the delegations take too much work to follow");
  });
});

describe("a board that serves its neighbours", () => {
  it("does not follow such delegations for each target that it could show them", async () => {
    const site = await makeReadySite();
    const urls = { metadataUrl: site.server.imageMetadataUrl, targetsUrl: site.server.imageTargetsUrl };
    const source = httpSource(urls, defaultLimits);
    onTestFinished(() => source.close());
    const root = site.repositories.imageRoot();
    const image = unwrap(await readPublic({ source, root, at: site.clock.now }));
    const find = vi.spyOn(image, "find").mockImplementation((path, work) => {
      if (work !== undefined) throw fault("UPDATE_DELEGATION", { delegate: path });
      return { kind: "absent" };
    });
    const shelf = openShelf({ committed: () => image, pinned: root, file: (name) => name });
    expect(shelf.find("metadata/timestamp.json")?.kind).toBe("metadata");
    expect(find).toHaveBeenCalledOnce();
  });
});

describe("what a start would not read", () => {
  it("is refused before it replaces what it can", () => {
    const folder = mkdtempSync(join(tmpdir(), "sallyport-memory-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const releases = new Map(Array.from({ length: 10_001 }, (_, at) => [`acme/m${at}`, 1]));
    expect(codeOf(attemptSync(() => openFloorRecord(folder).check({ ...noFloors, releases })))).toBe(
      "UPDATE_TOO_LARGE",
    );
    const bytes = new Uint8Array(2_000_000);
    const delegated = Array.from({ length: 24 }, (_, at) => ({ role: `r${at}`, delegator: "targets", bytes }));
    const files = { roots: [], timestamp: bytes, snapshot: bytes, targets: bytes, delegated };
    const state = { commit: 1, image: files, director: { ...files, delegated: [] }, floors: new Map() };
    expect(codeOf(attemptSync(() => openVault(folder).encode(state)))).toBe("UPDATE_TOO_LARGE");
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("a disk that takes no commit", () => {
  it("twice is not taken for a backup that was put back, when it is well again", async () => {
    const site = await makeReadySite();
    const counterFile = join(site.boardDirectory("elsewhere"), "counter");
    const board = site.board("board", { counterFile });
    const before = unwrap(await board.refresh()).versions;
    // A directory stands where the next state would be written.
    const inTheWay = join(site.boardDirectory(), "vault.next");
    mkdirSync(join(inTheWay, "full"), { recursive: true });
    for (let round = 0; round < 2; round += 1) {
      unwrap(await site.repositories.resign());
      expect(codeOf(await board.refresh())).toBe("UPDATE_DISK");
    }
    rmSync(inTheWay, { recursive: true });
    const again = site.board("board", { counterFile });
    expect(again.notices.map((one) => one.code)).toEqual([]);
    expect(again.view()?.versions).toEqual(before);
  });
});
