/** A release that was taken back: nobody begins with it, who has it keeps it. */
import { describe, expect, it } from "vitest";
import { releasePaths } from "../../../runtime/kernel/authority/manifest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { codeOf, DEVICE, desired, FILES, faultOf, makeReadySite, OTHER } from "./site.ts";

const RELEASE = { team: "acme", name: "thermostat", version: "1.0.0" };

describe("a yanked release", () => {
  it("is refused by boards with its publisher's reason, and released again when it was put back", async () => {
    const site = await makeReadySite();
    unwrap(await site.repositories.yank({ ...RELEASE, reason: "drains batteries" }));
    const board = site.board();
    for (const path of Object.values(FILES)) {
      const refused = faultOf(unwrap(await board.refresh()).agreed(path));
      expect(refused).toMatchObject({ code: "UPDATE_YANKED", facts: { reason: "drains batteries" } });
    }
    expect(site.repositories.releases()).toMatchObject([{ version: "1.0.0", yanked: "drains batteries" }]);
    unwrap(await site.repositories.yank({ ...RELEASE, reason: undefined }));
    expect(unwrap(await board.refresh()).agreed(FILES.module).ok).toBe(true);
    expect(site.repositories.releases()[0]).not.toHaveProperty("yanked");
  });

  it("is assigned to no further device; where it is assigned, other changes of the device still pass", async () => {
    const site = await makeReadySite();
    await site.release("1.1.0", { name: "fan" });
    unwrap(await site.repositories.yank({ ...RELEASE, reason: "drains batteries" }));
    expect(codeOf(await site.repositories.assign(OTHER, [desired("1.0.0")]))).toBe("REPO_YANKED");
    const both = [desired("1.0.0"), desired("1.1.0", "fan")];
    expect((await site.repositories.assign(DEVICE, both)).ok).toBe(true);
    const view = unwrap(await site.board().refresh());
    expect(view.agreed(releasePaths("acme", "fan", "1.1.0").module).ok).toBe(true);
  });

  it("keeps its facts, its deltas and its place in the count of releases", async () => {
    const site = await makeReadySite();
    unwrap(await site.repositories.yank({ ...RELEASE, reason: "drains batteries" }));
    const next = await site.release("1.0.1");
    expect(next.releaseCounter).toBe(2);
    const again = { ...RELEASE, version: "9.9.9", reason: "none" };
    expect(codeOf(await site.repositories.yank(again))).toBe("REPO_NOT_RELEASED");
    const endless = { ...RELEASE, reason: "x".repeat(301) };
    expect((await site.repositories.yank(endless)).ok).toBe(false);
  });
});
