/** Slow retrieval: the server takes the question and says nothing, or stops in the middle. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { FILES, makeReadySite } from "../../unit/updater/site.ts";
import { impostor } from "./impostor.ts";
import { sees } from "./sees.ts";

describe("a silent server", () => {
  it.each(["before the first byte", "in the middle"])("is given up: %s", async (when) => {
    const site = await makeReadySite();
    let isSilent = false;
    const server = await impostor(site, (path, response) => {
      if (!isSilent || !path.endsWith("timestamp.json")) return false;
      if (when === "in the middle") response.writeHead(200, { "content-length": 500 }).write("{");
      return true;
    });
    const board = server.board("board", { limits: { idleMs: 60 } });
    unwrap(await board.refresh());
    isSilent = true;
    sees(await board.refresh(), "UPDATE_SLOW", "network", /timestamp.json was too slow: \d+ bytes in \d+ ms \(.*\)$/);
    await server.hungUp;
    expect(board.view()?.agreed(FILES.module).ok).toBe(true);
    isSilent = false;
    expect((await board.refresh()).ok).toBe(true);
  });
});
