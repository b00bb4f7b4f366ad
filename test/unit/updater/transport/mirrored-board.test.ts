/** A board with several addresses per repository: lying, lagging and broken mirrors cost it a look, never its trust. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, get, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { serveRepositories } from "../../../../updater/repository/index.ts";
import { SteppingClock } from "../../../fakes/clock.ts";
import { startRelay } from "../../../fakes/relay.ts";
import { codeOf, DAY_MS, DEVICE, desired, FILES, faultOf, makeReadySite, OTHER, type Site } from "../site.ts";

/** Base URL of another server of what the site publishes now; later changes do not reach it. */
async function copyOf(site: Site, name: string): Promise<{ url: string; directory: string }> {
  const directory = join(site.directory, "..", name);
  cpSync(site.directory, directory, { recursive: true });
  const server = await serveRepositories(directory);
  onTestFinished(() => server.close());
  return { url: server.url, directory };
}

async function serverOf(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** A board that asks these base URLs in turn; `left` says whom it left and why. */
function boardOf(site: Site, bases: readonly string[], name = "mirrored") {
  const left: string[] = [];
  const order = bases.map((base) => new URL(base).port);
  const addresses = (folder: string) =>
    bases.map((base) => ({ metadataUrl: `${base}${folder}/metadata/`, targetsUrl: `${base}${folder}/targets/` }));
  const repository = (folder: string, root: Uint8Array) => {
    const [first, ...mirrors] = addresses(folder);
    return { metadataUrl: first?.metadataUrl ?? "", targetsUrl: first?.targetsUrl ?? "", mirrors, root };
  };
  const board = site.board(name, {
    image: repository("image", site.repositories.imageRoot()),
    director: repository(`director/${DEVICE}`, site.repositories.directorRoot()),
    limits: { attempts: 1 },
    transport: {
      clock: new SteppingClock(),
      onLeft: (address, why) => left.push(`${order.indexOf(new URL(address).port)} ${why.code}`),
    },
  });
  return { board, left };
}

describe("a board with mirrors", () => {
  it("takes what is new from whoever has it, past a mirror that is behind", async () => {
    const site = await makeReadySite();
    const old = await copyOf(site, "old");
    await site.release("1.1.0");
    unwrap(await site.repositories.assign(DEVICE, [desired("1.1.0")]));
    const { board, left } = boardOf(site, [site.server.url, old.url]);
    unwrap(await board.refresh());
    board.close();

    const late = boardOf(site, [old.url, site.server.url]);
    const view = unwrap(await late.board.refresh());
    expect(view.versions.director.timestamp).toBe(2);
    expect(left).toEqual([]);
    expect(late.left).toEqual(["0 UPDATE_ROLLBACK", "0 UPDATE_ROLLBACK"]);
  });

  it("is not frozen by a mirror whose files have expired", async () => {
    const site = await makeReadySite();
    const frozen = await copyOf(site, "frozen");
    site.clock.now += 20 * DAY_MS;
    unwrap(await site.repositories.resign());
    const { board, left } = boardOf(site, [frozen.url, site.server.url]);
    unwrap(await board.refresh());
    expect(left).toEqual(["0 UPDATE_STALE", "0 UPDATE_STALE"]);
  });

  it("is not steered by a mirror that serves another board's files", async () => {
    const site = await makeReadySite();
    unwrap(await site.repositories.assign(OTHER, []));
    const crossed = await copyOf(site, "crossed");
    const of = (device: string) => join(crossed.directory, "director", device);
    cpSync(of(OTHER), of(DEVICE), { recursive: true });
    const { board, left } = boardOf(site, [crossed.url, site.server.url]);
    const view = unwrap(await board.refresh());
    expect(view.agreed(FILES.module).ok).toBe(true);
    expect(left).toEqual(["0 UPDATE_WRONG_DEVICE"]);
  });

  it("leaves a portal that answers everything, and a server that is not there", async () => {
    const site = await makeReadySite();
    const portal = await serverOf((_, response) => response.end("<html>please log in</html>"));
    const gone = "http://127.0.0.1:1/";
    const { board, left } = boardOf(site, [gone, portal, site.server.url]);
    unwrap(await board.refresh());
    expect(left).toEqual([
      "0 UPDATE_NETWORK",
      "1 UPDATE_METADATA_INVALID",
      "0 UPDATE_NETWORK",
      "1 UPDATE_METADATA_INVALID",
    ]);
  });

  it("tells of the attack when all fail, not of the network", async () => {
    const site = await makeReadySite();
    const forged = await copyOf(site, "forged");
    const file = join(forged.directory, "director", DEVICE, "metadata", "timestamp.json");
    writeFileSync(file, readFileSync(file, "utf8").replace(/"version":\s*1/, '"version":9'));
    const { board } = boardOf(site, ["http://127.0.0.1:1/", forged.url]);
    expect(codeOf(await board.refresh())).toBe("UPDATE_SIGNATURE");
  });

  it("fetches a target from the next mirror when the first serves other bytes, and mixes nothing", async () => {
    const site = await makeReadySite();
    const bad = await copyOf(site, "bad");
    const folder = join(bad.directory, "image", "targets", "modules", "acme", "thermostat", "1.0.0");
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      writeFileSync(path, Buffer.from(readFileSync(path)).fill("!", 0, 4));
    }
    const { board, left } = boardOf(site, [bad.url, site.server.url]);
    const target = unwrap(unwrap(await board.refresh()).agreed(FILES.module));
    expect(Buffer.from(unwrap(await board.fetchTarget(target))).toString()).toContain("1.0.0");
    expect(left).toEqual(["0 UPDATE_TARGET_HASH"]);
  });

  it("goes on at the next mirror with what one brought that broke off, and begins anew if that was rubbish", async () => {
    const site = await makeReadySite();
    const relay = await startRelay(Number(new URL(site.server.url).port));
    onTestFinished(() => relay.close());
    const good = `http://127.0.0.1:${relay.port}/`;
    for (const start of ["\0asm", "evil"]) {
      const asked: (string | undefined)[] = [];
      // Metadata as it is, of targets the first bytes only.
      const breaking = await serverOf((request, response) => {
        if (request.url?.includes("/targets/") !== true) {
          get(new URL(request.url ?? "", site.server.url), (answer) => {
            response.writeHead(answer.statusCode ?? 500, answer.headers);
            answer.pipe(response);
          });
          return;
        }
        asked.push(request.headers.range);
        response.write(start, () => response.destroy());
      });
      const { board, left } = boardOf(site, [breaking, good], `board-${start.slice(1)}`);
      const target = unwrap(unwrap(await board.refresh()).agreed(FILES.module));
      relay.take();
      expect(Buffer.from(unwrap(await board.fetchTarget(target))).toString()).toContain("1.0.0");
      expect(left).toEqual(["0 UPDATE_NETWORK"]);
      expect(asked).toEqual([undefined]);
      const statuses = relay.take().exchanges.map((one) => one.split(" ").at(-1));
      expect(statuses).toEqual(start === "evil" ? ["206", "200"] : ["206"]);
    }
  });

  it("of one address is told the very fault of that address", async () => {
    const site = await makeReadySite();
    const { board, left } = boardOf(site, ["http://127.0.0.1:1/"]);
    expect(faultOf(await board.refresh()).kind).toBe("network");
    expect(left).toEqual([]);
  });
});
