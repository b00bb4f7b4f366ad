/** What a look costs on the wire, heads and bodies in both directions, counted between a board and a real server. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { utf8 } from "../../../../runtime/kernel/bytes.ts";
import { attempt, unwrap } from "../../../../runtime/kernel/result.ts";
import { httpSource } from "../../../../updater/client/http.ts";
import { defaultLimits } from "../../../../updater/client/source.ts";
import { startRelay } from "../../../fakes/relay.ts";
import { codeOf, DAY_MS, DEVICE, desired, makeReadySite, type Site } from "../site.ts";

async function meteredBoard(site: Site) {
  const relay = await startRelay(Number(new URL(site.server.url).port));
  onTestFinished(() => relay.close());
  const moved = (url: string) => url.replace(/:\d+\//, `:${relay.port}/`);
  const director = site.server.directorUrl(DEVICE);
  const board = site.board("metered", {
    image: {
      metadataUrl: moved(site.server.imageMetadataUrl),
      targetsUrl: moved(site.server.imageTargetsUrl),
      root: site.repositories.imageRoot(),
    },
    director: {
      metadataUrl: moved(director.metadataUrl),
      targetsUrl: moved(director.targetsUrl),
      root: site.repositories.directorRoot(),
    },
  });
  unwrap(await board.refresh());
  const first = relay.take();
  return { board, relay, first };
}

const total = ({ sent, received }: { sent: number; received: number }) => sent + received;
const HEAD_OF_DIRECTOR = `HEAD /director/${DEVICE}/metadata/2.root.json 404`;
const HEAD_OF_IMAGE = "HEAD /image/metadata/2.root.json 404";

describe("a look at both repositories", () => {
  it("at which nothing is new is two short answers without a body, on one kept connection", async () => {
    const site = await makeReadySite();
    const { board, relay, first } = await meteredBoard(site);
    expect(first.connections).toBe(1);
    unwrap(await board.refresh());
    const idle = relay.take();
    expect(idle.exchanges).toEqual([
      HEAD_OF_DIRECTOR,
      `GET /director/${DEVICE}/metadata/timestamp.json 304`,
      HEAD_OF_IMAGE,
      "GET /image/metadata/timestamp.json 304",
    ]);
    expect(idle.connections).toBe(0);
    expect(idle.received).toBeLessThanOrEqual(800);
    expect(total(idle)).toBeLessThanOrEqual(1_500);
  });

  it("after the timestamps were signed again brings at most 1.5 KB of them", async () => {
    const site = await makeReadySite();
    const { board, relay } = await meteredBoard(site);
    site.clock.now += DAY_MS / 2;
    const { timestamp } = site.repositories.config.expiryDays;
    unwrap(await site.repositories.refresh(timestamp * DAY_MS));
    unwrap(await board.refresh());
    const renewed = relay.take();
    expect(renewed.exchanges).toEqual([
      HEAD_OF_DIRECTOR,
      `GET /director/${DEVICE}/metadata/timestamp.json 200`,
      HEAD_OF_IMAGE,
      "GET /image/metadata/timestamp.json 200",
    ]);
    // Two answers of "not there", and all the rest is the timestamps with their heads.
    expect(renewed.received).toBeLessThanOrEqual(2 * 150 + 1_500);
  });

  it("that finds another assignment brings at most 4 KB more, all heads included", async () => {
    const site = await makeReadySite();
    await site.release("1.1.0");
    const { board, relay } = await meteredBoard(site);
    unwrap(await board.refresh());
    const idle = total(relay.take());
    unwrap(await site.repositories.assign(DEVICE, [desired("1.1.0")]));
    unwrap(await board.refresh());
    const changed = relay.take();
    expect(changed.exchanges).toEqual([
      HEAD_OF_DIRECTOR,
      `GET /director/${DEVICE}/metadata/timestamp.json 200`,
      `GET /director/${DEVICE}/metadata/2.snapshot.json 200`,
      `GET /director/${DEVICE}/metadata/2.targets.json 200`,
      HEAD_OF_IMAGE,
      "GET /image/metadata/timestamp.json 304",
    ]);
    expect(total(changed) - idle).toBeLessThanOrEqual(4_096);
  });

  it("costs whole timestamps once after a restart, as tags live with the process", async () => {
    const site = await makeReadySite();
    await meteredBoard(site);
    const { board, relay, first } = await meteredBoard(site);
    expect(first.exchanges).toEqual([
      HEAD_OF_DIRECTOR,
      `GET /director/${DEVICE}/metadata/timestamp.json 200`,
      HEAD_OF_IMAGE,
      "GET /image/metadata/timestamp.json 200",
    ]);
    unwrap(await board.refresh());
    expect(relay.take().exchanges).toContain("GET /image/metadata/timestamp.json 304");
  });

  it("believes no 'not modified' for longer than the metadata is valid", async () => {
    const site = await makeReadySite();
    const { board, relay } = await meteredBoard(site);
    site.clock.now += 30 * DAY_MS;
    expect(codeOf(await board.refresh())).toBe("UPDATE_STALE");
    expect(relay.take().exchanges).toContain(`GET /director/${DEVICE}/metadata/timestamp.json 304`);
  });
});

/** A server that answers as the test says and notes method, path and condition. */
async function serve(answer: RequestListener) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { "if-none-match": tag, "if-modified-since": since } = request.headers;
    asked.push([request.method, request.url, tag ?? since ?? ""].join(" ").trim());
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const source = httpSource({ metadataUrl: url, targetsUrl: url }, defaultLimits);
  onTestFinished(() => {
    source.close();
    server.closeAllConnections();
    server.close();
  });
  const look = async (held?: Uint8Array) => {
    const result = await attempt(() => source.metadata("timestamp.json", 1000, { held }));
    return result.ok ? result.value && Buffer.from(result.value).toString() : result.error.line();
  };
  const root = () => attempt(() => source.metadata("2.root.json", 1000, { unlikely: true }));
  return { asked, look, root };
}

