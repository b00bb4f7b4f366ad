/** Partial bundle: of a release's manifest, module and evidence only some are named, by the director or its publisher. */
import { describe, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { FILES, makeReadySite } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

describe.each(Object.entries(FILES))("a release without its %s", (_, path) => {
  it.each(["director", "image"] as const)("is none, where the %s leaves it out", async (which) => {
    const site = await makeReadySite();
    const [tree, role, key] =
      which === "director"
        ? [site.director(), "targets", "director-online.pem"]
        : [site.image, "team-acme", "team-acme.pem"];
    await site.forge(tree, role, [key], (signed) => {
      delete signed.targets[path];
    });
    const text = `${which} lists only a part of release acme/thermostat 1.0.0: ${path} is missing`;
    sees(unwrap(await site.board().refresh()).agreed(path), "UPDATE_PARTIAL_BUNDLE", "attack", text);
  });
});
