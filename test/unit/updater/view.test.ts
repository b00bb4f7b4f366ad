/** What the view answers: release floors are remembered, and each path is asked for in its one way. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { codeOf, DEVICE, desired, FILES, faultOf, makeReadySite, makeSite } from "./site.ts";

describe("the release floor", () => {
  it("that was seen once stays, even when the role that raised it forgets it", async () => {
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

describe("a release for other hardware", () => {
  it("is refused by name whoever assigned it; one that names this board or any is not", async () => {
    const site = await makeSite();
    await site.release("1.0.0", { hardware: ["pi-5/core-v1", "any/core-v2"] });
    await site.release("1.1.0", { name: "lamp", hardware: ["pi-5/core-v1", "sim/core-v1"] });
    unwrap(await site.repositories.assign(DEVICE, [desired("1.0.0"), desired("1.1.0", "lamp")]));
    const view = unwrap(await site.board().refresh());
    const fault = faultOf(view.agreed(FILES.manifest));
    expect(fault.code).toBe("UPDATE_WRONG_HARDWARE");
    expect(fault.facts).toMatchObject({ hardware: ["pi-5/core-v1", "any/core-v2"], board: "sim/core-v1" });
    expect(codeOf(view.agreed(FILES.module))).toBe("UPDATE_WRONG_HARDWARE");
    expect(view.agreed("modules/acme/lamp/1.1.0/module.wasm").ok).toBe(true);
  });
});

describe("a release of which a part is missing", () => {
  it("at the director is a partial bundle, not merely something that was not assigned", async () => {
    const site = await makeReadySite();
    await site.forge(site.director(), "targets", ["director-online.pem"], (signed) => {
      delete signed.targets[FILES.bundle];
    });
    const view = unwrap(await site.board().refresh());
    const fault = faultOf(view.agreed(FILES.bundle));
    expect(fault.code).toBe("UPDATE_PARTIAL_BUNDLE");
    expect(fault.kind).toBe("attack");
    expect(fault.facts).toEqual({ repository: "director", release: "acme/thermostat 1.0.0", missing: FILES.bundle });
  });

  it("at its publisher's is one too", async () => {
    const site = await makeReadySite();
    await site.forge(site.image, "team-acme", ["team-acme.pem"], (signed) => {
      delete signed.targets[FILES.bundle];
    });
    const fault = faultOf(unwrap(await site.board().refresh()).agreed(FILES.bundle));
    expect(fault.code).toBe("UPDATE_PARTIAL_BUNDLE");
    expect(fault.facts).toMatchObject({ repository: "image" });
  });
});
