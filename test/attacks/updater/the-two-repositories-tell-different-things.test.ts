/** Mix and match: the director names another release, or another part of it, under a path that the image repository has. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { DEVICE, desired, type Entry, FILES, makeReadySite } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

describe("director and publisher", () => {
  it.each([
    ["length", (one: Entry) => Object.assign(one, { length: one.length + 1 })],
    ["hashes", (one: Entry) => Object.assign(one.hashes, { sha512: "00" })],
    ["releaseCounter", (one: Entry) => Object.assign(one.custom?.sallyport ?? {}, { releaseCounter: 9 })],
    ["hardware", (one: Entry) => Object.assign(one.custom?.sallyport ?? {}, { hardware: ["other/core-v1"] })],
    ["kind", (one: Entry) => void delete one.custom],
  ])("have to agree on %s", async (what, change) => {
    const site = await makeReadySite();
    await site.forge(site.director(), "targets", ["director-online.pem"], (signed) => {
      change(signed.targets[FILES.module] ?? expect.fail("no such entry"));
    });
    const text = new RegExp(`^image repository and director disagree about ${FILES.module}: .*${what}`);
    const found = unwrap(await site.board().refresh()).agreed(FILES.module);
    sees(found, "UPDATE_REPOSITORIES_DISAGREE", "attack", text);
  });

  it("have to agree on the bytes: those of another release under this one's path are refused", async () => {
    const site = await makeReadySite();
    await site.release("1.1.0");
    unwrap(await site.repositories.assign(DEVICE, [desired("1.1.0")]));
    await site.forge(site.director(), "targets", ["director-online.pem"], (signed) => {
      signed.targets[FILES.module] = signed.targets[FILES.module.replace("1.0.0", "1.1.0")] ?? expect.fail("no entry");
    });
    const found = unwrap(await site.board().refresh()).agreed(FILES.module);
    sees(found, "UPDATE_REPOSITORIES_DISAGREE", "attack", /^image repository and director disagree about .*: hashes /);
  });
});
