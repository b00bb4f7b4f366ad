/** What an attacker between board and repository, who can write every served file, cannot do. One attack, one test. */
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { codeOf, DAY_MS, DEVICE, FILES, faultOf, makeReadySite, OTHER, type Site } from "./site.ts";

/** Where a target lies on the repository's disk. */
function diskFile(site: Site, path: string): string {
  const folder = join(site.image.targets, path, "..");
  const base = path.slice(path.lastIndexOf("/") + 1);
  const name = readdirSync(folder).find((one) => one.endsWith(`.${base}`));
  return join(folder, name ?? expect.fail(`no file for ${path}`));
}

describe("somebody who alters the repository's disk", () => {
  it("cannot slip other bytes of the same length under a signed name", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    const target = unwrap(unwrap(await updater.refresh()).agreed(FILES.module));
    const file = diskFile(site, FILES.module);
    writeFileSync(file, Buffer.alloc(target.length, "x"));
    const fault = faultOf(await updater.fetchTarget(target));
    expect(fault.code).toBe("UPDATE_TARGET_HASH");
    expect(fault.kind).toBe("attack");
    expect(fault.facts).toMatchObject({ path: FILES.module, expected: target.sha256 });
    expect(readdirSync(join(site.boardDirectory(), "blobs"), { recursive: true })).toEqual(["staging"]);
  });

  it("cannot make a target longer or shorter", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    const target = unwrap(unwrap(await updater.refresh()).agreed(FILES.module));
    const file = diskFile(site, FILES.module);
    writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.alloc(1)]));
    expect(codeOf(await updater.fetchTarget(target))).toBe("UPDATE_TARGET_LENGTH");
    writeFileSync(file, "");
    expect(codeOf(await updater.fetchTarget(target))).toBe("UPDATE_TARGET_LENGTH");
  });

  it.each(["image", "director"] as const)("cannot roll the %s repository back, a restart included", async (which) => {
    const site = await makeReadySite();
    const tree = which === "image" ? site.image : site.director();
    const restore = site.backup(tree);
    unwrap(await site.repositories.resign());
    const versions = unwrap(await site.board().refresh()).versions;
    restore();
    const again = site.board();
    const fault = faultOf(await again.refresh());
    expect(fault.code).toBe("UPDATE_ROLLBACK");
    expect(fault.kind).toBe("attack");
    const { timestamp } = versions[which];
    expect(fault.facts).toMatchObject({
      repository: which,
      role: "timestamp",
      offered: timestamp - 1,
      trusted: timestamp,
    });
    expect(again.view()?.versions).toEqual(versions);
  });

  it("cannot put an older snapshot in the place of the newest", async () => {
    const site = await makeReadySite();
    rmSync(join(site.image.metadata, "3.snapshot.json"));
    renameSync(join(site.image.metadata, "2.snapshot.json"), join(site.image.metadata, "3.snapshot.json"));
    expect(codeOf(await site.board().refresh())).toBe("UPDATE_MIX_AND_MATCH");
  });

  it("cannot put an older team role in the place of the newest", async () => {
    const site = await makeReadySite();
    cpSync(join(site.image.metadata, "1.team-acme.json"), join(site.image.metadata, "2.team-acme.json"));
    expect(codeOf(await site.board().refresh())).toBe("UPDATE_MIX_AND_MATCH");
  });

  it("cannot serve another board's newer metadata to freeze this one", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    const before = unwrap(await updater.refresh()).versions;
    for (let i = 0; i < 3; i += 1) unwrap(await site.repositories.assign(OTHER, [])); // Versions run ahead of ours.
    rmSync(site.director().metadata, { recursive: true });
    cpSync(site.director(OTHER).metadata, site.director().metadata, { recursive: true });
    const fault = faultOf(await updater.refresh());
    expect(fault.code).toBe("UPDATE_WRONG_DEVICE");
    expect(fault.facts).toMatchObject({ role: "timestamp", device: DEVICE, found: OTHER });
    expect(updater.view()?.versions).toEqual(before);
    expect(site.board().view()?.versions).toEqual(before);
    expect(codeOf(await site.board("factory-fresh").refresh())).toBe("UPDATE_WRONG_DEVICE");
  });

  it("cannot serve another board's metadata of the same version, which looks like nothing new", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    unwrap(await updater.refresh());
    unwrap(await site.repositories.assign(OTHER, []));
    cpSync(join(site.director(OTHER).metadata, "timestamp.json"), join(site.director().metadata, "timestamp.json"));
    expect(codeOf(await updater.refresh())).toBe("UPDATE_WRONG_DEVICE");
  });

  it("cannot pass another board's older metadata off as a mere rollback", async () => {
    const site = await makeReadySite();
    unwrap(await site.repositories.assign(DEVICE, []));
    unwrap(await site.repositories.assign(OTHER, []));
    const updater = site.board();
    unwrap(await updater.refresh());
    cpSync(join(site.director(OTHER).metadata, "timestamp.json"), join(site.director().metadata, "timestamp.json"));
    expect(codeOf(await updater.refresh())).toBe("UPDATE_WRONG_DEVICE");
  });

  it("cannot freeze a board beyond the timestamp's expiry; what was trusted keeps standing", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    unwrap(await updater.refresh());
    site.clock.now += 8 * DAY_MS;
    const fault = faultOf(await updater.refresh());
    expect(fault.code).toBe("UPDATE_STALE");
    expect(fault.kind).toBe("stale");
    expect(fault.facts).toMatchObject({ repository: "director", role: "timestamp", expires: "2026-06-08T12:00:00Z" });
    expect(updater.view()?.agreed(FILES.module).ok).toBe(true);
    unwrap(await site.repositories.resign());
    expect((await updater.refresh()).ok).toBe(true);
  });

  it("cannot keep a board on a root that has expired", async () => {
    const site = await makeReadySite();
    site.clock.now += 800 * DAY_MS;
    unwrap(await site.repositories.resign());
    expect(faultOf(await site.board().refresh()).facts).toMatchObject({ role: "root" });
  });

  it("cannot have an unsigned or garbled file believed", async () => {
    const site = await makeReadySite();
    const file = join(site.director().metadata, "timestamp.json");
    const timestamp = JSON.parse(readFileSync(file, "utf8"));
    timestamp.signed.version += 1;
    writeFileSync(file, JSON.stringify(timestamp));
    expect(codeOf(await site.board().refresh())).toBe("UPDATE_SIGNATURE");
    timestamp.signatures = [];
    writeFileSync(file, JSON.stringify(timestamp));
    expect(codeOf(await site.board().refresh())).toBe("UPDATE_SIGNATURE");
    writeFileSync(file, "<html>log in to the hotel network</html>");
    expect(codeOf(await site.board().refresh())).toBe("UPDATE_METADATA_INVALID");
  });
});
