/** Fast-forward: versions that a thief drove up within reason are forgotten when root takes the thief's key away. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { type ForgedRoot, makeReadySite, type Site } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

const OWNERS = ["owner-1.pem", "owner-2.pem"];

/** A board that believed the thief; the repository is honest again, and behind. */
async function afterTheft() {
  const site = await makeReadySite();
  const board = site.board();
  const honest = site.backup(site.image);
  for (let i = 0; i < 4; i += 1) unwrap(await site.repositories.resign());
  const ahead = unwrap(await board.refresh()).versions.image.timestamp;
  honest();
  const text = /^image offers timestamp version \d+, but version \d+ was trusted before$/;
  sees(await board.refresh(), "UPDATE_ROLLBACK", "attack", text);
  return { site, board, ahead };
}

async function newRoot(site: Site, change: (signed: ForgedRoot, keyId: string) => void): Promise<void> {
  const { key } = site.newKey("image-online-2.pem");
  await site.forgeRoot(2, OWNERS, (signed) => {
    signed.keys[key.keyID] = key.toJSON();
    change(signed, key.keyID);
  });
}

/** What the repository signs from here on, it signs with the new key. */
async function resigned(site: Site): Promise<void> {
  unwrap(await site.repositories.addKey(join(site.directory, "keys", "image-online-2.pem")));
  unwrap(await site.reopen().resign());
}

describe("a board that believed a thief's versions", () => {
  it("follows the honest ones when root gives the online roles another key", async () => {
    const { site, board, ahead } = await afterTheft();
    await newRoot(site, (signed, keyId) => {
      signed.roles.timestamp.keyids = [keyId];
      signed.roles.snapshot.keyids = [keyId];
    });
    sees(await board.refresh(), "UPDATE_SIGNATURE", "attack", "image timestamp is not signed by enough of its keys");
    await resigned(site);
    const { image } = unwrap(await board.refresh()).versions;
    expect(image.timestamp).toBeLessThan(ahead);
    expect(image.root).toBe(2);
  });

  it("follows them when only the snapshot's key was taken away", async () => {
    const { site, board } = await afterTheft();
    await newRoot(site, (signed, keyId) => {
      signed.roles.timestamp.keyids.push(keyId);
      signed.roles.snapshot.keyids = [keyId];
    });
    await resigned(site);
    expect(unwrap(await board.refresh()).versions.image.root).toBe(2);
  });

  it("does not when a key was only added: the thief still signs", async () => {
    const { site, board } = await afterTheft();
    await newRoot(site, (signed, keyId) => void signed.roles.timestamp.keyids.push(keyId));
    const text = /^image offers timestamp version \d+, but version \d+ was trusted before$/;
    sees(await board.refresh(), "UPDATE_ROLLBACK", "attack", text);
  });
});
