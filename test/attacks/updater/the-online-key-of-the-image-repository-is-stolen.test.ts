/** Key compromise: the image repository's online key alone can freeze, until what it froze expires, and alter nothing. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { DAY_MS, FILES, makeReadySite } from "../../unit/updater/site.ts";
import { forgeSnapshot } from "./forge.ts";
import { sees } from "./sees.ts";

const ONLINE = ["image-online.pem"];

describe("who holds the image repository's online key", () => {
  it("cannot sign what a team's key has to sign", async () => {
    const site = await makeReadySite();
    await site.forge(site.image, "team-acme", ONLINE, () => {});
    const text = "image team-acme is not signed by enough of its keys";
    sees(await site.board().refresh(), "UPDATE_SIGNATURE", "attack", text);
  });

  it("cannot sign what the owners have to sign", async () => {
    const site = await makeReadySite();
    await site.forge(site.image, "targets", ONLINE, () => {});
    const text = "image targets is not signed by enough of its keys";
    sees(await site.board().refresh(), "UPDATE_SIGNATURE", "attack", text);
    const other = await makeReadySite();
    await other.forgeRoot(2, ONLINE, () => {});
    const root = "image root is not signed by enough of its keys";
    sees(await other.board().refresh(), "UPDATE_SIGNATURE", "attack", root);
  });

  it("can freeze, for as long as the owners' and teams' own roles last", async () => {
    const site = await makeReadySite();
    const board = site.board();
    unwrap(await board.refresh());
    await forgeSnapshot(site, site.image, (signed) => {
      signed.expires = "2040-01-01T00:00:00Z";
    });
    const frozen = site.backup(site.image);
    await site.release("1.1.0");
    frozen();
    site.clock.now += 200 * DAY_MS;
    unwrap(await site.repositories.resign());
    sees(await board.refresh(), "UPDATE_STALE", "stale", /^image team-acme expired at 2026-11-28/);
    expect(board.view()?.agreed(FILES.module).ok).toBe(true);
  });
});
