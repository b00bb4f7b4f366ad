/** Key compromise: a team's key alone signs below its own prefix, and what it signs runs nowhere by itself. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { FILES, makeReadySite, POLICY } from "../../unit/updater/site.ts";
import { entry } from "./entry.ts";
import { sees } from "./sees.ts";

const TEAM_KEY = ["team-acme.pem"];

describe("who holds a team's key", () => {
  it("cannot get a release assigned", async () => {
    const site = await makeReadySite();
    await site.release("6.6.6");
    const path = FILES.module.replace("1.0.0", "6.6.6");
    const text = `the director does not assign ${path} to this device`;
    sees(unwrap(await site.board().refresh()).agreed(path), "UPDATE_NOT_ASSIGNED", "refusal", text);
  });

  it("cannot change the bytes of a release that is assigned", async () => {
    const site = await makeReadySite();
    await site.forge(site.image, "team-acme", TEAM_KEY, (signed) => {
      const released = signed.targets[FILES.module] ?? expect.fail("no such entry");
      signed.targets[FILES.module] = { ...released, hashes: { sha256: sha256(utf8("evil")) } };
    });
    const found = unwrap(await site.board().refresh()).agreed(FILES.module);
    sees(found, "UPDATE_REPOSITORIES_DISAGREE", "attack", /^image repository and director disagree about /);
  });

  it("cannot offer a policy, even where the owner delegated the path to the team by mistake", async () => {
    const site = await makeReadySite();
    await site.forge(site.image, "targets", ["owner-1.pem", "owner-2.pem"], (signed) => {
      signed.delegations?.roles[0]?.paths.push("policy/*");
    });
    await site.forge(site.image, "team-acme", TEAM_KEY, (signed) => {
      signed.targets["policy/policy.json"] = entry("evil");
      signed.targets["policy/evil.json"] = entry("evil");
    });
    const view = unwrap(await site.board().refresh());
    expect(unwrap(view.owner("policy/policy.json")).sha256).toBe(sha256(POLICY));
    const text = "image has no target policy/evil.json";
    sees(view.owner("policy/evil.json"), "UPDATE_TARGET_MISSING", "refusal", text);
  });

  it("cannot release under another team's prefix, even with the director's key", async () => {
    const site = await makeReadySite();
    const path = "modules/umbrella/door/1.0.0/module.wasm";
    await site.forge(site.image, "team-acme", TEAM_KEY, (signed) => {
      signed.targets[path] = entry("evil");
    });
    await site.forge(site.director(), "targets", ["director-online.pem"], (signed) => {
      signed.targets[path] = entry("evil");
    });
    const text = `the director names ${path}, which the image repository does not release`;
    sees(unwrap(await site.board().refresh()).agreed(path), "UPDATE_NOT_RELEASED", "attack", text);
  });

  it("cannot raise another team's release floor", async () => {
    const site = await makeReadySite();
    await site.forge(site.image, "team-acme", TEAM_KEY, (signed) => {
      for (const path of ["modules/umbrella/door/1.0.0/manifest.json", "modules/acme/door/1.0.0/manifest.json"]) {
        const one = structuredClone(signed.targets[FILES.manifest]) ?? expect.fail("no such entry");
        Object.assign(one.custom?.sallyport ?? {}, { team: "umbrella", name: "door", releaseFloor: 1000 });
        signed.targets[path] = one;
      }
    });
    const view = unwrap(await site.board().refresh());
    expect(view.releaseFloor("umbrella", "door")).toBe(0);
    expect(view.releaseFloor("acme", "door")).toBe(0);
  });
});
