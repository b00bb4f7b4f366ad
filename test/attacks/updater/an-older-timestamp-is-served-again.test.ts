/** Rollback: a validly signed timestamp comes back after a newer one was trusted, with all that it names. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { makeReadySite } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

describe.each(["image", "director"] as const)("an older timestamp of the %s", (which) => {
  it("is refused by versions, a restart included, and the newest state comes through again", async () => {
    const site = await makeReadySite();
    const restore = site.backup(which === "image" ? site.image : site.director());
    unwrap(await site.repositories.resign());
    const { versions } = unwrap(await site.board().refresh());
    const honest = site.backup(which === "image" ? site.image : site.director());
    restore();
    const again = site.board();
    const { timestamp } = versions[which];
    const text = `${which} offers timestamp version ${timestamp - 1}, but version ${timestamp} was trusted before`;
    sees(await again.refresh(), "UPDATE_ROLLBACK", "attack", text);
    expect(again.view()?.versions).toEqual(versions);
    honest();
    expect((await again.refresh()).ok).toBe(true);
  });
});
