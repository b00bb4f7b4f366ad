/** Rollback: the board's whole memory of trust is replaced by an older copy. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { makeReadySite } from "../../unit/updater/site.ts";
import { says } from "./sees.ts";

describe("a board whose files are those of yesterday", () => {
  it("says so by the counter outside them, shows nothing to run, and is up to date after the next honest look", async () => {
    const site = await makeReadySite();
    const counterFile = join(site.boardDirectory("elsewhere"), "counter");
    const open = () => site.board("board", { counterFile });
    unwrap(await open().refresh());
    open().close();
    cpSync(site.boardDirectory(), site.boardDirectory("kept"), { recursive: true });
    unwrap(await site.repositories.resign());
    const { versions } = unwrap(await open().refresh());
    open().close();
    rmSync(site.boardDirectory(), { recursive: true });
    cpSync(site.boardDirectory("kept"), site.boardDirectory(), { recursive: true });

    const board = open();
    const text = `the updater's state is commit 1, but ${counterFile} has seen commit 2`;
    says(board.notices[0], "UPDATE_RESTORED", "attack", text);
    expect(board.view()).toBeUndefined();
    expect(unwrap(await board.refresh()).versions).toEqual(versions);
    expect(open().notices).toEqual([]);
  });
});
