/**
 * Boards that help each other, with real updaters over HTTP: what a neighbour serves is the image repository as it
 * verified it, and a neighbour that lies, lags or has nothing costs another board one question.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { releasePaths } from "../../../runtime/kernel/authority/manifest.ts";
import { nodeClock } from "../../../runtime/kernel/node-world.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { serveNeighbours, type Updater } from "../../../updater/index.ts";
import { startRelay } from "../../fakes/relay.ts";
import { codeOf, DEVICE, desired, FILES, makeReadySite, OTHER, type Site } from "./site.ts";

const NOWHERE = "http://127.0.0.1:9/";

/** Serves what a board holds; its base URL. */
async function serve(board: Updater): Promise<string> {
  const trouble: string[] = [];
  const server = serveNeighbours({
    listen: { host: "127.0.0.1", port: 0 },
    connectionsMax: 8,
    bytesPerSMax: 1e9,
    clock: nodeClock,
    shelf: board.shelf,
    onTrouble: (why) => trouble.push(why.code),
  });
  onTestFinished(async () => {
    await server.close();
    expect(trouble).toEqual([]);
  });
  return await server.listening;
}

/** A board that has all that is assigned to it, and serves it. */
async function helper(site: Site) {
  const board = site.board("helper", { forNeighbours: true });
  const take = async (path: string) =>
    unwrap(await board.fetchTarget(unwrap(unwrap(await board.refresh()).agreed(path))));
  await take(FILES.module);
  return { board, take, url: await serve(board) };
}

/** A board whose image repository is at `image`, with neighbours; `left` says whom it left and why. */
function needy(site: Site, image: string, neighbours: readonly string[], name = "needy") {
  const left: string[] = [];
  const names = [image, ...neighbours];
  const below = (base: string) => ({ metadataUrl: `${base}image/metadata/`, targetsUrl: `${base}image/targets/` });
  const board = site.board(name, {
    image: {
      ...below(image),
      mirrors: neighbours.map((base) => ({ ...below(base), cache: true })),
      root: site.repositories.imageRoot(),
    },
    limits: { attempts: 1 },
    transport: {
      clock: nodeClock,
      onLeft: (address, why) => left.push(`${names.findIndex((one) => address.startsWith(one))} ${why.code}`),
    },
  });
  return { board, left };
}

const asksFor = async (board: Updater, path: string = FILES.module) =>
  board.fetchTarget(unwrap(unwrap(await board.refresh()).agreed(path)));

