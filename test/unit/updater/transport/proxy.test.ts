/** Through an HTTP proxy: absolute-form for http, a tunnel for https, its refusals, and its password in no text. */
import { createServer, type IncomingMessage, type RequestListener, request } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { attempt, ok } from "../../../../runtime/kernel/result.ts";
import { httpSource, type TransportOptions } from "../../../../updater/client/http.ts";
import { defaultLimits, memorySink } from "../../../../updater/client/source.ts";
import { makeAuthority } from "../../../fakes/certificates.ts";
import { SteppingClock } from "../../../fakes/clock.ts";
import { faultOf } from "../site.ts";

const owner = makeAuthority();
const identity = ok({ ca: owner.cert });

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly host: string | undefined;
}

/** A proxy that notes what it is asked, and for tunnels does what a test says instead of leading there. */
async function startProxy(tunnel?: (request: IncomingMessage, socket: Socket) => void) {
  const asked: Asked[] = [];
  const note = ({ method, url, headers }: IncomingMessage) =>
    asked.push({ method, url, authorization: headers["proxy-authorization"], host: headers.host });
  const server = createServer((incoming, response) => {
    note(incoming);
    const onward = request(incoming.url ?? "", { headers: { host: incoming.headers.host } }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.end();
  });
  server.on("connect", (incoming: IncomingMessage, socket: Socket) => {
    note(incoming);
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => undefined);
    if (tunnel !== undefined) return tunnel(incoming, socket);
    const [host, port] = (incoming.url ?? "").split(":");
    const onward = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => socket.destroy());
    onTestFinished(() => void onward.destroy());
  });
  return { asked, port: await listen(server) };
}

const greet: RequestListener = (incoming, response) => response.end(`hello ${incoming.url}`);

function board(url: string, options: TransportOptions) {
  const source = httpSource({ metadataUrl: url, targetsUrl: url }, defaultLimits, { tls: () => identity, ...options });
  onTestFinished(() => source.close());
  return {
    source,
    ask: async (name = "timestamp.json") => {
      const body = await attempt(() => source.metadata(name, 1000));
      return body.ok ? Buffer.from(body.value ?? []).toString() : faultOf(body).line();
    },
  };
}

describe("an http address behind a proxy", () => {
  it("is asked for in absolute form, with the proxy's credentials for the proxy only", async () => {
    const origin = await listen(createServer(greet));
    const { asked, port } = await startProxy();
    const proxy = { http: `http://me:s3cret@127.0.0.1:${port}` };
    const { ask } = board(`http://127.0.0.1:${origin}/base/`, { proxy });
    expect(await ask()).toBe("hello /base/timestamp.json");
    expect(asked).toEqual([
      {
        method: "GET",
        url: `http://127.0.0.1:${origin}/base/timestamp.json`,
        authorization: `Basic ${Buffer.from("me:s3cret").toString("base64")}`,
        host: `127.0.0.1:${origin}`,
      },
    ]);
  });

  it("is asked directly when it is an exception", async () => {
    const origin = await listen(createServer(greet));
    const { asked, port } = await startProxy();
    const proxy = { http: `http://127.0.0.1:${port}`, except: ["127.0.0.1"] };
    const { ask } = board(`http://127.0.0.1:${origin}/`, { proxy });
    expect(await ask()).toBe("hello /timestamp.json");
    expect(asked).toEqual([]);
  });

  it("tells of a proxy that wants other credentials as of the proxy, not of the repository", async () => {
    const port = await listen(createServer((_, response) => response.writeHead(407).end()));
    const { ask } = board("http://updates.invalid/", { proxy: { http: `http://me:s3cret@127.0.0.1:${port}` } });
    const line = await ask();
    expect(line).toMatch(/^UPDATE_PROXY: the proxy 127\.0\.0\.1:\d+ .* status 407$/);
    expect(line).not.toContain("s3cret");
  });
});

