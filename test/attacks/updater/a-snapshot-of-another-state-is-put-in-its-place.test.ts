/** Mix and match: under the newest snapshot's name lies the one of before. */
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { makeReadySite } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

describe("a snapshot of another state", () => {
  it("is not the file that the timestamp names", async () => {
    const site = await makeReadySite();
    rmSync(join(site.image.metadata, "3.snapshot.json"));
    renameSync(join(site.image.metadata, "2.snapshot.json"), join(site.image.metadata, "3.snapshot.json"));
    const text = /^image snapshot is not the file that was named: /;
    sees(await site.board().refresh(), "UPDATE_MIX_AND_MATCH", "attack", text);
  });
});
