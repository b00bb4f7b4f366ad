/** Endless data: a metadata file goes on beyond every bound, with no length announced, or announces too much. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { FILES, makeReadySite } from "../../unit/updater/site.ts";
import { impostor } from "./impostor.ts";
import { pour } from "./pour.ts";
import { sees } from "./sees.ts";

const FILE_NAMES = ["timestamp.json", "2.root.json", "1.snapshot.json", "1.targets.json"];

describe("metadata without an end", () => {
  it.each(FILE_NAMES)("is cut at its bound, and the socket closed at once: %s", async (name) => {
    const site = await makeReadySite();
    const server = await impostor(site, (path, response) => {
      const isIt = path.endsWith(`/director/board-1/metadata/${name}`);
      if (isIt) pour(response);
      return isIt;
    });
    const board = server.board();
    const text = new RegExp(`${name} sent more than the \\d+ bytes that are allowed; the connection was cut$`);
    sees(await board.refresh(), "UPDATE_ENDLESS_DATA", "attack", text);
    await server.hungUp;
    expect(board.view()).toBeUndefined();
  });

  it("that says how long it is, is not begun", async () => {
    const site = await makeReadySite();
    let isHostile = false;
    const server = await impostor(site, (path, response) => {
      if (!isHostile || !path.endsWith("timestamp.json")) return false;
      response.writeHead(200, { "content-length": 2 ** 40 });
      pour(response);
      return true;
    });
    const board = server.board();
    unwrap(await board.refresh());
    isHostile = true;
    const text = /timestamp.json has 1099511627776 bytes, at most 16384 are accepted$/;
    sees(await board.refresh(), "UPDATE_TOO_LARGE", "refusal", text);
    await server.hungUp;
    expect(board.view()?.agreed(FILES.module).ok).toBe(true);
  });
});
