/** What an attacker between board and repository, or one who holds one key too many, cannot do. One attack, one test. */
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MetaFile } from "@tufjs/models";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import {
  codeOf,
  DAY_MS,
  DEVICE,
  desired,
  type Entry,
  FILES,
  faultOf,
  makeReadySite,
  OTHER,
  POLICY,
  type Site,
} from "./site.ts";

const DIRECTOR_KEY = ["director-online.pem"];
const entry = (text: string, custom?: Entry["custom"]): Entry => {
  const bytes = utf8(text);
  return { length: bytes.byteLength, hashes: { sha256: sha256(bytes) }, ...(custom === undefined ? {} : { custom }) };
};

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
    expect(readdirSync(join(site.boardDirectory(), "blobs"))).toEqual([]);
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

describe("somebody who holds the director's key", () => {
  it("cannot give a released path other bytes", async () => {
    const site = await makeReadySite();
    await site.forge(site.director(), "targets", DIRECTOR_KEY, (signed) => {
      const released = signed.targets[FILES.module] ?? expect.fail("no such entry");
      signed.targets[FILES.module] = { ...released, hashes: { sha256: sha256(utf8("evil")) } };
    });
    const fault = faultOf(unwrap(await site.board().refresh()).agreed(FILES.module));
    expect(fault.code).toBe("UPDATE_REPOSITORIES_DISAGREE");
    expect(fault.kind).toBe("attack");
    expect(fault.facts).toMatchObject({ path: FILES.module });
  });

  it.each([
    ["length", (one: Entry) => Object.assign(one, { length: one.length + 1 })],
    ["hashes", (one: Entry) => Object.assign(one.hashes, { sha512: "00" })],
    ["releaseCounter", (one: Entry) => Object.assign(one.custom?.sallyport ?? {}, { releaseCounter: 9 })],
    ["hardware", (one: Entry) => Object.assign(one.custom?.sallyport ?? {}, { hardware: ["other/core-v1"] })],
    ["kind", (one: Entry) => void delete one.custom],
  ])("cannot tell another %s than the publisher", async (what, change) => {
    const site = await makeReadySite();
    await site.forge(site.director(), "targets", DIRECTOR_KEY, (signed) => {
      change(signed.targets[FILES.module] ?? expect.fail("no such entry"));
    });
    const fault = faultOf(unwrap(await site.board().refresh()).agreed(FILES.module));
    expect(fault.code).toBe("UPDATE_REPOSITORIES_DISAGREE");
    expect(fault.facts["differs"]).toContain(what);
  });

  it("cannot bring in a module that nobody released", async () => {
    const site = await makeReadySite();
    const path = "modules/acme/miner/6.6.6/module.wasm";
    await site.forge(site.director(), "targets", DIRECTOR_KEY, (signed) => {
      signed.targets[path] = entry("evil");
    });
    expect(codeOf(unwrap(await site.board().refresh()).agreed(path))).toBe("UPDATE_NOT_RELEASED");
  });

  it("cannot offer a policy, and cannot delegate", async () => {
    const site = await makeReadySite();
    await site.forge(site.director(), "targets", DIRECTOR_KEY, (signed) => {
      signed.targets["policy/policy.json"] = entry("evil");
      signed.targets["policy/extra.json"] = entry("evil");
    });
    const view = unwrap(await site.board().refresh());
    expect(unwrap(view.owner("policy/policy.json")).sha256).toBe(sha256(POLICY));
    expect(codeOf(view.owner("policy/extra.json"))).toBe("UPDATE_TARGET_MISSING");
    await site.forge(site.director(), "targets", DIRECTOR_KEY, (signed) => {
      const role = { name: "helper", keyids: [], threshold: 1, terminating: false, paths: ["*"] };
      signed.delegations = { keys: {}, roles: [role] };
    });
    expect(codeOf(await site.board().refresh())).toBe("UPDATE_DELEGATION");
  });

  it("cannot make metadata that is bound to no device", async () => {
    const site = await makeReadySite();
    await site.forge(site.director(), "targets", DIRECTOR_KEY, (signed) => {
      delete signed["x-sallyport-device"];
    });
    const fault = faultOf(await site.board().refresh());
    expect(fault.code).toBe("UPDATE_WRONG_DEVICE");
    expect(fault.facts).toMatchObject({ role: "targets", found: "no device" });
  });
});

