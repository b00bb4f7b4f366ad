/** Dropped requests: files are "not there", the server fails, or nobody listens. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { FILES, makeReadySite } from "../../unit/updater/site.ts";
import { boardAt, impostor } from "./impostor.ts";
import { sees } from "./sees.ts";

describe("a board that is kept from its repositories", () => {
  it.each([
    [404, "UPDATE_METADATA_MISSING", "the director repository does not have timestamp.json"],
    [403, "UPDATE_METADATA_MISSING", "the director repository does not have timestamp.json"],
    [500, "UPDATE_HTTP_STATUS", /2\.root\.json answered with HTTP status 500$/],
    [503, "UPDATE_HTTP_STATUS", /2\.root\.json answered with HTTP status 503$/],
    [302, "UPDATE_HTTP_STATUS", /2\.root\.json answered with HTTP status 302$/],
  ])("by status %i names it, keeps what it runs and goes on when it can", async (status, code, text) => {
    const site = await makeReadySite();
    let isDropped = false;
    const server = await impostor(site, (_, response) => {
      if (isDropped) response.writeHead(status, { location: "http://127.0.0.1:1/" }).end();
      return isDropped;
    });
    const board = server.board("board", { limits: { attempts: 1 } });
    const target = unwrap(unwrap(await board.refresh()).agreed(FILES.module));
    const bytes = unwrap(await board.fetchTarget(target));
    isDropped = true;
    sees(await board.refresh(), code, "network", text);
    expect(unwrap(await board.fetchTarget(target))).toEqual(bytes);
    isDropped = false;
    expect((await board.refresh()).ok).toBe(true);
  });

  it("by a closed port names it, and starts again what it ran", async () => {
    const site = await makeReadySite();
    const before = site.board();
    const target = unwrap(unwrap(await before.refresh()).agreed(FILES.module));
    const bytes = unwrap(await before.fetchTarget(target));
    await site.server.close();
    const board = boardAt(site, "http://127.0.0.1:1/");
    const text = /^cannot fetch http:\/\/127\.0\.0\.1:1\/director\/board-1\/metadata\/2\.root\.json: .*ECONNREFUSED/;
    sees(await board.refresh(), "UPDATE_NETWORK", "network", text);
    expect(unwrap(await board.fetchTarget(target))).toEqual(bytes);
  });
});
