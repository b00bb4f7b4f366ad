/** Arbitrary software: who holds fewer of the owner's keys than the threshold signs policy or a new root. */
import { describe, expect, it } from "vitest";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { makeReadySite, POLICY } from "../../unit/updater/site.ts";
import { entry } from "./entry.ts";
import { sees } from "./sees.ts";

describe("one owner's key of the two that are needed", () => {
  it("signs no policy", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    unwrap(await updater.refresh());
    await site.forge(site.image, "targets", ["owner-1.pem"], (signed) => {
      signed.targets["policy/policy.json"] = entry("evil");
    });
    const text = "image targets is not signed by enough of its keys";
    sees(await updater.refresh(), "UPDATE_SIGNATURE", "attack", text);
    expect(unwrap(updater.view()?.owner("policy/policy.json") ?? expect.fail("no view")).sha256).toBe(sha256(POLICY));
  });

  it("is not made two by the online key", async () => {
    const site = await makeReadySite();
    await site.forge(site.image, "targets", ["owner-1.pem", "image-online.pem"], () => {});
    const text = "image targets is not signed by enough of its keys";
    sees(await site.board().refresh(), "UPDATE_SIGNATURE", "attack", text);
  });

  it("makes no new root", async () => {
    const site = await makeReadySite();
    await site.forgeRoot(2, ["owner-1.pem"], () => {});
    const text = "image root is not signed by enough of its keys";
    sees(await site.board().refresh(), "UPDATE_SIGNATURE", "attack", text);
  });
});
