/** How keys are replaced: a new root is believed only as the successor of the one before, signed by both. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { codeOf, FILES, type ForgedRoot, makeReadySite, type Site } from "./site.ts";

const OWNERS = ["owner-1.pem", "owner-2.pem"];

/** Gives the online roles another key. */
function rotateOnline(site: Site): (signed: ForgedRoot) => void {
  const { key } = site.newKey("image-online-2.pem");
  return (signed) => {
    signed.keys[key.keyID] = key.toJSON();
    signed.roles.timestamp.keyids = [key.keyID];
    signed.roles.snapshot.keyids = [key.keyID];
  };
}

/** From here on the repository can sign with the new online key. */
async function useNewOnline(site: Site): Promise<void> {
  unwrap(await site.repositories.addKey(join(site.directory, "keys", "image-online-2.pem")));
}

describe("a new root", () => {
  it("signed by old and new owners is followed, and found again after a restart", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    unwrap(await updater.refresh());
    const { key } = site.newKey("owner-4.pem");
    await site.forgeRoot(2, [...OWNERS, "owner-4.pem"], (signed) => {
      signed.keys[key.keyID] = key.toJSON();
      signed.roles.root.keyids = [...signed.roles.root.keyids.slice(1), key.keyID]; // owner-1 leaves.
    });
    await site.forgeRoot(3, ["owner-2.pem", "owner-4.pem"], () => {});
    expect(unwrap(await updater.refresh()).versions.image.root).toBe(3);
    await site.server.close();
    const again = site.board();
    expect(again.recovered).toBe(false);
    expect(again.view()?.versions.image.root).toBe(3);
    expect(again.view()?.agreed(FILES.module).ok).toBe(true);
  });

  it("signed by its own keys only is refused", async () => {
    const site = await makeReadySite();
    const mine = ["evil-1.pem", "evil-2.pem"].map((file) => site.newKey(file).key);
    await site.forgeRoot(2, ["evil-1.pem", "evil-2.pem"], (signed) => {
      for (const key of mine) signed.keys[key.keyID] = key.toJSON();
      signed.roles.root.keyids = mine.map((key) => key.keyID);
    });
    expect(codeOf(await site.board().refresh())).toBe("UPDATE_SIGNATURE");
  });

  it("signed by one owner of the two that are needed is refused", async () => {
    const site = await makeReadySite();
    await site.forgeRoot(2, ["owner-1.pem"], () => {});
    expect(codeOf(await site.board().refresh())).toBe("UPDATE_SIGNATURE");
  });

  it("that is an old one under a new name is refused as a rollback", async () => {
    const site = await makeReadySite();
    const { metadata } = site.image;
    writeFileSync(join(metadata, "2.root.json"), readFileSync(join(metadata, "1.root.json")));
    expect(codeOf(await site.board().refresh())).toBe("UPDATE_ROLLBACK");
  });

  it("that takes a key away ends what that key signs", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    unwrap(await updater.refresh());
    await site.forgeRoot(2, OWNERS, rotateOnline(site));
    expect(codeOf(await updater.refresh())).toBe("UPDATE_SIGNATURE");
  });

  it("with new online keys recovers from versions that a thief drove to the limit", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    const honest = site.backup(site.image);
    for (let i = 0; i < 4; i += 1) unwrap(await site.repositories.resign()); // The thief's versions.
    const ahead = unwrap(await updater.refresh()).versions.image.timestamp;
    honest();
    await site.forgeRoot(2, OWNERS, rotateOnline(site));
    await useNewOnline(site);
    const repositories = site.reopen();
    unwrap(await repositories.resign());
    const { image } = unwrap(await updater.refresh()).versions;
    expect(image.timestamp).toBeLessThan(ahead);
    expect(image.root).toBe(2);
  });

  it("that takes the snapshot's key away recovers too, though the timestamp's old key stays", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    const honest = site.backup(site.image);
    for (let i = 0; i < 4; i += 1) unwrap(await site.repositories.resign());
    unwrap(await updater.refresh());
    honest();
    const rotate = rotateOnline(site);
    await site.forgeRoot(2, OWNERS, (signed) => {
      const old = signed.roles.timestamp.keyids;
      rotate(signed);
      signed.roles.timestamp.keyids.push(...old);
    });
    await useNewOnline(site);
    unwrap(await site.reopen().resign());
    expect(unwrap(await updater.refresh()).versions.image.root).toBe(2);
  });

  it("that only adds an online key leaves the rollback protection as it was", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    const older = site.backup(site.image);
    for (let i = 0; i < 4; i += 1) unwrap(await site.repositories.resign());
    unwrap(await updater.refresh());
    older();
    const { key } = site.newKey("image-online-2.pem");
    await site.forgeRoot(2, OWNERS, (signed) => {
      signed.keys[key.keyID] = key.toJSON();
      signed.roles.timestamp.keyids.push(key.keyID);
    });
    expect(codeOf(await updater.refresh())).toBe("UPDATE_ROLLBACK");
  });

  it("pinned by a newer program takes over from the kept chain", async () => {
    const site = await makeReadySite();
    await site.forgeRoot(2, OWNERS, () => {});
    unwrap(await site.board().refresh());
    const root = new Uint8Array(readFileSync(join(site.image.metadata, "2.root.json")));
    const { imageMetadataUrl: metadataUrl, imageTargetsUrl: targetsUrl } = site.server;
    const again = site.board("board", { image: { metadataUrl, targetsUrl, root } });
    expect(again.recovered).toBe(false);
    expect(again.view()?.versions.image.root).toBe(2);
    expect((await again.refresh()).ok).toBe(true);
  });

  it("is followed over all that a board has missed, roots that have expired in between included", async () => {
    const site = await makeReadySite();
    for (let version = 2; version <= 40; version += 1) {
      await site.forgeRoot(version, OWNERS, (signed) => {
        signed.expires = version < 40 ? "2026-01-01T00:00:00Z" : "2040-01-01T00:00:00Z";
      });
    }
    const updater = site.board();
    expect(unwrap(await updater.refresh()).versions.image.root).toBe(40);
    rmSync(join(site.image.metadata, "2.root.json"));
    expect((await updater.refresh()).ok).toBe(true);
  });
});
