/** Rollback: who holds the image repository's online key brings a delegated role of before back. */
import { MetaFile } from "@tufjs/models";
import { describe, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { makeReadySite } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

describe("a team's older role in a newer snapshot", () => {
  it("is refused", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    unwrap(await updater.refresh());
    await site.forgeSnapshot((versions) => {
      versions["team-acme.json"] = new MetaFile({ version: 1 });
    });
    const text = "image offers team-acme version 1, but version 2 was trusted before";
    sees(await updater.refresh(), "UPDATE_ROLLBACK", "attack", text);
  });
});
