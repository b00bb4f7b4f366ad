/** What the view answers: release floors are remembered, and each path is asked for in its one way. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { codeOf, DEVICE, desired, FILES, faultOf, makeReadySite, makeSite } from "./site.ts";

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

describe("a board with modules of several kinds", () => {
  it("has releases for each of them, and for no others", async () => {
    const site = await makeSite();
    await site.release("1.0.0", { hardware: ["any/wasi-p1"] });
    await site.release("1.1.0", { name: "lamp", hardware: ["pi-5/core-v1", "pi-5/wasi-p1"] });
    unwrap(await site.repositories.assign(DEVICE, [desired("1.0.0"), desired("1.1.0", "lamp")]));
    const hardware = { profile: "sim", abi: ["core-v1", "wasi-p1"] };
    const view = unwrap(await site.board("both", { hardware }).refresh());
    expect(view.agreed(FILES.manifest).ok).toBe(true);
    const fault = faultOf(view.agreed("modules/acme/lamp/1.1.0/module.wasm"));
    expect(fault.facts).toMatchObject({ board: "sim/core-v1, sim/wasi-p1" });
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
