/** Rollback: a role that the snapshot once named is left out, so that its version would begin anew later. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { makeReadySite } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

describe("a role that vanishes from the snapshot", () => {
  it("is a rollback, also of a team whose role this board never needed", async () => {
    const site = await makeReadySite();
    unwrap(await site.board().refresh());
    await site.forgeSnapshot((versions) => {
      delete versions["team-umbrella.json"];
    });
    const text = "image offers team-umbrella version 0, but version 1 was trusted before";
    sees(await site.board().refresh(), "UPDATE_ROLLBACK", "attack", text);
    // Nothing seen, nothing to hold it against.
    expect((await site.board("factory-fresh").refresh()).ok).toBe(true);
  });
});
