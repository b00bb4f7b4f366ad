/** Whoever asks a board for its cache is a stranger: what one of them can take of it is bounded. */
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { nodeClock } from "../../../runtime/kernel/node-world.ts";
import { type NeighbourOptions, serveNeighbours } from "../../../updater/client/neighbour.ts";
import type { Shelved } from "../../../updater/client/shelf.ts";
import { SteppingClock } from "../../fakes/clock.ts";

const SMALL = utf8("0123456789");
const LARGE = new Uint8Array(24_000_000);

interface Served {
  readonly url: string;
  readonly port: number;
  readonly trouble: readonly string[];
  readonly asked: readonly string[];
}

async function served(changes: Partial<NeighbourOptions> = {}): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-neighbour-"));
  const blob = (name: string, bytes: Uint8Array): Shelved => {
    const file = join(folder, name);
    writeFileSync(file, bytes);
    return { kind: "blob", length: bytes.byteLength, sha256: sha256(bytes), file };
  };
  const large = blob("large", LARGE);
  const link = join(folder, "link");
  symlinkSync(join(folder, "small"), link);
  const files = new Map<string, Shelved>([
    ["metadata/timestamp.json", { kind: "metadata", bytes: SMALL, sha256: sha256(SMALL) }],
    ["targets/small", blob("small", SMALL)],
    ["targets/large", large],
    ["targets/link", { kind: "blob", length: SMALL.byteLength, sha256: sha256(SMALL), file: link }],
    ["targets/folder", { kind: "blob", length: 0, sha256: sha256(SMALL), file: folder }],
  ]);
  const [trouble, asked]: [string[], string[]] = [[], []];
  const server = serveNeighbours({
    listen: { host: "127.0.0.1", port: 0 },
    connectionsMax: 4,
    bytesPerSMax: 1e9,
    clock: nodeClock,
    shelf: {
      find(path) {
        asked.push(path);
        return files.get(path);
      },
    },
    onTrouble: (why) => trouble.push(why.line()),
    ...changes,
  });
  onTestFinished(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  const url = await server.listening;
  return { url, port: Number(new URL(url).port), trouble, asked };
}

function dial(port: number, write = "") {
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  socket.write(write);
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  return { socket, closed };
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;

describe("the server for neighbours", () => {
  it.each(["metadata/timestamp.json", "targets/small"])("answers HEAD, ranges and conditions for %s", async (path) => {
    const { url } = await served();
    const at = `${url}image/${path}`;
    const ask = async (headers: Record<string, string>, method = "GET") => {
      const answer = await fetch(at, { method, headers });
      return { status: answer.status, body: await answer.text(), headers: answer.headers };
    };
    const whole = await ask({});
    const etag = whole.headers.get("etag") ?? "";
    expect(whole).toMatchObject({ status: 200, body: "0123456789" });
    expect(await ask({}, "HEAD")).toMatchObject({ status: 200, body: "" });
    expect(await ask({ "if-none-match": etag })).toMatchObject({ status: 304, body: "" });
    expect(await ask({ range: "bytes=2-4" })).toMatchObject({ status: 206, body: "234" });
    expect((await ask({ range: "bytes=2-4" })).headers.get("content-range")).toBe("bytes 2-4/10");
    expect(await ask({ range: "bytes=-3" })).toMatchObject({ status: 206, body: "789" });
    expect(await ask({ range: "bytes=4-", "if-range": etag })).toMatchObject({ status: 206, body: "456789" });
    expect(await ask({ range: "bytes=4-", "if-range": '"other"' })).toMatchObject({ status: 200, body: "0123456789" });
    expect(await ask({ range: "bytes=10-" })).toMatchObject({ status: 416, body: "" });
  });

  it("reads no bodies and knows no other methods", async () => {
    const { url, asked } = await served();
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      expect((await fetch(`${url}image/metadata/timestamp.json`, { method })).status).toBe(405);
    }
    const { port } = new URL(url);
    const { socket, closed } = dial(
      Number(port),
      "GET /image/targets/small HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n",
    );
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 405/);
    await closed;
    expect(asked).toEqual([]);
  });

  it("follows no link and takes no folder for a file", async () => {
    const { url } = await served();
    expect((await fetch(`${url}image/targets/link`)).status).toBe(404);
    expect((await fetch(`${url}image/targets/folder`)).status).toBe(404);
  });

  it("gives a large file in pieces, whole and in part", async () => {
    const { url } = await served();
    const whole = new Uint8Array(await (await fetch(`${url}image/targets/large`)).arrayBuffer());
    expect(sha256(whole)).toBe(sha256(LARGE));
    const part = await fetch(`${url}image/targets/large`, { headers: { range: "bytes=23000000-" } });
    expect((await part.arrayBuffer()).byteLength).toBe(1_000_000);
  });

  it("cuts a reader that does not take what it asked for", async () => {
    const clock = new SteppingClock();
    const { port } = await served({ clock });
    const { socket, closed } = dial(port, get("/image/targets/large"));
    await once(socket, "readable");
    await vi.waitFor(() => expect(clock.waiting).toBe(1));
    clock.advance(20_000);
    socket.resume();
    await closed;
    expect(socket.bytesRead).toBeLessThan(LARGE.byteLength);
    expect(clock.waiting).toBe(0);
  });

  it("cuts who asks again before the answer is there", async () => {
    const { port, asked } = await served();
    const { socket, closed } = dial(port, get("/image/targets/large") + get("/image/targets/small"));
    socket.resume();
    await closed;
    expect(asked.length).toBeLessThanOrEqual(1);
  });

  it("gives one address at most half of its connections", async () => {
    const { port, url } = await served({ connectionsMax: 4 });
    const first = dial(port, get("/image/targets/large"));
    const second = dial(port, get("/image/targets/large"));
    await Promise.all([once(first.socket, "readable"), once(second.socket, "readable")]);
    await dial(port, get("/image/targets/small")).closed;
    first.socket.destroy();
    await first.closed;
    await vi.waitFor(async () => expect((await fetch(`${url}image/targets/small`)).status).toBe(200));
  });

  it("keeps to its bytes per second, questions included", async () => {
    const clock = new SteppingClock();
    const { url } = await served({ clock, bytesPerSMax: 65_536 });
    const answers: number[] = [];
    // 64 questions are paid for by the burst of one second.
    for (let asked = 0; asked < 64; asked += 1) {
      answers.push((await fetch(`${url}image/metadata/nothing`)).status);
    }
    expect(answers.every((status) => status === 404)).toBe(true);
    const last = fetch(`${url}image/metadata/nothing`).then((answer) => answers.push(answer.status));
    await vi.waitFor(() => expect(clock.waiting).toBe(1));
    expect(answers).toHaveLength(64);
    clock.advance(1000);
    await last;
    expect(answers).toHaveLength(65);
  });

  it("says that its address is taken, and has it as soon as it is free", async () => {
    const clock = new SteppingClock();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const trouble: string[] = [];
    const listen = { host: "127.0.0.1", port };
    const shelf = { find: () => undefined };
    const onTrouble: NeighbourOptions["onTrouble"] = (why) => trouble.push(why.line());
    const server = serveNeighbours({ listen, connectionsMax: 4, bytesPerSMax: 1e6, clock, shelf, onTrouble });
    onTestFinished(() => server.close());
    await vi.waitFor(() => expect(trouble).toHaveLength(1));
    expect(trouble[0]).toContain("UPDATE_NEIGHBOUR");
    await new Promise<void>((resolve) => other.close(() => resolve()));
    clock.advance(60_000);
    expect(await server.listening).toBe(`http://127.0.0.1:${port}/`);
  });
});
