/** Freeze: a board without an RTC starts in 1970, before all expiry, and is served metadata of long ago. */
import { describe, expect, it } from "vitest";
import { raisedFloor, trustedTime } from "../../../agent/board-time.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { DAY_MS, makeReadySite } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

describe("a board that starts in 1970", () => {
  it("judges expiry by the floor of its time, which signed times raise", async () => {
    const site = await makeReadySite();
    const built = site.clock.now;
    let floor = built;
    const now = () => trustedTime(0, floor);
    const board = site.board("board", { now });
    unwrap(await board.refresh());
    floor = raisedFloor(floor, [built + 10 * DAY_MS]);
    const text = "director timestamp expired at 2026-06-08T12:00:00Z";
    sees(await board.refresh(), "UPDATE_STALE", "stale", text);
    site.clock.now += 10 * DAY_MS;
    unwrap(await site.repositories.resign());
    expect((await board.refresh()).ok).toBe(true);
  });
});