describe("somebody who holds a team's key", () => {
  it("cannot offer a policy", async () => {
    const site = await makeReadySite();
    await site.forge(site.image, "team-acme", ["team-acme.pem"], (signed) => {
      signed.targets["policy/policy.json"] = entry("evil");
      signed.targets["policy/evil.json"] = entry("evil");
    });
    const view = unwrap(await site.board().refresh());
    expect(unwrap(view.owner("policy/policy.json")).sha256).toBe(sha256(POLICY));
    expect(codeOf(view.owner("policy/evil.json"))).toBe("UPDATE_TARGET_MISSING");
  });

  it("cannot offer a policy even where the owner delegated the path to the team by mistake", async () => {
    const site = await makeReadySite();
    await site.forge(site.image, "targets", ["owner-1.pem", "owner-2.pem"], (signed) => {
      signed.delegations?.roles[0]?.paths.push("policy/*");
    });
    await site.forge(site.image, "team-acme", ["team-acme.pem"], (signed) => {
      signed.targets["policy/evil.json"] = entry("evil");
    });
    expect(codeOf(unwrap(await site.board().refresh()).owner("policy/evil.json"))).toBe("UPDATE_TARGET_MISSING");
  });

  it("cannot release under another team's prefix", async () => {
    const site = await makeReadySite();
    const path = "modules/umbrella/door/1.0.0/module.wasm";
    await site.forge(site.image, "team-acme", ["team-acme.pem"], (signed) => {
      signed.targets[path] = entry("evil");
    });
    await site.forge(site.director(), "targets", DIRECTOR_KEY, (signed) => {
      signed.targets[path] = entry("evil");
    });
    expect(codeOf(unwrap(await site.board().refresh()).agreed(path))).toBe("UPDATE_NOT_RELEASED");
  });

  it("cannot raise another team's release floor", async () => {
    const site = await makeReadySite();
    await site.forge(site.image, "team-acme", ["team-acme.pem"], (signed) => {
      const one = structuredClone(signed.targets[FILES.manifest]) ?? expect.fail("no such entry");
      Object.assign(one.custom?.sallyport ?? {}, { team: "umbrella", name: "door", releaseFloor: 1000 });
      signed.targets["modules/umbrella/door/1.0.0/manifest.json"] = one;
      const mine = structuredClone(signed.targets[FILES.manifest]) ?? expect.fail("no such entry");
      Object.assign(mine.custom?.sallyport ?? {}, { team: "umbrella", name: "door", releaseFloor: 1000 });
      signed.targets["modules/acme/door/1.0.0/manifest.json"] = mine;
    });
    expect(unwrap(await site.board().refresh()).releaseFloor("umbrella", "door")).toBe(0);
  });

  it("cannot make the board follow role names that shadow others", async () => {
    for (const name of ["a/b", "..", "1", "Targets", "team.acme"]) {
      const site = await makeReadySite();
      await site.forge(site.image, "team-acme", ["team-acme.pem"], (signed) => {
        const role = { name, keyids: [], threshold: 1, terminating: false, paths: ["*"] };
        signed.delegations = { keys: {}, roles: [role] };
      });
      expect(codeOf(await site.board().refresh())).toBe("UPDATE_DELEGATION");
    }
  });
});

describe("somebody who holds too few of the owner's keys", () => {
  it("cannot sign the owner's targets", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    unwrap(await updater.refresh());
    await site.forge(site.image, "targets", ["owner-1.pem"], (signed) => {
      signed.targets["policy/policy.json"] = entry("evil");
    });
    const fault = faultOf(await updater.refresh());
    expect(fault.code).toBe("UPDATE_SIGNATURE");
    expect(fault.facts).toMatchObject({ repository: "image", role: "targets" });
    expect(unwrap(updater.view()?.owner("policy/policy.json") ?? expect.fail("no view")).sha256).toBe(sha256(POLICY));
  });

  it("cannot fill up the threshold with the online key", async () => {
    const site = await makeReadySite();
    await site.forge(site.image, "targets", ["owner-1.pem", "image-online.pem"], () => {});
    expect(codeOf(await site.board().refresh())).toBe("UPDATE_SIGNATURE");
  });
});

