/** Endless data: a target goes on after the length that was signed. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { FILES, makeReadySite } from "../../unit/updater/site.ts";
import { impostor } from "./impostor.ts";
import { pour } from "./pour.ts";
import { sees } from "./sees.ts";

describe("a target without an end", () => {
  it("is cut at its signed length, the socket closed at once, and nothing of it is kept", async () => {
    const site = await makeReadySite();
    const server = await impostor(site, (path, response) => {
      const isIt = path.endsWith("module.wasm");
      if (isIt) pour(response);
      return isIt;
    });
    const board = server.board();
    const target = unwrap(unwrap(await board.refresh()).agreed(FILES.module));
    const text = new RegExp(`sent more than the ${target.length} bytes that are allowed; the connection was cut$`);
    sees(await board.fetchTarget(target), "UPDATE_ENDLESS_DATA", "attack", text);
    await server.hungUp;
    expect(readdirSync(join(site.boardDirectory(), "blobs"))).toEqual(["staging"]);
  });
});
