/** Arbitrary software: one key is made to look like the two that the threshold asks for. */
import { describe, it } from "vitest";
import { makeReadySite, type Site } from "../../unit/updater/site.ts";
import { fileOf, forgeSnapshot, read, write } from "./forge.ts";
import { sees } from "./sees.ts";

/** The owner's role with one signature of one owner, and what names it, so that only the signatures are wrong. */
async function signedByOne(site: Site) {
  await site.forge(site.image, "targets", ["owner-1.pem"], () => {});
  await forgeSnapshot(site, site.image, (signed) => {
    const { version } = signed.meta["targets.json"] ?? { version: 0 };
    signed.meta["targets.json"] = { version };
  });
  const file = fileOf(site.image, "targets");
  const { signed, signatures } = read(file);
  const [mine = { keyid: "", sig: "" }] = signatures;
  return { file, signed, mine };
}

describe("one owner's signature", () => {
  it("that is there twice does not count twice", async () => {
    const site = await makeReadySite();
    const { file, signed, mine } = await signedByOne(site);
    write(file, { signed, signatures: [mine, mine] });
    const text = /^image targets is not acceptable metadata: /;
    sees(await site.board().refresh(), "UPDATE_METADATA_INVALID", "refusal", text);
  });

  it("under two ids does not count twice, though the owners listed the key twice by mistake", async () => {
    const site = await makeReadySite();
    const alias = "a".repeat(64);
    await site.forgeRoot(2, ["owner-1.pem", "owner-2.pem"], (signed) => {
      const [first = ""] = signed.roles.targets.keyids;
      signed.keys[alias] = signed.keys[first];
      signed.roles.targets.keyids = [first, alias];
    });
    const { file, signed, mine } = await signedByOne(site);
    write(file, { signed, signatures: [mine, { ...mine, keyid: alias }] });
    const text = "image targets is not signed by enough of its keys";
    sees(await site.board().refresh(), "UPDATE_SIGNATURE", "attack", text);
  });
});
