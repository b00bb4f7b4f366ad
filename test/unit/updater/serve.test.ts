/** The static server gives out the public tree and nothing else. */
import { symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { FILES, makeReadySite, type Site } from "./site.ts";

/** A request as the bytes say it: a client library would tidy the path up. */
function raw(site: Site, path: string, method = "GET", headers: Record<string, string> = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; head: string; body: string }>();
  const socket = connect(Number(new URL(site.server.url).port), "127.0.0.1");
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines.join("")}\r\n`);
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
  });
  socket.on("error", reject);
  socket.on("end", () => {
    const [head = "", body = ""] = text.split("\r\n\r\n", 2);
    resolve({ status: Number(head.split(" ")[1]), head: head.toLowerCase(), body });
  });
  return promise;
}

describe("the static server", () => {
  it.each([
    ["is longer than the file system takes", `/image/metadata/${"a".repeat(300)}`],
    ["leads through a file", "/image/metadata/timestamp.json/x"],
  ])("outlives a name that %s", async (_, path) => {
    const site = await makeReadySite();
    expect((await raw(site, path)).status).toBe(404);
    expect((await raw(site, "/image/metadata/timestamp.json")).status).toBe(200);
  });

  it.each([
    "/repository.json",
    "/keys/owner-1.pem",
    "/image/../keys/owner-1.pem",
    "/image/metadata/../../keys/owner-1.pem",
    "/image/metadata/%2e%2e/%2e%2e/keys/owner-1.pem",
    "/image/metadata/..%2f..%2fkeys/owner-1.pem",
    "//keys/owner-1.pem",
    "/director-root/1.root.json",
    "/director/board-1/keys/x",
    "/image/metadata",
    "/image/metadata/",
    "/",
    "/image/metadata/.tmp-1-1-timestamp.json",
    "/image/metadata/link.json",
    "/image/metadata/\0",
    "http://elsewhere/repository.json",
    "*",
  ])("does not give out %j", async (path) => {
    const site = await makeReadySite();
    writeFileSync(join(site.image.metadata, ".tmp-1-1-timestamp.json"), "half");
    symlinkSync(join(site.directory, "repository.json"), join(site.image.metadata, "link.json"));
    const { status, body } = await raw(site, path);
    expect([400, 404]).toContain(status);
    expect(body).not.toContain("sallyport");
  });

  it("answers HEAD, ranges and repeated questions as clients expect", async () => {
    const site = await makeReadySite();
    const path = "/image/metadata/timestamp.json";
    const whole = await raw(site, path);
    expect(whole.status).toBe(200);
    expect(whole.head).toContain("cache-control: no-cache");
    const etag = /etag: (\S+)/.exec(whole.head)?.[1] ?? expect.fail("no etag");
    expect((await raw(site, path, "GET", { "if-none-match": etag })).status).toBe(304);
    expect(await raw(site, path, "HEAD")).toMatchObject({ status: 200, body: "" });
    expect(await raw(site, path, "GET", { range: "bytes=2-4" })).toMatchObject({
      status: 206,
      body: whole.body.slice(2, 5),
    });
    expect(await raw(site, path, "GET", { range: "bytes=-3" })).toMatchObject({
      status: 206,
      body: whole.body.slice(-3),
    });
    expect(await raw(site, path, "GET", { range: "bytes=5-" })).toMatchObject({
      status: 206,
      body: whole.body.slice(5),
    });
    expect((await raw(site, path, "GET", { range: "bytes=999999-" })).status).toBe(416);
    expect((await raw(site, path, "GET", { range: "bytes=4-2" })).status).toBe(200);
    expect((await raw(site, path, "PUT")).status).toBe(405);
    unwrap(await site.repositories.resign());
    expect((await raw(site, path, "GET", { "if-none-match": etag })).status).toBe(200);
  });

  it("lets what never changes be cached for ever", async () => {
    const site = await makeReadySite();
    const updater = site.board();
    const target = unwrap(unwrap(await updater.refresh()).agreed(FILES.module));
    const { head } = await raw(site, `/image/targets/modules/acme/thermostat/1.0.0/${target.sha256}.module.wasm`);
    expect(head).toContain("immutable");
    expect(head).toContain("application/octet-stream");
  });
});
