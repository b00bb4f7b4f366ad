/** Rollback: who holds the online key signs a new snapshot that names the owner's or director's role of before. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { DEVICE, makeReadySite } from "../../unit/updater/site.ts";
import { forgeSnapshot } from "./forge.ts";
import { sees } from "./sees.ts";

describe.each(["image", "director"] as const)("a newer snapshot of the %s that names older targets", (which) => {
  it("is refused, and what was trusted stands", async () => {
    const site = await makeReadySite();
    unwrap(await site.repositories.assign(DEVICE, []));
    const tree = which === "image" ? site.image : site.director();
    const updater = site.board();
    const { versions } = unwrap(await updater.refresh());
    await forgeSnapshot(site, tree, (signed) => {
      signed.meta["targets.json"] = { version: versions[which].targets - 1 };
    });
    const { targets } = versions[which];
    const text = `${which} offers targets version ${targets - 1}, but version ${targets} was trusted before`;
    sees(await updater.refresh(), "UPDATE_ROLLBACK", "attack", text);
    expect(updater.view()?.versions).toEqual(versions);
  });
});
