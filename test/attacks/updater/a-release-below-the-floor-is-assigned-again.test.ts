/** Rollback: the director's key assigns a released but dangerous old version, below the floor that its publisher set. */
import { describe, expect, it } from "vitest";
import type { AdmitContext } from "../../../agent/flow/admit.ts";
import { admit } from "../../../agent/flow/admit.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { DEVICE, desired, makeReadySite } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

const OWNERS_SIDE = {} as Pick<AdmitContext, "device" | "policy" | "trust" | "judge" | "now">; // Not reached: the floor comes first.

describe("a release below the floor", () => {
  it("is not admitted, though both repositories name it", async () => {
    const site = await makeReadySite();
    await site.release("1.1.0", { releaseFloor: 2 });
    unwrap(await site.repositories.assign(DEVICE, [desired("1.1.0")]));
    const updater = site.board();
    unwrap(await updater.refresh());
    unwrap(await site.repositories.assign(DEVICE, [desired("1.0.0")]));
    const view = unwrap(await updater.refresh());
    const { releaseFloor } = view;
    const context = { ...OWNERS_SIDE, updater, releaseFloor, whenLacking: "refuse", onStage: () => undefined } as const;
    const text = "thermostat 1.0.0 has release counter 1, below the floor 2";
    const refused = sees(await admit(desired("1.0.0"), view, context), "ADMIT_FLOOR", "attack", text);
    expect(refused.facts).toMatchObject({ counter: 1, floor: 2 });
  });
});
