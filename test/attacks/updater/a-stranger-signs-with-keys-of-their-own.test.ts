/** Arbitrary software: validly signed, by keys that may not sign this. */
import { describe, it } from "vitest";
import { makeReadySite } from "../../unit/updater/site.ts";
import { fileOf, forgeTimestamp, signAgain } from "./forge.ts";
import { sees } from "./sees.ts";

describe("keys that the root does not name", () => {
  it("sign no root, though it names them itself", async () => {
    const site = await makeReadySite();
    const mine = ["evil-1.pem", "evil-2.pem"].map((file) => site.newKey(file).key);
    await site.forgeRoot(2, ["evil-1.pem", "evil-2.pem"], (signed) => {
      for (const key of mine) signed.keys[key.keyID] = key.toJSON();
      signed.roles.root.keyids = mine.map((key) => key.keyID);
    });
    const text = "image root is not signed by enough of its keys";
    sees(await site.board().refresh(), "UPDATE_SIGNATURE", "attack", text);
  });

  it("sign no timestamp", async () => {
    const site = await makeReadySite();
    site.newKey("evil.pem");
    await forgeTimestamp(site, site.director(), "evil.pem", () => {});
    const text = "director timestamp is not signed by enough of its keys";
    sees(await site.board().refresh(), "UPDATE_SIGNATURE", "attack", text);
  });

  it("of the other repository are strangers too", async () => {
    const site = await makeReadySite();
    await signAgain(site, fileOf(site.director(), "timestamp"), ["image-online.pem"]);
    const text = "director timestamp is not signed by enough of its keys";
    sees(await site.board().refresh(), "UPDATE_SIGNATURE", "attack", text);
  });
});
