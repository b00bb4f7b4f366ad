/** Rollback: who holds the timestamp's key signs a new timestamp that names a snapshot of before. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { makeReadySite } from "../../unit/updater/site.ts";
import { forgeTimestamp, onlineKeyOf } from "./forge.ts";
import { sees } from "./sees.ts";

describe.each(["image", "director"] as const)("a newer timestamp of the %s that names an older snapshot", (which) => {
  it("is refused, and what was trusted stands", async () => {
    const site = await makeReadySite();
    unwrap(await site.repositories.resign());
    const tree = which === "image" ? site.image : site.director();
    const updater = site.board();
    const { versions } = unwrap(await updater.refresh());
    const { snapshot } = versions[which];
    await forgeTimestamp(site, tree, onlineKeyOf(site, tree), (signed) => {
      signed.meta["snapshot.json"] = { version: snapshot - 1 };
    });
    const text = `${which} offers snapshot version ${snapshot - 1}, but version ${snapshot} was trusted before`;
    sees(await updater.refresh(), "UPDATE_ROLLBACK", "attack", text);
    expect(updater.view()?.versions).toEqual(versions);
  });
});
