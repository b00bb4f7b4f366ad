/** What the view answers: release floors are remembered, and each path is asked for in its one way. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { codeOf, FILES, makeReadySite } from "./site.ts";

describe("the release floor", () => {
  it("raised by a new release holds for a board that still runs the old one", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    expect(unwrap(await updater.refresh()).releaseFloor("acme", "thermostat")).toBe(0);
    await site.release("1.1.0", { releaseFloor: 2 });
    const view = unwrap(await updater.refresh());
    expect(view.releaseFloor("acme", "thermostat")).toBe(2);
    expect(view.agreed(FILES.module).ok).toBe(true); // Both still name it; refusing it is the admission's part.
  });
});

describe("paths", () => {
  it("asked for in the wrong way are refused, whatever the repositories say", async () => {
    const view = unwrap(await (await makeReadySite()).board().refresh());
    expect(codeOf(view.owner(FILES.module))).toBe("UPDATE_PATH_REFUSED");
    expect(codeOf(view.agreed("policy/policy.json"))).toBe("UPDATE_PATH_REFUSED");
    expect(codeOf(view.agreed("desired.json"))).toBe("UPDATE_PATH_REFUSED");
    expect(codeOf(view.agreed("modules/__proto__"))).toBe("UPDATE_NOT_ASSIGNED");
    expect(codeOf(view.owner("policy/constructor"))).toBe("UPDATE_TARGET_MISSING");
  });
});