describe("somebody who holds the online key", () => {
  it("cannot bring a team's older role back, nor make it vanish", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    unwrap(await updater.refresh());
    const honest = site.backup(site.image);
    await site.forgeSnapshot((versions) => {
      versions["team-acme.json"] = new MetaFile({ version: 1 });
    });
    const fault = faultOf(await updater.refresh());
    expect(fault.code).toBe("UPDATE_ROLLBACK");
    expect(fault.facts).toMatchObject({ repository: "image", role: "snapshot" });
    honest();
    await site.forgeSnapshot((versions) => {
      delete versions["team-umbrella.json"];
    });
    expect(codeOf(await site.board().refresh())).toBe("UPDATE_ROLLBACK");
    expect((await site.board("factory-fresh").refresh()).ok).toBe(true); // Nothing seen, nothing to hold it against.
  });

  it("cannot sign what the team's key has to sign", async () => {
    const site = await makeReadySite();
    await site.forge(site.image, "team-acme", ["image-online.pem"], () => {});
    expect(codeOf(await site.board().refresh())).toBe("UPDATE_SIGNATURE");
  });

  it("cannot name a role in a version that is not the one served", async () => {
    const site = await makeReadySite();
    const { metadata } = site.image;
    cpSync(join(metadata, "2.team-acme.json"), join(metadata, "3.team-acme.json"));
    await site.forgeSnapshot((versions) => {
      versions["team-acme.json"] = new MetaFile({ version: 3 });
    });
    expect(codeOf(await site.board().refresh())).toBe("UPDATE_MIX_AND_MATCH");
  });
});

describe("the release floor", () => {
  it("that was seen once stays, even when the role that raised it forgets it", async () => {
    const site = await makeReadySite();
    await site.release("1.1.0", { releaseFloor: 2 });
    unwrap(await site.repositories.assign(DEVICE, [desired("1.1.0")]));
    expect(unwrap(await site.board().refresh()).releaseFloor("acme", "thermostat")).toBe(2);
    await site.forge(site.image, "team-acme", ["team-acme.pem"], (signed) => {
      for (const one of Object.values(signed.targets)) Object.assign(one.custom?.sallyport ?? {}, { releaseFloor: 0 });
    });
    const again = site.board();
    expect(again.view()?.releaseFloor("acme", "thermostat")).toBe(2);
    expect(unwrap(await again.refresh()).releaseFloor("acme", "thermostat")).toBe(2);
    expect(unwrap(await again.refresh()).releaseFloor("acme", "other")).toBe(0);
  });

  it("raised by a new release holds for a board that still runs the old one", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    expect(unwrap(await updater.refresh()).releaseFloor("acme", "thermostat")).toBe(0);
    await site.release("1.1.0", { releaseFloor: 2 });
    const view = unwrap(await updater.refresh());
    expect(view.releaseFloor("acme", "thermostat")).toBe(2);
    expect(view.agreed(FILES.module).ok).toBe(true); // Both still name it; refusing it is the admission's part.
  });
});

describe("paths", () => {
  it("asked for in the wrong way are refused, whatever the repositories say", async () => {
    const view = unwrap(await (await makeReadySite()).board().refresh());
    expect(codeOf(view.owner(FILES.module))).toBe("UPDATE_PATH_REFUSED");
    expect(codeOf(view.agreed("policy/policy.json"))).toBe("UPDATE_PATH_REFUSED");
    expect(codeOf(view.agreed("desired.json"))).toBe("UPDATE_PATH_REFUSED");
    expect(codeOf(view.agreed("modules/__proto__"))).toBe("UPDATE_NOT_ASSIGNED");
    expect(codeOf(view.owner("policy/constructor"))).toBe("UPDATE_TARGET_MISSING");
  });
});
