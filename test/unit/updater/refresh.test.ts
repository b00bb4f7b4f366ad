/** The honest way through: what a board gets from both repositories, and what it keeps. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseDesired } from "../../../runtime/kernel/authority/desired.ts";
import { releasePaths } from "../../../runtime/kernel/authority/manifest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { verifyChain } from "../../../updater/index.ts";
import {
  codeOf,
  DAY_MS,
  DEVICE,
  desired,
  FILES,
  faultOf,
  makeReadySite,
  makeSite,
  OTHER,
  POLICY,
  releaseInput,
} from "./site.ts";

describe("a refresh", () => {
  it("brings policy, desired state and the agreed files of an assigned release to the board", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    expect(updater.view()).toBeUndefined();
    const view = unwrap(await updater.refresh());

    expect(unwrap(await updater.fetchTarget(unwrap(view.owner("policy/policy.json"))))).toEqual(POLICY);
    expect(view.desired).toMatchObject({ path: "desired.json", repository: "director" });
    if (view.desired === undefined) return;
    const state = unwrap(parseDesired(unwrap(await updater.fetchTarget(view.desired))));
    expect(state).toMatchObject({ device: DEVICE, rev: 1, modules: [{ name: "thermostat", version: "1.0.0" }] });

    const input = releaseInput("1.0.0");
    const parts = [
      [FILES.manifest, input.manifest, "manifest"],
      [FILES.module, input.module, "module"],
      [FILES.bundle, input.bundle, "bundle"],
    ] as const;
    for (const [path, bytes, kind] of parts) {
      const target = unwrap(view.agreed(path));
      expect(target.custom).toMatchObject({ sallyport: { kind, releaseCounter: 1, hardware: ["any/core-v1"] } });
      expect(unwrap(await updater.fetchTarget(target))).toEqual(bytes);
    }
    expect(view.versions).toEqual({
      image: { root: 1, timestamp: 3, snapshot: 3, targets: 2 },
      director: { root: 1, timestamp: 1, snapshot: 1, targets: 1 },
    });
  });

  it("is still believed after a restart without network, however old it is", async () => {
    const site = await makeReadySite();
    const first = site.board();
    unwrap(await first.refresh());
    unwrap(await first.fetchTarget(unwrap(unwrap(await first.refresh()).agreed(FILES.module))));
    first.close();
    await site.server.close();
    site.clock.now += 3000 * DAY_MS;

    const again = site.board();
    expect(again.recovered).toBe(false);
    const target = unwrap(again.view()?.agreed(FILES.module) ?? expect.fail("no view after the restart"));
    expect(unwrap(await again.fetchTarget(target))).toEqual(releaseInput("1.0.0").module);
    expect(codeOf(await again.refresh())).toBe("UPDATE_NETWORK");
    expect(again.view()).toBeDefined();
  });

  it("follows a new release and a new assignment", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    unwrap(await updater.refresh());
    await site.release("1.1.0");
    unwrap(await site.repositories.assign(DEVICE, [desired("1.1.0")]));
    const view = unwrap(await updater.refresh());
    expect(view.agreed("modules/acme/thermostat/1.1.0/module.wasm").ok).toBe(true);
    expect(codeOf(view.agreed(FILES.module))).toBe("UPDATE_NOT_ASSIGNED");
    expect(site.repositories.desired(DEVICE)).toMatchObject({ rev: 2 });
  });

  it("that finds nothing new does not wear the flash", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    unwrap(await updater.refresh());
    const inode = () => statSync(join(site.boardDirectory(), "vault")).ino;
    const before = inode();
    unwrap(await updater.refresh());
    expect(inode()).toBe(before);
    unwrap(await site.repositories.resign());
    unwrap(await updater.refresh());
    expect(inode()).not.toBe(before);
  });

  it("asked for twice at once is done once", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    const [one, two] = await Promise.all([updater.refresh(), updater.refresh()]);
    expect(one).toBe(two);
    updater.close();
    expect(codeOf(await updater.refresh())).toBe("UPDATE_CLOSED");
  });

  it("commits both repositories or neither", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    const before = unwrap(await updater.refresh()).versions;
    unwrap(await site.repositories.assign(DEVICE, [])); // The director moves on honestly …
    await site.forge(site.image, "targets", ["owner-1.pem"], () => {}); // … the image repository does not.
    expect(codeOf(await updater.refresh())).toBe("UPDATE_SIGNATURE");
    expect(updater.view()?.versions).toEqual(before);
    expect(site.board().view()?.versions).toEqual(before);
  });

  it("names what is missing when nothing was ever assigned to the device", async () => {
    const site = await makeSite();
    const fault = faultOf(await site.board().refresh());
    expect(fault.code).toBe("UPDATE_METADATA_MISSING");
    expect(fault.facts).toMatchObject({ repository: "director", name: "timestamp.json" });
  });

  it("loads only the teams' roles that the assignment leads to", async () => {
    const site = await makeReadySite();
    await site.release("2.0.0", { team: "umbrella", name: "door" });
    const updater = site.board();
    unwrap(await updater.refresh());
    expect(updater.chain()?.image.delegated.map((one) => one.role)).toEqual(["team-acme"]);
  });
});

describe("a board's limits", () => {
  it("refuse metadata and targets that are announced larger, before they are fetched", async () => {
    const site = await makeReadySite();
    const small = site.board("small-metadata", { limits: { snapshotBytes: 100 } });
    expect(faultOf(await small.refresh())).toMatchObject({ code: "UPDATE_TOO_LARGE", facts: { max: 100 } });
    const updater = site.board("small-targets", { limits: { targetBytes: 10 } });
    const target = unwrap(unwrap(await updater.refresh()).agreed(FILES.module));
    await site.server.close();
    expect(faultOf(await updater.fetchTarget(target))).toMatchObject({ code: "UPDATE_TOO_LARGE", facts: { max: 10 } });
  });
});

describe("stored targets", () => {
  it("make room for what is assigned, unless the board still runs them", async () => {
    const site = await makeReadySite();
    const module = new Uint8Array(4000).fill(7);
    await site.release("1.1.0", { module });
    const updater = site.board("small", { limits: { storeBytes: 4100 } });
    const before = unwrap(await updater.refresh());
    const old = unwrap(before.agreed(FILES.module));
    unwrap(await updater.fetchTarget(old));
    updater.keep([old.sha256]);
    unwrap(await site.repositories.assign(DEVICE, [desired("1.1.0")]));
    const next = unwrap(unwrap(await updater.refresh()).agreed(releasePaths("acme", "thermostat", "1.1.0").module));
    const { byteLength: used } = unwrap(await updater.fetchTarget(old));
    expect(updater.usage()).toEqual({ bytes: used, pinned: used, max: 4100 });
    const tight = site.board("small", { limits: { storeBytes: 4010 } });
    unwrap(await tight.refresh());
    tight.keep([old.sha256]);
    expect(faultOf(await tight.fetchTarget(next))).toMatchObject({ code: "UPDATE_STORE_FULL", kind: "disk" });
    tight.keep([]);
    expect(unwrap(await tight.fetchTarget(next))).toEqual(module);
    expect(tight.usage()).toEqual({ bytes: 4000, pinned: 4000, max: 4010 });
  });

  it("that two ask for at the same moment are downloaded once", async () => {
    const site = await makeReadySite();
    const module = new Uint8Array(2_000_000).fill(3);
    await site.release("1.1.0", { module });
    unwrap(await site.repositories.assign(DEVICE, [desired("1.1.0")]));
    const updater = site.board();
    const target = unwrap(unwrap(await updater.refresh()).agreed(releasePaths("acme", "thermostat", "1.1.0").module));
    const both = await Promise.all([updater.fetchTarget(target), updater.fetchTarget(target)]);
    expect(both.map((one) => unwrap(one).byteLength)).toEqual([2_000_000, 2_000_000]);
  });

  it("cannot be fetched before a refresh said what is trusted", async () => {
    const site = await makeReadySite();
    const trusted = site.board("other");
    const target = unwrap(unwrap(await trusted.refresh()).agreed(FILES.module));
    expect(codeOf(await site.board().fetchTarget(target))).toBe("UPDATE_NEVER_REFRESHED");
  });
});

describe("a kept chain", () => {
  it("is verified offline by anybody who has the pinned roots, for its device and its time only", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    unwrap(await updater.refresh());
    const files = updater.chain() ?? expect.fail("no chain after a refresh");
    const claim = {
      image: { root: site.repositories.imageRoot(), files: files.image },
      director: { root: site.repositories.directorRoot(), files: files.director },
      device: DEVICE,
      at: site.clock.now,
    };
    expect(unwrap(verifyChain(claim)).agreed(FILES.module).ok).toBe(true);
    expect(codeOf(verifyChain({ ...claim, at: site.clock.now + 3000 * DAY_MS }))).toBe("UPDATE_STALE");
    expect(codeOf(verifyChain({ ...claim, device: OTHER }))).toBe("UPDATE_WRONG_DEVICE");
    const foreign = await makeSite();
    const root = foreign.repositories.imageRoot();
    expect(codeOf(verifyChain({ ...claim, image: { root, files: files.image } }))).toBe("UPDATE_SIGNATURE");
  });
});
