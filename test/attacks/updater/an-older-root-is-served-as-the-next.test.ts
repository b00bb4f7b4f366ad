/** Rollback: the root of before lies under the name of the next one, so that a key that was taken away would be back. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { makeReadySite } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

describe("an older root under the next one's name", () => {
  it("is refused", async () => {
    const site = await makeReadySite();
    await site.forgeRoot(2, ["owner-1.pem", "owner-2.pem"], () => {});
    unwrap(await site.board().refresh());
    const { metadata } = site.image;
    writeFileSync(join(metadata, "3.root.json"), readFileSync(join(metadata, "1.root.json")));
    const text = "image offers root version 1, but version 2 was trusted before";
    sees(await site.board().refresh(), "UPDATE_ROLLBACK", "attack", text);
  });
});
