/** Assignments and renewals of whole fleets: the same as one by one, made together, and whole wherever they are cut off. */
import { existsSync, linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { DeviceId } from "../../../runtime/kernel/brand.ts";
import { fault } from "../../../runtime/kernel/durable.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { openUpdater } from "../../../updater/index.ts";
import { type Disk, realDisk } from "../../../updater/repository/disk.ts";
import { createRepositories, openRepositories, type Repositories } from "../../../updater/repository/index.ts";
import { paths } from "../../../updater/repository/layout.ts";
import { codeOf, DAY_MS, desired, faultOf, releaseInput } from "./site.ts";

const START = Date.parse("2026-06-01T12:00:00Z");
const IDS = Array.from({ length: 5 }, (_, at) => `porch-${at + 1}` as DeviceId);

interface Fleet {
  readonly directory: string;
  readonly clock: { now: number };
  readonly repositories: Repositories;
  open(disk?: Disk): Repositories;
  metadata(id: DeviceId): string;
}

async function makeFleet(): Promise<Fleet> {
  const directory = mkdtempSync(join(tmpdir(), "sallyport-fleet-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const clock = { now: START };
  const now = () => clock.now;
  const repositories = unwrap(await createRepositories(directory, { tenant: "t", teams: ["acme"], now }));
  for (const version of ["1.0.0", "1.1.0"]) unwrap(await repositories.publishRelease(releaseInput(version)));
  return {
    directory,
    clock,
    repositories,
    open: (disk) => unwrap(openRepositories(directory, disk === undefined ? { now } : { now, disk })),
    metadata: (id) => paths(directory).director(id).metadata,
  };
}

/** What a board of that id reads from the files: the versions that it is told to run. */
async function asBoard({ directory, clock, repositories }: Fleet, id: DeviceId): Promise<string[]> {
  const state = mkdtempSync(join(tmpdir(), "sallyport-board-"));
  onTestFinished(() => rmSync(state, { recursive: true, force: true }));
  const below = (folder: string, root: Uint8Array) => ({
    metadataUrl: `file://${directory}/${folder}/metadata/`,
    targetsUrl: `file://${directory}/${folder}/targets/`,
    root,
  });
  const board = openUpdater({
    directory: state,
    image: below("image", repositories.imageRoot()),
    director: below(`director/${id}`, repositories.directorRoot()),
    device: id,
    hardware: { profile: "sim", abi: "core-v1" },
    now: () => clock.now,
  });
  try {
    const { desired: entry } = unwrap(await board.refresh());
    if (entry === undefined) return [];
    const { modules } = JSON.parse(new TextDecoder().decode(unwrap(await board.fetchTarget(entry))));
    return modules.map((one: { version: string }) => one.version);
  } finally {
    board.close();
  }
}

/** A disk that is gone after so many files, in the middle of those written together too. */
function dyingDisk(lives: number): Disk {
  let left = lives;
  const last = (path: string) => {
    if (left === 0) throw fault("DISK_WRITE", { path, reason: "the machine is off" });
    left -= 1;
  };
  const write: Disk["write"] = (path, bytes, mode) => {
    last(path);
    realDisk.write(path, bytes, mode);
  };
  return {
    write,
    async writeAll(writes) {
      for (const { path, bytes } of [...writes].reverse()) write(path, bytes);
    },
    link(from, path) {
      last(path);
      return realDisk.link?.(from, path) ?? false;
    },
    remove: (path) => realDisk.remove(path),
  };
}

describe("one assignment for many devices", () => {
  it("is what each of them reads, and asking again changes nothing", async () => {
    const fleet = await makeFleet();
    const seen: string[] = [];
    const assign = (version: string) =>
      fleet.repositories.assignAll(
        IDS,
        () => [desired(version)],
        (done, of) => seen.push(`${done}/${of}`),
      );
    expect(unwrap(await assign("1.0.0"))).toEqual({ changed: 5 });
    expect(seen).toEqual(["0/5", "1/5", "2/5", "3/5", "4/5", "5/5"]);
    for (const id of IDS) expect(await asBoard(fleet, id)).toEqual(["1.0.0"]);
    expect(unwrap(await assign("1.1.0"))).toEqual({ changed: 5 });
    const files = readdirSync(fleet.metadata("porch-3" as DeviceId));
    expect(unwrap(await assign("1.1.0"))).toEqual({ changed: 0 });
    expect(readdirSync(fleet.metadata("porch-3" as DeviceId))).toEqual(files);
    for (const id of IDS) expect(await asBoard(fleet, id)).toEqual(["1.1.0"]);
    expect(fleet.repositories.desired("porch-1" as DeviceId)?.rev).toBe(2);
  });

  it("is made from what each device has", async () => {
    const fleet = await makeFleet();
    const [first = "" as DeviceId, second = "" as DeviceId] = IDS;
    unwrap(await fleet.repositories.publishRelease(releaseInput("3.0.0", { name: "lamp" })));
    unwrap(await fleet.repositories.assign(first, [desired("3.0.0", "lamp")]));
    unwrap(await fleet.repositories.assignAll([first, second], (now) => [...(now?.modules ?? []), desired("1.0.0")]));
    expect(await asBoard(fleet, first)).toEqual(["3.0.0", "1.0.0"]);
    expect(await asBoard(fleet, second)).toEqual(["1.0.0"]);
  });

  it("of what is not released, or for what is no device, changes none of them", async () => {
    const fleet = await makeFleet();
    const refused = await fleet.repositories.assignAll(IDS, () => [desired("9.0.0")]);
    expect(codeOf(refused)).toBe("REPO_NOT_RELEASED");
    const mistyped = await fleet.repositories.assignAll([...IDS, "../x" as DeviceId], () => [desired("1.0.0")]);
    expect(faultOf(mistyped).code).toMatch(/^SHAPE_/);
    expect(fleet.repositories.devices()).toEqual([]);
  });

  it("that is cut off anywhere leaves every device its old state or its new one, and goes on when asked again", async () => {
    const fleet = await makeFleet();
    const known = IDS.slice(0, 3);
    unwrap(await fleet.repositories.assignAll(known, () => [desired("1.0.0")]));
    const seen = new Set<string>();
    // Each round changes three devices and adds two new ones.
    for (let at = 0, done = false; !done; at += 3) {
      const added = [`new-${at}-a`, `new-${at}-b`] as DeviceId[];
      const ids = [...known, ...added];
      const [from, to] = at % 2 === 0 ? ["1.0.0", "1.1.0"] : ["1.1.0", "1.0.0"];
      const result = await fleet.open(dyingDisk(at)).assignAll(ids, () => [desired(to)]);
      done = result.ok;
      if (!result.ok) expect(result.error.code).toBe("DISK_WRITE");
      for (const id of known) {
        const [version = ""] = await asBoard(fleet, id);
        expect([from, to]).toContain(version);
        seen.add(version === to ? "new" : "old");
      }
      for (const id of added) {
        if (existsSync(join(fleet.metadata(id), "timestamp.json"))) expect(await asBoard(fleet, id)).toEqual([to]);
      }
      unwrap(await fleet.open().assignAll(ids, () => [desired(to)]));
      for (const id of ids) expect(await asBoard(fleet, id)).toEqual([to]);
    }
    expect([...seen].sort()).toEqual(["new", "old"]);
  });

  it("leaves no half-written file behind when the disk refuses one of many", async () => {
    const fleet = await makeFleet();
    const folder = join(fleet.directory, "together");
    const writes = ["a", "b", "taken", "c"].map((name) => ({ path: join(folder, name), bytes: new Uint8Array(3) }));
    realDisk.write(join(folder, "taken", "x"), new Uint8Array(1));
    await expect(realDisk.writeAll?.(writes)).rejects.toThrow(/taken/);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

describe("the roots of many devices", () => {
  it("are names of one file, and files of their own where links are not to be had", async () => {
    const fleet = await makeFleet();
    const rootOf = (id: DeviceId) => statSync(join(fleet.metadata(id), "1.root.json"));
    unwrap(await fleet.repositories.assignAll(IDS, () => []));
    expect(new Set(IDS.map((id) => rootOf(id).ino)).size).toBe(1);

    const plain = ["plain-1", "plain-2"] as DeviceId[];
    const { link: _, ...linkless } = realDisk;
    unwrap(await fleet.open(linkless).assignAll(plain, () => []));
    expect(new Set(plain.map((id) => rootOf(id).ino)).size).toBe(2);
    for (const id of plain) {
      expect(readFileSync(join(fleet.metadata(id), "1.root.json"))).toEqual(
        Buffer.from(fleet.repositories.directorRoot()),
      );
    }
  });

  it("begin a file of their own when one has as many names as it may", async () => {
    const fleet = await makeFleet();
    const names = new Map<number, number>();
    // Two names for a file, as if that were all that it may have.
    const scarce: Disk = {
      ...realDisk,
      link(from, path) {
        const { ino } = statSync(from);
        const count = (names.get(ino) ?? 0) + 1;
        if (count > 2) return false;
        names.set(ino, count);
        linkSync(from, path);
        return true;
      },
    };
    for (const id of IDS) realDisk.write(join(fleet.metadata(id), ".keep"), new Uint8Array(1));
    unwrap(await fleet.open(scarce).assignAll(IDS, () => []));
    const inodes = IDS.map((id) => statSync(join(fleet.metadata(id), "1.root.json")).ino);
    expect(new Set(inodes).size).toBe(2);
    expect(inodes.slice(0, 2)).toEqual([inodes[0], inodes[0]]);
    for (const id of IDS) expect(await asBoard(fleet, id)).toEqual([]);
  });

  it("follow a rotation to every device", async () => {
    const fleet = await makeFleet();
    unwrap(await fleet.repositories.assignAll(IDS, () => [desired("1.0.0")]));
    unwrap(await fleet.repositories.rotate({ what: "renew", role: "root" }));
    for (const id of IDS) {
      const has = existsSync(join(fleet.metadata(id), "2.root.json"));
      expect([has, existsSync(join(paths(fleet.directory).directorRoot, "2.root.json"))]).toEqual([true, true]);
      expect(await asBoard(fleet, id)).toEqual(["1.0.0"]);
    }
  });
});

describe("a renewal of many devices", () => {
  it("signs only what is due, tells how far it is, and leaves snapshots that last", async () => {
    const fleet = await makeFleet();
    unwrap(await fleet.repositories.assignAll(IDS.slice(0, 3), () => [desired("1.0.0")]));
    fleet.clock.now += 4 * DAY_MS;
    unwrap(await fleet.repositories.assignAll(IDS.slice(3), () => [desired("1.0.0")]));
    fleet.clock.now += 2 * DAY_MS;
    const seen: string[] = [];
    const before = readdirSync(fleet.metadata("porch-1" as DeviceId));
    const renewed = unwrap(await fleet.repositories.refresh(2 * DAY_MS, (done, of) => seen.push(`${done}/${of}`)));
    expect(renewed.devices).toBe(3);
    expect(seen.at(-1)).toBe("5/5");
    expect(readdirSync(fleet.metadata("porch-1" as DeviceId))).toEqual(before);
    fleet.clock.now += 4 * DAY_MS;
    for (const id of IDS) expect(await asBoard(fleet, id)).toEqual(["1.0.0"]);
  });
});
