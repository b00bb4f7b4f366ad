/** What a power cut or a worn medium can do to the board's memory, and what it cannot. */
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { codeOf, FILES, makeReadySite, makeSite, OTHER, releaseInput } from "./site.ts";

describe("the vault", () => {
  it.each([
    ["cut in half", (file: string) => truncateSync(file, Math.floor(readFileSync(file).byteLength / 2))],
    ["emptied", (file: string) => truncateSync(file, 0)],
    ["altered in one bit", (file: string) => flip(file, 5000)],
    ["altered in its digest", (file: string) => flip(file, 10)],
    ["replaced by text", (file: string) => writeFileSync(file, "not a vault")],
  ])("%s lets the board start again from its pinned roots", async (_, damage) => {
    const site = await makeReadySite();
    const versions = unwrap(await site.board().refresh()).versions;
    damage(join(site.boardDirectory(), "vault"));
    const again = site.board();
    expect(again.recovered).toBe(true);
    expect(again.vaultFault?.code).toBe("UPDATE_VAULT_TORN");
    expect(again.view()).toBeUndefined();
    expect(unwrap(await again.refresh()).versions).toEqual(versions);
    const third = site.board();
    expect(third.recovered).toBe(false);
    expect(third.view()?.versions).toEqual(versions);
  });

  it("ignores and sweeps what an interrupted write left behind", async () => {
    const site = await makeReadySite();
    const versions = unwrap(await site.board().refresh()).versions;
    const directory = site.boardDirectory();
    writeFileSync(join(directory, ".tmp-123-1-vault"), "half a va");
    writeFileSync(join(directory, "blobs", ".tmp-123-2-blob"), "half a bl");
    const again = site.board();
    expect(again.view()?.versions).toEqual(versions);
    expect(readdirSync(directory).sort()).toEqual(["blobs", "floors.0", "lock.1", "roots", "vault"]);
    expect(readdirSync(join(directory, "blobs"))).toEqual(["staging"]);
  });

  it("of another device, or under other pinned roots, is not believed", async () => {
    const site = await makeReadySite();
    unwrap(await site.board().refresh());
    expect(site.board("board", { device: OTHER }).vaultFault?.cause).toMatchObject({ code: "UPDATE_WRONG_DEVICE" });
    const foreign = await makeSite();
    const image = {
      metadataUrl: site.server.imageMetadataUrl,
      targetsUrl: site.server.imageTargetsUrl,
      root: foreign.repositories.imageRoot(),
    };
    expect(site.board("board", { image }).vaultFault?.cause).toMatchObject({ code: "UPDATE_SIGNATURE" });
  });
});

describe("a stored target", () => {
  it("that went bad on the disk is fetched again, and refused when it cannot be", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    const target = unwrap(unwrap(await updater.refresh()).agreed(FILES.module));
    unwrap(await updater.fetchTarget(target));
    const blob = join(site.boardDirectory(), "blobs", target.sha256);

    flip(blob, 3);
    expect(unwrap(await updater.fetchTarget(target))).toEqual(releaseInput("1.0.0").module);
    expect(new Uint8Array(readFileSync(blob))).toEqual(releaseInput("1.0.0").module);

    flip(blob, 3);
    await site.server.close();
    expect(codeOf(await updater.fetchTarget(target))).toBe("UPDATE_NETWORK");
  });
});

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}
