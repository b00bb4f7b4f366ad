/** Endless data: a small compressed body that would become a large one. */
import { gzipSync } from "node:zlib";
import { describe, it } from "vitest";
import { makeReadySite } from "../../unit/updater/site.ts";
import { impostor } from "./impostor.ts";
import { sees } from "./sees.ts";

describe("a compressed answer", () => {
  it("that nobody asked for is not unpacked", async () => {
    const site = await makeReadySite();
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const server = await impostor(site, (path, response) => {
      const isIt = path.endsWith("timestamp.json");
      if (isIt) response.writeHead(200, { "content-encoding": "gzip", "content-length": bomb.byteLength }).end(bomb);
      return isIt;
    });
    const text = /timestamp.json answered with encoding gzip, which was not asked for$/;
    sees(await server.board().refresh(), "UPDATE_ENCODED", "refusal", text);
  });
});
