/** Wrong software: what is released for another board, or another guest ABI, is assigned to this one. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { DEVICE, desired, FILES, makeSite } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

describe("a release for other hardware", () => {
  it.each([
    ["another board", ["pi-5/core-v1"]],
    ["another guest ABI", ["sim/core-v2", "any/core-v2"]],
  ])("is refused by name, whoever assigned it: for %s", async (_, hardware) => {
    const site = await makeSite();
    await site.release("1.0.0", { hardware });
    unwrap(await site.repositories.assign(DEVICE, [desired("1.0.0")]));
    const view = unwrap(await site.board().refresh());
    for (const path of [FILES.manifest, FILES.module]) {
      const text = `${path} is for ${hardware.join(", ")}, this board is sim/core-v1`;
      sees(view.agreed(path), "UPDATE_WRONG_HARDWARE", "refusal", text);
    }
  });

  it("that names this board beside others is taken", async () => {
    const site = await makeSite();
    await site.release("1.0.0", { hardware: ["pi-5/core-v1", "sim/core-v1"] });
    unwrap(await site.repositories.assign(DEVICE, [desired("1.0.0")]));
    expect(unwrap(await site.board().refresh()).agreed(FILES.module).ok).toBe(true);
  });
});
