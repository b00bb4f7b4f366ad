/** Rollback: a team's key signs a role from which the release floor is gone, to open the way back to old versions. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { DEVICE, desired, makeReadySite } from "../../unit/updater/site.ts";

describe("a release floor that was seen once", () => {
  it("stays, even when the role that raised it forgets it, a restart included", async () => {
    const site = await makeReadySite();
    await site.release("1.1.0", { releaseFloor: 2 });
    unwrap(await site.repositories.assign(DEVICE, [desired("1.1.0")]));
    expect(unwrap(await site.board().refresh()).releaseFloor("acme", "thermostat")).toBe(2);
    await site.forge(site.image, "team-acme", ["team-acme.pem"], (signed) => {
      for (const one of Object.values(signed.targets)) Object.assign(one.custom?.sallyport ?? {}, { releaseFloor: 0 });
    });
    const again = site.board();
    expect(again.view()?.releaseFloor("acme", "thermostat")).toBe(2);
    expect(unwrap(await again.refresh()).releaseFloor("acme", "thermostat")).toBe(2);
    expect(unwrap(await again.refresh()).releaseFloor("acme", "other")).toBe(0);
  });
});
