/** Mix and match: a role of before lies under the newest one's name, with the hash that the snapshot gives or without. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { MetaFile } from "@tufjs/models";
import { describe, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { DEVICE, desired, makeReadySite } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

describe("a role of another state", () => {
  it("is not the file that the snapshot names: a team's", async () => {
    const site = await makeReadySite();
    cpSync(join(site.image.metadata, "1.team-acme.json"), join(site.image.metadata, "2.team-acme.json"));
    const text = /^image team-acme is not the file that was named: /;
    sees(await site.board().refresh(), "UPDATE_MIX_AND_MATCH", "attack", text);
  });

  it("is not the file that the snapshot names: the director's", async () => {
    const site = await makeReadySite();
    unwrap(await site.repositories.assign(DEVICE, []));
    unwrap(await site.repositories.assign(DEVICE, [desired("1.0.0")]));
    const { metadata } = site.director();
    cpSync(join(metadata, "2.targets.json"), join(metadata, "3.targets.json"));
    const text = /^director targets is not the file that was named: /;
    sees(await site.board().refresh(), "UPDATE_MIX_AND_MATCH", "attack", text);
  });

  it("has not the version of its name, though whoever holds the online key leaves the hash out", async () => {
    const site = await makeReadySite();
    const { metadata } = site.image;
    cpSync(join(metadata, "2.team-acme.json"), join(metadata, "3.team-acme.json"));
    await site.forgeSnapshot((versions) => {
      versions["team-acme.json"] = new MetaFile({ version: 3 });
    });
    const text = "image team-acme is not the file that was named: version 2, the snapshot names 3";
    sees(await site.board().refresh(), "UPDATE_MIX_AND_MATCH", "attack", text);
  });
});
