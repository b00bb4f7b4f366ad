/** Arbitrary software: a hotel's portal, or somebody like it, answers everything with a page of its own. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { FILES, makeReadySite } from "../../unit/updater/site.ts";
import { impostor } from "./impostor.ts";
import { sees } from "./sees.ts";

describe("a portal", () => {
  it("is no repository: its page is refused by what it is, and what was trusted stands", async () => {
    const site = await makeReadySite();
    let isOpen = true;
    const portal = await impostor(site, (_, response) => {
      if (!isOpen) response.end("<html>log in to the hotel network</html>");
      return !isOpen;
    });
    const board = portal.board();
    unwrap(await board.refresh());
    isOpen = false;
    const text = /^director root is not acceptable metadata: not JSON: /;
    sees(await board.refresh(), "UPDATE_METADATA_INVALID", "refusal", text);
    expect(board.view()?.agreed(FILES.module).ok).toBe(true);
    isOpen = true;
    expect((await board.refresh()).ok).toBe(true);
  });
});