async function serverOf(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** A neighbour between the boards that changes what passes. */
function liar(url: string, change: (path: string, body: Buffer) => Buffer): Promise<string> {
  return serverOf(async ({ url: path = "", method = "" }, response) => {
    const answer = await fetch(url + path.slice(1), { method });
    const body = change(path, Buffer.from(await answer.arrayBuffer()));
    response.writeHead(answer.status, { "content-length": body.byteLength }).end(body);
  });
}

const blobs = (site: Site, name: string) => join(site.boardDirectory(name), "blobs");

describe("a board with a neighbour", () => {
  it("gets its module without a way to the image repository's server", async () => {
    const site = await makeReadySite();
    const { url } = await helper(site);
    const { board, left } = needy(site, NOWHERE, [url]);
    expect(unwrap(await asksFor(board))).toEqual(new Uint8Array(readFileSync(moduleFile(site))));
    expect(left).toEqual(["0 UPDATE_NETWORK"]);
  });

  it("asks the server for news and the neighbour for bytes", async () => {
    const site = await makeReadySite();
    const { url } = await helper(site);
    const [far, near] = [await startRelay(portOf(site.server.url)), await startRelay(portOf(url))];
    onTestFinished(() => {
      far.close();
      near.close();
    });
    const { board, left } = needy(site, `http://127.0.0.1:${far.port}/`, [`http://127.0.0.1:${near.port}/`]);
    unwrap(await asksFor(board));
    const module = /GET \/image\/targets\/modules\/\S+ 200/;
    expect(near.take().exchanges).toEqual([expect.stringMatching(module)]);
    const asked = far.take().exchanges;
    expect(asked).toContain("GET /image/metadata/timestamp.json 200");
    expect(asked.filter((one) => module.test(one))).toEqual([]);
    expect(left).toEqual([]);
  });

  it("leaves one that lies about bytes for the next, and says so", async () => {
    const site = await makeReadySite();
    const { url } = await helper(site);
    const lying = await liar(url, (path, body) => (path.includes("/targets/") ? Buffer.from(body).fill(0x21) : body));
    const { board, left } = needy(site, site.server.url, [lying, url]);
    expect(unwrap(await asksFor(board))).toEqual(new Uint8Array(readFileSync(moduleFile(site))));
    expect(left).toEqual(["1 UPDATE_TARGET_HASH"]);
  });

  it("leaves one that lies about metadata for the next, and says so", async () => {
    const site = await makeReadySite();
    const { url } = await helper(site);
    const lying = await liar(url, (path, body) =>
      path.includes("snapshot") ? Buffer.from(body.toString().replace("2.targets", "9.targets")) : body,
    );
    const forging = await liar(url, (path, body) =>
      path.endsWith("timestamp.json") ? Buffer.from(body.toString().replace('"version":', '"version":9')) : body,
    );
    const { board, left } = needy(site, NOWHERE, [forging, lying, url]);
    unwrap(await asksFor(board));
    expect(left[0]).toBe("0 UPDATE_NETWORK");
    expect(left).toContain("1 UPDATE_SIGNATURE");
  });

  it("never goes back because the neighbour is behind", async () => {
    const site = await makeReadySite();
    const { url } = await helper(site);
    await site.release("1.1.0");
    unwrap(await site.repositories.assign(DEVICE, [desired("1.1.0")]));
    const first = needy(site, site.server.url, [url]);
    const versions = unwrap(await first.board.refresh()).versions;
    first.board.close();
    const { board, left } = needy(site, NOWHERE, [url]);
    expect(codeOf(await board.refresh())).toBe("UPDATE_ROLLBACK");
    expect(board.view()?.versions).toEqual(versions);
    expect(left).toEqual(["0 UPDATE_NETWORK", "1 UPDATE_ROLLBACK"]);
  });

  it("comes forward with the neighbour, and asks the server first again as soon as that is there", async () => {
    const site = await makeReadySite();
    const { board: helping, url } = await helper(site);
    let down = true;
    const server = await serverOf(async ({ url: path = "", method = "" }, response) => {
      if (down) return void response.writeHead(503, { "content-length": 0 }).end();
      const answer = await fetch(site.server.url + path.slice(1), { method });
      response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
    });
    const { board } = needy(site, server, [url]);
    unwrap(await board.refresh());
    await site.release("1.1.0");
    unwrap(await helping.refresh());
    expect(unwrap(await board.refresh()).versions.image).toEqual(helping.view()?.versions.image);
    await site.release("1.2.0");
    down = false;
    const { versions } = unwrap(await board.refresh());
    expect(versions.image.snapshot).toBe((helping.view()?.versions.image.snapshot ?? 0) + 1);
  });

  it("blames none for what it has not got", async () => {
    const site = await makeReadySite();
    const { url } = await helper(site);
    await site.release("1.1.0");
    unwrap(await site.repositories.assign(DEVICE, [desired("1.1.0")]));
    const { board, left } = needy(site, site.server.url, [url]);
    unwrap(await asksFor(board, releasePaths("acme", "thermostat", "1.1.0").module));
    const empty = site.board("empty", { device: OTHER });
    const { board: other, left: otherLeft } = needy(site, site.server.url, [await serve(empty)], "other");
    unwrap(await asksFor(other, releasePaths("acme", "thermostat", "1.1.0").module));
    expect([...left, ...otherLeft]).toEqual([]);
  });

  it("takes deltas from it that the neighbour had use for", async () => {
    const site = await makeReadySite();
    const code = (version: number) => {
      const bytes = Uint8Array.from({ length: 9000 }, (_, at) => (at * at * 31 + (at >> 3)) & 255);
      bytes[4000 + version] = version;
      return bytes;
    };
    const path = (version: number) => releasePaths("acme", "thermostat", `2.0.${version}`).module;
    const assignTo = async (version: number) =>
      unwrap(await site.repositories.assign(DEVICE, [desired(`2.0.${version}`)]));
    for (const version of [1, 2]) await site.release(`2.0.${version}`, { module: code(version) });
    const { url, take } = await helper(site);
    const relay = await startRelay(portOf(url));
    onTestFinished(() => relay.close());
    const { board } = needy(site, site.server.url, [`http://127.0.0.1:${relay.port}/`]);
    await assignTo(1);
    await take(path(1));
    unwrap(await asksFor(board, path(1)));
    await assignTo(2);
    await take(path(2));
    relay.take();
    expect(unwrap(await asksFor(board, path(2)))).toEqual(code(2));
    expect(relay.take().exchanges).toEqual([expect.stringMatching(/^GET \/image\/targets\/deltas\/\S+ 200$/)]);
  });

  it("follows a new root that only the neighbour shows it", async () => {
    const site = await makeReadySite();
    const { board: helping, url } = await helper(site);
    unwrap(await site.repositories.rotate({ what: "renew", role: "root" }));
    unwrap(await helping.refresh());
    expect(helping.view()?.versions.image.root).toBe(2);
    const { board } = needy(site, NOWHERE, [url]);
    expect(unwrap(await board.refresh()).versions.image.root).toBe(2);
  });
});

describe("what a board serves its neighbours", () => {
  it("is the image repository's files byte for byte, and the state before for who began with it", async () => {
    const site = await makeReadySite();
    const { board, url } = await helper(site);
    const before = await text(`${url}image/metadata/timestamp.json`);
    const names = readdirSync(site.image.metadata).filter((name) => !/^1\.(?:snapshot|targets)/.test(name));
    let same = 0;
    for (const name of names) {
      const answer = await fetch(`${url}image/metadata/${name}`);
      if (!answer.ok) continue;
      expect(await answer.text()).toBe(readFileSync(join(site.image.metadata, name), "utf8"));
      same += 1;
    }
    expect(same).toBeGreaterThanOrEqual(5);
    const snapshot = JSON.parse(before).signed.meta["snapshot.json"].version;
    await site.release("1.1.0");
    unwrap(await board.refresh());
    unwrap(await board.refresh());
    expect(await text(`${url}image/metadata/timestamp.json`)).not.toBe(before);
    expect((await fetch(`${url}image/metadata/${snapshot}.snapshot.json`)).status).toBe(200);
    expect((await fetch(`${url}image/metadata/${snapshot + 1}.snapshot.json`)).status).toBe(200);
  });

  it("is nothing before the first refresh", async () => {
    const site = await makeReadySite();
    const url = await serve(site.board("new"));
    expect((await fetch(`${url}image/metadata/timestamp.json`)).status).toBe(404);
    expect((await fetch(`${url}image/metadata/1.root.json`)).status).toBe(404);
  });

  it("is nothing of the director's, nothing by another name and no listing", async () => {
    const site = await makeReadySite();
    const { url, board } = await helper(site);
    const view = board.view();
    const wanted = unwrap(await board.fetchTarget(view?.desired ?? expect.fail("no desired state")));
    expect(new TextDecoder().decode(wanted)).toContain("thermostat");
    const digest = view?.desired?.sha256;
    const stored = readdirSync(blobs(site, "helper"));
    expect(stored).toContain(digest);
    for (const path of [
      "",
      "image/",
      "image/metadata/",
      "image/targets/",
      "director/board-1/metadata/timestamp.json",
      `director/board-1/targets/${digest}.desired.json`,
      `image/targets/${digest}.desired.json`,
      ...stored.map((name) => `image/targets/${name}`),
      ...stored.map((name) => `image/targets/blobs/${name}`),
      "image/targets/../vault",
      "image/metadata/%2e%2e/vault",
      "image/metadata/vault",
      "image/metadata/__proto__",
      "image/metadata/timestamp.json?x",
    ]) {
      expect([path, (await fetch(url + path)).status]).toEqual([path, 404]);
    }
  });

  it("is no blob that was damaged on its disk, also when it was whole before", async () => {
    const site = await makeReadySite();
    const { url } = await helper(site);
    const digest = moduleDigest(site);
    const path = `${url}image/targets/${FILES.module.replace("module.wasm", `${digest}.module.wasm`)}`;
    expect((await fetch(path)).status).toBe(200);
    const blob = join(blobs(site, "helper"), digest);
    const bytes = readFileSync(blob);
    bytes[3] = (bytes[3] ?? 0) ^ 1;
    writeFileSync(blob, bytes);
    expect((await fetch(path)).status).toBe(404);
    writeFileSync(blob, bytes.subarray(1));
    expect((await fetch(path)).status).toBe(404);
  });
});

function moduleFile(site: Site): string {
  return join(site.image.targets, FILES.module.replace("module.wasm", `${moduleDigest(site)}.module.wasm`));
}

function moduleDigest(site: Site): string {
  const folder = join(site.image.targets, FILES.module, "..");
  const [name = ""] = readdirSync(folder).filter((one) => one.endsWith(".module.wasm"));
  return name.split(".")[0] ?? "";
}

async function text(url: string): Promise<string> {
  return await (await fetch(url)).text();
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}
