/** What somebody cannot do who holds one key too many, role by role (the table in DESIGN section 3). */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { MetaFile } from "@tufjs/models";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { codeOf, type Entry, FILES, faultOf, makeReadySite, POLICY } from "./site.ts";

const DIRECTOR_KEY = ["director-online.pem"];
const entry = (text: string, custom?: Entry["custom"]): Entry => {
  const bytes = utf8(text);
  return { length: bytes.byteLength, hashes: { sha256: sha256(bytes) }, ...(custom === undefined ? {} : { custom }) };
};

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
    const view = unwrap(await site.board().refresh());
    expect(view.releaseFloor("umbrella", "door")).toBe(0);
    expect(view.releaseFloor("acme", "door")).toBe(0);
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

describe("somebody who delegates without end", () => {
  it("does not keep the board loading roles", async () => {
    const site = await makeReadySite();
    const names = Array.from({ length: 65 }, (_, i) => `team-${i}`);
    await site.forge(site.image, "targets", ["owner-1.pem", "owner-2.pem"], (signed) => {
      const acme = signed.delegations?.roles[0] ?? expect.fail("no delegation");
      for (const name of names) signed.delegations?.roles.push({ ...acme, name, paths: [`modules/${name}/*/*/*`] });
    });
    const { metadata } = site.image;
    for (const name of names) cpSync(join(metadata, "2.team-acme.json"), join(metadata, `2.${name}.json`));
    await site.forgeSnapshot((versions) => {
      for (const name of names) versions[`${name}.json`] = new MetaFile({ version: 2 });
    });
    await site.forge(site.director(), "targets", DIRECTOR_KEY, (signed) => {
      for (const name of names) signed.targets[`modules/${name}/x/1.0.0/module.wasm`] = entry("x");
    });
    expect(codeOf(await site.board().refresh())).toBe("UPDATE_DELEGATION");
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
