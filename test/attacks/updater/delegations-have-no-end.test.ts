/** Endless data: so many delegated roles lead to what is assigned that loading them would never end. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { MetaFile } from "@tufjs/models";
import { describe, expect, it } from "vitest";
import { REFRESH_ROLES_MAX } from "../../../updater/client/source.ts";
import { makeReadySite } from "../../unit/updater/site.ts";
import { entry } from "./entry.ts";
import { sees } from "./sees.ts";

describe("who delegates without end", () => {
  it("does not keep the board loading roles", async () => {
    const site = await makeReadySite();
    const names = Array.from({ length: REFRESH_ROLES_MAX + 1 }, (_, i) => `team-${i}`);
    await site.forge(site.image, "targets", ["owner-1.pem", "owner-2.pem"], (signed) => {
      const acme = signed.delegations?.roles[0] ?? expect.fail("no delegation");
      for (const name of names) signed.delegations?.roles.push({ ...acme, name, paths: [`modules/${name}/*/*/*`] });
    });
    const { metadata } = site.image;
    for (const name of names) cpSync(join(metadata, "2.team-acme.json"), join(metadata, `2.${name}.json`));
    await site.forgeSnapshot((versions) => {
      for (const name of names) versions[`${name}.json`] = new MetaFile({ version: 2 });
    });
    await site.forge(site.director(), "targets", ["director-online.pem"], (signed) => {
      for (const name of names) signed.targets[`modules/${name}/x/1.0.0/module.wasm`] = entry("x");
    });
    const text = /^image targets delegates to team-\d+: more than 256 roles in one refresh$/;
    sees(await site.board().refresh(), "UPDATE_DELEGATION", "refusal", text);
  });
});
