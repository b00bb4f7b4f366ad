/** Rollback: both repositories are as they were last week, every signature in order; then work goes on from there. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { DEVICE, desired, makeReadySite, releaseInput } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

describe("a repository that was put back to its backup", () => {
  it("is refused by boards that saw more, and taken again once every role is ahead", async () => {
    const site = await makeReadySite();
    const restore = [site.backup(site.image), site.backup(site.director())];
    await site.release("1.1.0");
    unwrap(await site.repositories.assign(DEVICE, [desired("1.1.0")]));
    unwrap(await site.repositories.assign(DEVICE, [desired("1.1.0")]));
    const board = site.board();
    const { versions, desired: wanted } = unwrap(await board.refresh());
    for (const one of restore) one();
    const text = /^director offers timestamp version 1, but version \d+ was trusted before$/;
    sees(await board.refresh(), "UPDATE_ROLLBACK", "attack", text);
    expect(board.view()?.desired).toEqual(wanted);

    const repositories = site.reopen();
    for (let n = 0; n < 3; n += 1) unwrap(await repositories.resign());
    // Timestamps and snapshots are ahead now; the team's role in the snapshot is not.
    const behind = "image offers team-acme version 2, but version 3 was trusted before";
    sees(await board.refresh(), "UPDATE_ROLLBACK", "attack", behind);
    unwrap(await repositories.publishRelease(releaseInput("1.2.0")));
    unwrap(await repositories.assign(DEVICE, [desired("1.2.0")]));
    const after = unwrap(await board.refresh());
    expect(after.versions.director.targets).toBeGreaterThan(versions.director.targets);
  });
});