describe("a validator", () => {
  const tagged: RequestListener = (request, response) => {
    if (request.headers["if-none-match"] === '"v1"') response.writeHead(304).end();
    else response.writeHead(200, { etag: '"v1"' }).end("one");
  };

  it("is sent for exactly the bytes it came with, and for no others", async () => {
    const { asked, look } = await serve(tagged);
    expect(await look(utf8("one"))).toBe("one");
    expect(await look(utf8("one"))).toBe("one");
    expect(await look(utf8("two"))).toBe("one");
    expect(await look()).toBe("one");
    expect(asked.map((one) => one.split(" ")[2])).toEqual([undefined, '"v1"', undefined, undefined]);
  });

  it("is the date where there is no tag", async () => {
    const date = "Sat, 21 Nov 2026 10:00:00 GMT";
    const { asked, look } = await serve((request, response) => {
      if (request.headers["if-modified-since"] === date) response.writeHead(304).end();
      else response.writeHead(200, { "last-modified": date }).end("one");
    });
    await look();
    expect(await look(utf8("one"))).toBe("one");
    expect(asked[1]).toBe(`GET /timestamp.json ${date}`);
  });

  it("that is none is not sent", async () => {
    for (const headers of [{ etag: "v1" }, { etag: `"${"v".repeat(300)}"` }, { "last-modified": "yesterday" }]) {
      const { asked, look } = await serve((_, response) => response.writeHead(200, headers).end("one"));
      await look();
      await look(utf8("one"));
      expect(asked[1]).toBe("GET /timestamp.json");
    }
  });

  it("is needed for an answer of 'not modified': one that was not asked for is none", async () => {
    const { look } = await serve((_, response) => response.writeHead(304).end());
    expect(await look(utf8("one"))).toMatch(/^UPDATE_HTTP_STATUS.* 304$/);
  });
});

describe("the look for the next root", () => {
  it("asks whether it is there before it asks for it", async () => {
    const { asked, root } = await serve((_, response) => response.writeHead(200, { "content-length": 4 }).end("root"));
    expect(await root()).toEqual({ ok: true, value: utf8("root") });
    expect(asked).toEqual(["HEAD /2.root.json", "GET /2.root.json"]);
  });

  it("takes 404 and 403 for 'not there'", async () => {
    for (const status of [404, 403]) {
      const { asked, root } = await serve((_, response) => response.writeHead(status).end());
      expect(await root()).toEqual({ ok: true, value: undefined });
      expect(asked).toEqual(["HEAD /2.root.json"]);
    }
  });

  it("asks for it at once where a server does not know such questions", async () => {
    const { asked, root } = await serve((request, response) => {
      response.writeHead(request.method === "HEAD" ? 501 : 404).end();
    });
    await root();
    expect(await root()).toEqual({ ok: true, value: undefined });
    expect(asked).toEqual(["HEAD /2.root.json", "GET /2.root.json", "GET /2.root.json"]);
  });

  it("is no answer when the server fails", async () => {
    const { root } = await serve((_, response) => response.writeHead(500).end());
    expect(codeOf(await root())).toBe("UPDATE_HTTP_STATUS");
  });
});