describe("an https address behind a proxy", () => {
  const secure = owner.issue({ subject: "updates", names: ["IP:127.0.0.1"] });

  it("is reached through one tunnel, in which the server is checked as always", async () => {
    const origin = await listen(createTlsServer(secure, greet));
    const { asked, port } = await startProxy();
    const proxy = { https: `http://me:s3cret@127.0.0.1:${port}` };
    const { ask, source } = board(`https://127.0.0.1:${origin}/`, { proxy });
    expect(await ask()).toBe("hello /timestamp.json");
    const sink = memorySink(10);
    await source.target("abc", 10, sink);
    expect(Buffer.from(sink.bytes()).toString()).toBe("hello /abc");
    expect(asked).toEqual([
      {
        method: "CONNECT",
        url: `127.0.0.1:${origin}`,
        authorization: `Basic ${Buffer.from("me:s3cret").toString("base64")}`,
        host: `127.0.0.1:${origin}`,
      },
    ]);
    const stranger = makeAuthority().issue({ subject: "updates", names: ["IP:127.0.0.1"] });
    const other = await listen(createTlsServer(stranger, greet));
    expect(await board(`https://127.0.0.1:${other}/`, { proxy }).ask()).toMatch(/^UPDATE_TLS/);
  });

  it("is not reached through a proxy that refuses, speaks out of turn, breaks off or sends an endless head", async () => {
    const behaviours: readonly [RegExp, (request: IncomingMessage, socket: Socket) => void][] = [
      [/status 403$/, (_, socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n")],
      [/status 407$/, (_, socket) => socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")],
      [/speaks first$/, (_, socket) => socket.write("HTTP/1.1 200 OK\r\n\r\nboo")],
      [/socket hang up|ECONNRESET/, (_, socket) => socket.destroy()],
      [/HPE_HEADER_OVERFLOW/, (_, socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}`)],
    ];
    for (const [expected, tunnel] of behaviours) {
      const { port } = await startProxy(tunnel);
      const { ask } = board("https://updates.invalid/", { proxy: { https: `http://me:s3cret@127.0.0.1:${port}` } });
      const line = await ask();
      expect(line).toMatch(/^UPDATE_PROXY/);
      expect(line).toMatch(expected);
      expect(line).not.toContain("s3cret");
    }
  });

  it("is refused, and nothing else ends, when the board's own certificate is damaged", async () => {
    const { port } = await startProxy((_, socket) => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    const damaged = ok({ cert: "-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n", key: "none" });
    const proxy = { https: `http://127.0.0.1:${port}` };
    const { ask } = board("https://updates.invalid/", { tls: () => damaged, proxy });
    expect(await ask()).toMatch(/^UPDATE_(?:TLS|NETWORK)/);
  });

  it("is given up when the proxy says nothing, and the tunnel's socket is closed", async () => {
    const clock = new SteppingClock();
    const closed = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const { port } = await startProxy((_, socket) => {
      socket.on("end", () => closed.resolve());
      socket.resume();
      reached.resolve();
    });
    const { ask } = board("https://updates.invalid/", { clock, proxy: { https: `http://127.0.0.1:${port}` } });
    const line = ask();
    await reached.promise;
    clock.advance(defaultLimits.idleMs);
    expect(await line).toMatch(/^UPDATE_(PROXY|SLOW)/);
    await closed.promise;
  });

  it("is not waited for any longer once the source is closed", async () => {
    const closed = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const { port } = await startProxy((_, socket) => {
      socket.on("end", () => closed.resolve());
      socket.resume();
      reached.resolve();
    });
    const { ask, source } = board("https://updates.invalid/", { proxy: { https: `http://127.0.0.1:${port}` } });
    const line = ask();
    await reached.promise;
    source.close();
    expect(await line).toMatch(/^UPDATE_CLOSED/);
    await closed.promise;
  });

  it("names the proxy when nobody is there", async () => {
    const gone = createServer();
    const port = await listen(gone);
    await new Promise((resolve) => gone.close(resolve));
    const { ask } = board("https://updates.invalid/", { proxy: { https: `http://me:s3cret@127.0.0.1:${port}` } });
    const line = await ask();
    expect(line).toMatch(/^UPDATE_PROXY: the proxy 127\.0\.0\.1:\d+ does not lead to https:\/\/updates\.invalid:443/);
    expect(line).not.toContain("s3cret");
  });
});
