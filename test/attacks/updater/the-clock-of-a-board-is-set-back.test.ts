/** Freeze: somebody sets the board's clock back, so that what has expired seems valid, and serves it. */
import { describe, expect, it } from "vitest";
import { trustedTime } from "../../../agent/board-time.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { DAY_MS, makeReadySite } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

describe("a clock that was set back", () => {
  it("lets nothing older in than what was trusted", async () => {
    const site = await makeReadySite();
    const old = [site.backup(site.image), site.backup(site.director())];
    site.clock.now += 20 * DAY_MS;
    unwrap(await site.repositories.resign());
    const board = site.board();
    const { versions } = unwrap(await board.refresh());
    for (const restore of old) restore();
    site.clock.now -= 20 * DAY_MS;
    const text = /^director offers timestamp version 1, but version 2 was trusted before$/;
    sees(await board.refresh(), "UPDATE_ROLLBACK", "attack", text);
    expect(board.view()?.versions).toEqual(versions);
  });

  it("makes nothing valid that has expired by the latest signed time the board knows", async () => {
    const site = await makeReadySite();
    const floor = site.clock.now + 20 * DAY_MS;
    const now = () => trustedTime(site.clock.now, floor);
    const text = "director timestamp expired at 2026-06-08T12:00:00Z";
    sees(await site.board("board", { now }).refresh(), "UPDATE_STALE", "stale", text);
  });
});
