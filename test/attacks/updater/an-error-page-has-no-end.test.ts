/** Endless data: "not found" with a page that never ends, to hold the board where no file is expected. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { FILES, makeReadySite } from "../../unit/updater/site.ts";
import { impostor } from "./impostor.ts";
import { pour } from "./pour.ts";
import { sees } from "./sees.ts";

describe("an error page without an end", () => {
  it("in the place of the next root is no root, and the refresh goes on", async () => {
    const site = await makeReadySite();
    const server = await impostor(site, (path, response) => {
      const isIt = path.endsWith("2.root.json");
      if (isIt) pour(response.writeHead(404));
      return isIt;
    });
    expect((await server.board().refresh()).ok).toBe(true);
    await server.hungUp;
  });

  it("in the place of a file that has to be there is told as the file that is missing", async () => {
    const site = await makeReadySite();
    const server = await impostor(site, (path, response) => {
      const isIt = path.endsWith("timestamp.json");
      if (isIt) pour(response.writeHead(404));
      return isIt;
    });
    const text = "the director repository does not have timestamp.json";
    sees(await server.board().refresh(), "UPDATE_METADATA_MISSING", "network", text);
    await server.hungUp;
  });

  it("in the place of a target is told by its status", async () => {
    const site = await makeReadySite();
    const server = await impostor(site, (path, response) => {
      const isIt = path.endsWith("module.wasm");
      if (isIt) pour(response.writeHead(404));
      return isIt;
    });
    const board = server.board();
    const target = unwrap(unwrap(await board.refresh()).agreed(FILES.module));
    sees(await board.fetchTarget(target), "UPDATE_HTTP_STATUS", "network", /answered with HTTP status 404$/);
    await server.hungUp;
  });
});
