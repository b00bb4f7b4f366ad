/** Freeze: the newest metadata that a board gets to see has expired, whichever role it is. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { DAY_MS, FILES, makeReadySite } from "../../unit/updater/site.ts";
import { forgeRoot, forgeSnapshot, forgeTimestamp, onlineKeyOf } from "./forge.ts";
import { sees } from "./sees.ts";

const PAST = "2026-05-31T00:00:00Z";
const OWNERS = ["owner-1.pem", "owner-2.pem"];

describe.each(["image", "director"] as const)("expired metadata of the %s", (which) => {
  const roles = ["root", "timestamp", "snapshot", "targets", ...(which === "image" ? ["team-acme"] : [])];

  it.each(roles)("is refused as stale, and what was trusted keeps standing: %s", async (role) => {
    const site = await makeReadySite();
    const tree = which === "image" ? site.image : site.director();
    const board = site.board();
    unwrap(await board.refresh());
    const expire = (signed: { expires: string }) => {
      signed.expires = PAST;
    };
    if (role === "root") await forgeRoot(site, tree, OWNERS, expire);
    else if (role === "timestamp") await forgeTimestamp(site, tree, onlineKeyOf(site, tree), expire);
    else if (role === "snapshot") await forgeSnapshot(site, tree, expire);
    else await site.forge(tree, role, keysOf(role), expire);
    sees(await board.refresh(), "UPDATE_STALE", "stale", `${which} ${role} expired at ${PAST}`);
    expect(board.view()?.agreed(FILES.module).ok).toBe(true);
  });

  function keysOf(role: string): readonly string[] {
    if (which === "director") return ["director-online.pem"];
    return role === "targets" ? OWNERS : ["team-acme.pem"];
  }
});

describe("a freeze", () => {
  it("ends with the timestamp's expiry, and with the first renewal", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    unwrap(await updater.refresh());
    site.clock.now += 8 * DAY_MS;
    const text = "director timestamp expired at 2026-06-08T12:00:00Z";
    sees(await updater.refresh(), "UPDATE_STALE", "stale", text);
    expect(updater.view()?.agreed(FILES.module).ok).toBe(true);
    unwrap(await site.repositories.resign());
    expect((await updater.refresh()).ok).toBe(true);
  });

  it("on a root that has expired ends too", async () => {
    const site = await makeReadySite();
    site.clock.now += 800 * DAY_MS;
    unwrap(await site.repositories.resign());
    sees(await site.board().refresh(), "UPDATE_STALE", "stale", /^director root expired at 2028-05-31/);
  });
});
