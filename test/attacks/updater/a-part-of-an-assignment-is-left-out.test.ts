/** Partial bundle: of two modules that belong together one is withheld, its names or its bytes. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { releasePaths } from "../../../runtime/kernel/authority/manifest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { DEVICE, desired, FILES, makeReadySite } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

const LAMP = releasePaths("acme", "lamp", "1.0.0");

async function makeTwo() {
  const site = await makeReadySite();
  await site.release("1.0.0", { name: "lamp" });
  unwrap(await site.repositories.assign(DEVICE, [desired("1.0.0"), desired("1.0.0", "lamp")]));
  return site;
}

describe("an assignment of two modules", () => {
  it("of which the director names the files of one only is told apart from one of one module", async () => {
    const site = await makeTwo();
    await site.forge(site.director(), "targets", ["director-online.pem"], (signed) => {
      for (const path of Object.values(LAMP)) delete signed.targets[path];
    });
    const view = unwrap(await site.board().refresh());
    // The desired state still asks for it: the board knows what is missing.
    expect(view.desired?.path).toBe("desired.json");
    const text = `the director does not assign ${LAMP.module} to this device`;
    sees(view.agreed(LAMP.module), "UPDATE_NOT_ASSIGNED", "refusal", text);
  });

  it("of which the bytes of one are withheld says which, and the other can be had", async () => {
    const site = await makeTwo();
    const board = site.board();
    const view = unwrap(await board.refresh());
    rmSync(join(site.image.targets, LAMP.module, ".."), { recursive: true });
    const withheld = await board.fetchTarget(unwrap(view.agreed(LAMP.module)));
    const text = /lamp\/1\.0\.0\/[0-9a-f]{64}\.module\.wasm answered with HTTP status 404$/;
    sees(withheld, "UPDATE_HTTP_STATUS", "network", text);
    expect((await board.fetchTarget(unwrap(view.agreed(FILES.module)))).ok).toBe(true);
  });
});
