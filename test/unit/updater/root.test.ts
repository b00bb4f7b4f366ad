/** How keys are replaced: a new root is believed only as the successor of the one before, signed by both. */
import { readFileSync, rmSync } from "node:fs";
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

  it("that takes a key away ends what that key signs", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    unwrap(await updater.refresh());
    await site.forgeRoot(2, OWNERS, rotateOnline(site));
    expect(codeOf(await updater.refresh())).toBe("UPDATE_SIGNATURE");
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
