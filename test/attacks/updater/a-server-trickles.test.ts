/** Slow retrieval: bytes come one by one, never silent for long, to hold the board for as long as it lets itself be held. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { SteppingClock } from "../../fakes/clock.ts";
import { FILES, makeReadySite } from "../../unit/updater/site.ts";
import { impostor } from "./impostor.ts";
import { sees } from "./sees.ts";

describe("a trickle", () => {
  it.each([
    ["timestamp.json", "of metadata"],
    ["module.wasm", "of a target"],
  ])("is given up for its rate: %s", async (file) => {
    const site = await makeReadySite();
    await site.release("1.1.0", { module: new Uint8Array(50_000).fill(7) });
    const clock = new SteppingClock();
    const server = await impostor(site, (path, response) => {
      if (!path.endsWith(file)) return false;
      response.writeHead(200);
      // A byte each second of the board's time, as soon as the one before is away.
      const timer = setInterval(() => {
        response.write("{");
        clock.advance(1_000);
      }, 1);
      response.on("close", () => clearInterval(timer));
      return true;
    });
    const limits = { attempts: 1, bytesPerSMin: 1000, speedWindowMs: 10_000, idleMs: 5_000 };
    const board = server.board("board", { limits, transport: { clock } });
    const refreshed = await board.refresh();
    const result =
      file === "timestamp.json" ? refreshed : await board.fetchTarget(unwrap(unwrap(refreshed).agreed(FILES.module)));
    const found = sees(result, "UPDATE_SLOW", "network", /was too slow: \d+ bytes in \d+ ms \(minimum speed\)$/);
    expect(Number(found.facts["ms"])).toBeLessThanOrEqual(20_000);
    await server.hungUp;
  });
});
