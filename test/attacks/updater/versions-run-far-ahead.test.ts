/** Fast-forward: who holds an online key drives versions up, so that no honest file would ever be newer again. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { makeReadySite } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

describe("a version far ahead", () => {
  it("is refused by name, and the next honest refresh comes through", async () => {
    const site = await makeReadySite();
    const board = site.board();
    const before = unwrap(await board.refresh()).versions;
    const honest = site.backup(site.director());
    await site.forge(site.director(), "targets", ["director-online.pem"], (signed) => {
      signed.version += 2 ** 20 + 1;
    });
    const { targets } = before.director;
    const text = `director offers targets version ${targets + 2 ** 20 + 2}, far beyond version ${targets} that was trusted before`;
    sees(await board.refresh(), "UPDATE_FAST_FORWARD", "attack", text);
    expect(board.view()?.versions).toEqual(before);
    honest();
    expect((await board.refresh()).ok).toBe(true);
  });

  it("close to where numbers end is refused on the first day too", async () => {
    const site = await makeReadySite();
    await site.forge(site.director(), "targets", ["director-online.pem"], (signed) => {
      signed.version = 2 ** 53 - 2;
    });
    const text = /^director offers targets version 9007199254740990, far beyond version 0 /;
    sees(await site.board().refresh(), "UPDATE_FAST_FORWARD", "attack", text);
  });
});
