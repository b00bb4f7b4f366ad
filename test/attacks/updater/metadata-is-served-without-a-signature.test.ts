/** Arbitrary software: metadata that nobody signed, or that was changed after it was signed. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { FILES, makeReadySite } from "../../unit/updater/site.ts";
import { fileOf, forgeSnapshot, read, signAgain, write } from "./forge.ts";
import { sees } from "./sees.ts";

describe.each(["image", "director"] as const)("%s metadata without a signature", (which) => {
  const roles = ["timestamp", "snapshot", "targets", ...(which === "image" ? ["team-acme"] : [])];

  it.each(roles)("is refused: %s", async (role) => {
    const site = await makeReadySite();
    const tree = which === "image" ? site.image : site.director();
    const updater = site.board();
    unwrap(await updater.refresh());
    if (role === "timestamp") await signAgain(site, fileOf(tree, "timestamp"), []);
    else if (role === "snapshot") await forgeSnapshot(site, tree, () => {}, []);
    else await site.forge(tree, role, [], () => {});
    const text = `${which} ${role} is not signed by enough of its keys`;
    for (const board of [updater, site.board("factory-fresh")]) {
      sees(await board.refresh(), "UPDATE_SIGNATURE", "attack", text);
    }
    expect(updater.view()?.agreed(FILES.module).ok).toBe(true);
  });
});

describe("metadata in which one number was raised", () => {
  it("is refused with its old signature", async () => {
    const site = await makeReadySite();
    const file = fileOf(site.director(), "timestamp");
    const { signed, signatures } = read(file);
    write(file, { signed: { ...signed, version: 9 }, signatures });
    const text = "director timestamp is not signed by enough of its keys";
    sees(await site.board().refresh(), "UPDATE_SIGNATURE", "attack", text);
  });
});
