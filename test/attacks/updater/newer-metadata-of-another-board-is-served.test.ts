/** Wrong device: validly signed metadata of another board is served here, newer, older or of the same version. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { DEVICE, desired, makeReadySite, OTHER } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

const TEXT = `director timestamp was made for ${OTHER}, this is ${DEVICE}`;

describe("another board's director metadata", () => {
  it("that is newer does not freeze this board: the next honest refresh comes through", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    const before = unwrap(await updater.refresh()).versions;
    for (let i = 0; i < 3; i += 1) unwrap(await site.repositories.assign(OTHER, [])); // Versions run ahead of ours.
    const honest = site.backup(site.director());
    rmSync(site.director().metadata, { recursive: true });
    cpSync(site.director(OTHER).metadata, site.director().metadata, { recursive: true });
    sees(await updater.refresh(), "UPDATE_WRONG_DEVICE", "attack", TEXT);
    expect(updater.view()?.versions).toEqual(before);
    expect(site.board().view()?.versions).toEqual(before);
    sees(await site.board("factory-fresh").refresh(), "UPDATE_WRONG_DEVICE", "attack", TEXT);
    honest();
    unwrap(await site.repositories.assign(DEVICE, [desired("1.0.0")]));
    expect(unwrap(await site.board().refresh()).versions.director.timestamp).toBe(2);
  });

  it("of the same version, which looks like nothing new, is refused", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    unwrap(await updater.refresh());
    unwrap(await site.repositories.assign(OTHER, []));
    cpSync(join(site.director(OTHER).metadata, "timestamp.json"), join(site.director().metadata, "timestamp.json"));
    sees(await updater.refresh(), "UPDATE_WRONG_DEVICE", "attack", TEXT);
  });

  it("that is older does not pass for a mere rollback", async () => {
    const site = await makeReadySite();
    unwrap(await site.repositories.assign(DEVICE, []));
    unwrap(await site.repositories.assign(OTHER, []));
    const updater = site.board();
    unwrap(await updater.refresh());
    cpSync(join(site.director(OTHER).metadata, "timestamp.json"), join(site.director().metadata, "timestamp.json"));
    sees(await updater.refresh(), "UPDATE_WRONG_DEVICE", "attack", TEXT);
  });

  it("that is bound to no board at all is refused", async () => {
    const site = await makeReadySite();
    await site.forge(site.director(), "targets", ["director-online.pem"], (signed) => {
      delete signed["x-sallyport-device"];
    });
    const text = `director targets was made for no device, this is ${DEVICE}`;
    sees(await site.board().refresh(), "UPDATE_WRONG_DEVICE", "attack", text);
  });
});
