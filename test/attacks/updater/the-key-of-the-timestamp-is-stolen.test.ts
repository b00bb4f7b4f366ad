/** Key compromise: where timestamp and snapshot have keys of their own, the timestamp's alone can freeze and no more. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { person } from "../../unit/updater/people.ts";
import { FILES, makeReadySite } from "../../unit/updater/site.ts";
import { forgeSnapshot, forgeTimestamp } from "./forge.ts";
import { sees } from "./sees.ts";

async function makeSplit() {
  const site = await makeReadySite();
  const clerk = person(site.directory, "clerk");
  unwrap(await site.repositories.addKey(clerk.file));
  const edit = { add: [clerk.named], remove: [], replace: true } as const;
  unwrap(await site.repositories.rotate({ what: "online", repository: "image", roles: ["timestamp"], edit }));
  const board = site.board();
  unwrap(await board.refresh());
  return { site, board, key: "key.pem" };
}

describe("who holds the timestamp's key alone", () => {
  it("cannot sign a snapshot", async () => {
    const { site, board, key } = await makeSplit();
    const before = board.view()?.versions;
    await forgeSnapshot(site, site.image, () => {}, [key]);
    // The forged timestamp has to be the thief's as well, or it would be refused first.
    await forgeTimestamp(site, site.image, key, () => {});
    const text = "image snapshot is not signed by enough of its keys";
    sees(await board.refresh(), "UPDATE_SIGNATURE", "attack", text);
    expect(board.view()?.versions).toEqual(before);
  });

  it("cannot name a snapshot of before, nor one that is not there", async () => {
    const { site, board, key } = await makeSplit();
    const { snapshot } = board.view()?.versions.image ?? expect.fail("no view");
    const honest = site.backup(site.image);
    const name = (version: number) =>
      forgeTimestamp(site, site.image, key, (signed) => {
        signed.meta["snapshot.json"] = { version };
      });
    await name(snapshot - 1);
    sees(
      await board.refresh(),
      "UPDATE_ROLLBACK",
      "attack",
      /^image offers snapshot version \d+, but version \d+ was trusted before$/,
    );
    honest();
    await name(snapshot + 1);
    const text = `the image repository does not have ${snapshot + 1}.snapshot.json`;
    sees(await board.refresh(), "UPDATE_METADATA_MISSING", "network", text);
    expect(board.view()?.agreed(FILES.module).ok).toBe(true);
  });
});
