/** What a hostile server may not do to a download: encodings, heads, trickles, and what it may not do after it is cut. */

import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createRawServer, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { attempt } from "../../../../runtime/kernel/result.ts";
import { httpSource, type TransportOptions } from "../../../../updater/client/http.ts";
import { defaultLimits, type FetchLimits, memorySink } from "../../../../updater/client/source.ts";
import { fault } from "../../../../updater/faults.ts";
import { SteppingClock } from "../../../fakes/clock.ts";
import { codeOf, faultOf } from "../site.ts";

function client(port: number, limits: Partial<FetchLimits>, options: TransportOptions) {
  const url = `http://127.0.0.1:${port}/`;
  const source = httpSource({ metadataUrl: url, targetsUrl: url }, { ...defaultLimits, ...limits }, options);
  onTestFinished(() => source.close());
  return {
    source,
    metadata: () => attempt(() => source.metadata("timestamp.json", 1000)),
    target: (length: number) => attempt(() => source.target("a/b", length, memorySink(length))),
  };
}

async function serve(listener: RequestListener, limits: Partial<FetchLimits> = {}, options: TransportOptions = {}) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return client((server.address() as AddressInfo).port, limits, options);
}

/** A server of raw bytes: what it does once the request's head is there. `ended` says when the client let go. */
async function serveRaw(behave: (socket: Socket) => void, limits: Partial<FetchLimits> = {}) {
  const ended = Promise.withResolvers<void>();
  let connections = 0;
  const server = createRawServer((socket) => {
    connections += 1;
    socket.on("error", () => undefined);
    socket.on("close", () => ended.resolve());
    socket.once("data", () => behave(socket));
    onTestFinished(() => void socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const made = client((server.address() as AddressInfo).port, limits, {});
  return { ...made, ended: ended.promise, connections: () => connections };
}

describe("an answer", () => {
  it("that is compressed is refused, whatever it would be", async () => {
    for (const encoding of ["gzip", "br", "zstd", "deflate", "identity, gzip", "x"]) {
      const { metadata, target } = await serve((_, response) => {
        response.writeHead(200, { "content-encoding": encoding }).end(gzipSync("12345"));
      });
      expect(codeOf(await metadata())).toBe("UPDATE_ENCODED");
      expect(codeOf(await target(5))).toBe("UPDATE_ENCODED");
    }
  });

  it("whose transfer is compressed is refused too", async () => {
    const { metadata, ended } = await serveRaw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\n12345\r\n");
    });
    expect(codeOf(await metadata())).toBe("UPDATE_ENCODED");
    await ended;
  });

  it("with an endless head is cut", async () => {
    const { metadata, ended } = await serveRaw((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nx-${"a".repeat(20_000)}: b\r\n`);
    });
    const found = faultOf(await metadata());
    expect(found.code).toBe("UPDATE_ENDLESS_DATA");
    expect(found.facts["max"]).toBe(defaultLimits.headBytes);
    await ended;
  });

  it("whose head never ends in time is given up, however lively it is", async () => {
    const { metadata, ended } = await serveRaw(
      (socket) => {
        socket.write("HTTP/1.1 200 OK\r\n");
        const timer = setInterval(() => socket.write("x-a: b\r\n"), 2);
        socket.on("close", () => clearInterval(timer));
      },
      { idleMs: 60 },
    );
    expect(faultOf(await metadata()).facts["limit"]).toBe("silence");
    await ended;
  });

  it("that only ever promises to come is given up too", async () => {
    const { metadata, ended } = await serveRaw(
      (socket) => {
        const timer = setInterval(() => socket.write("HTTP/1.1 102 Processing\r\n\r\n"), 2);
        socket.on("close", () => clearInterval(timer));
      },
      { idleMs: 60 },
    );
    expect(codeOf(await metadata())).toBe("UPDATE_SLOW");
    await ended;
  });

  it("that speaks another protocol from here on is none", async () => {
    const { metadata, ended } = await serveRaw((socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    });
    expect(faultOf(await metadata()).line()).toMatch(/^UPDATE_NETWORK.*without an answer/);
    await ended;
  });

  it("of two lengths, or of a length and chunks, is none", async () => {
    const lengths = ["Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5\r\nTransfer-Encoding: chunked"];
    for (const head of lengths) {
      const { metadata } = await serveRaw((socket) =>
        socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n5\r\n12345\r\n0\r\n\r\n`),
      );
      expect(codeOf(await metadata())).toBe("UPDATE_NETWORK");
    }
  });

  it("that is not HTTP is a broken line", async () => {
    const { metadata, ended } = await serveRaw((socket) => socket.write("SSH-2.0-OpenSSH_9.9\r\n"));
    expect(codeOf(await metadata())).toBe("UPDATE_NETWORK");
    await ended;
  });

  it("of a part or of nothing is no metadata", async () => {
    for (const status of [204, 206, 304, 500]) {
      const { metadata } = await serve((_, response) => response.writeHead(status).end());
      expect(faultOf(await metadata()).facts["status"]).toBe(status);
    }
  });

  it("of a target that goes on after its signed length is cut there, and the socket is closed at once", async () => {
    const { target, ended } = await serveRaw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n");
      setImmediate(() => socket.write("1\r\n6\r\n"));
    });
    expect(codeOf(await target(5))).toBe("UPDATE_ENDLESS_DATA");
    await ended;
  });

  it("is not read on when the sink refuses the bytes", async () => {
    const { source, ended } = await serveRaw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n12345");
    });
    const full = fault("UPDATE_STORE_FULL", { max: 1, pinned: 1, wanted: 1 });
    const sink = {
      ...memorySink(100_000),
      append: () => {
        throw full;
      },
    };
    const got = await attempt(() => source.target("a", 100_000, sink));
    expect(faultOf(got)).toBe(full);
    await ended;
  });
});

describe("a server that trickles", () => {
  it("is noticed in the first window of time, long before the whole would be over", async () => {
    const clock = new SteppingClock();
    const limits = { attempts: 1, bytesPerSMin: 1000, speedWindowMs: 10_000, idleMs: 5_000 };
    const { target } = await serve(
      (_, response) => {
        response.writeHead(200, { "content-length": 64 * 1024 * 1024 });
        // Nine seconds' worth for every ten, piece by piece, as soon as the client has seen the one before.
        const timer = setInterval(() => {
          response.write(Buffer.alloc(1800));
          clock.advance(2_000);
        }, 1);
        response.on("close", () => clearInterval(timer));
      },
      limits,
      { clock },
    );
    const found = faultOf(await target(64 * 1024 * 1024));
    expect(found.code).toBe("UPDATE_SLOW");
    expect(found.facts["limit"]).toBe("minimum speed");
    expect(Number(found.facts["ms"])).toBeLessThanOrEqual(20_000);
  });

  it("is asked anew, as a stuck connection may be the cause, before it is given up", async () => {
    let requests = 0;
    const clock = new SteppingClock();
    const pausing = Promise.withResolvers<void>();
    const random = {
      bytes: (count: number) => new Uint8Array(count),
      fraction() {
        pausing.resolve();
        return 0.5;
      },
    };
    const { source } = await serve(
      (_, response) => {
        requests += 1;
        if (requests > 1) return void response.end("12345");
        response.writeHead(200, { "content-length": 5 });
        response.write("12");
      },
      {},
      { clock, random },
    );
    const begun = Promise.withResolvers<void>();
    const sink = memorySink(5);
    const append = (chunk: Uint8Array) => {
      sink.append(chunk);
      begun.resolve();
    };
    const whole = source.target("a/b", 5, { ...sink, append });
    await begun.promise;
    clock.advance(defaultLimits.idleMs);
    await pausing.promise;
    clock.advance(1_000);
    await whole;
    expect([Buffer.from(sink.bytes()).toString(), requests]).toEqual(["12345", 2]);
  });
});

describe("a kept connection", () => {
  const hello = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

  it("that the server closes as it is used is replaced by another, once", async () => {
    const { metadata, connections } = await serveRaw((socket) => {
      socket.write(hello);
      socket.once("data", () => socket.resetAndDestroy());
    });
    expect((await metadata()).ok).toBe(true);
    expect((await metadata()).ok).toBe(true);
    expect(connections()).toBe(2);
  });

  it("does not carry an answer to a question that was not asked", async () => {
    const { metadata } = await serveRaw((socket) => {
      socket.write(`${hello}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`);
    });
    const bodies = [await metadata(), await metadata()].map((one) => one.ok && Buffer.from(one.value ?? []).toString());
    expect(bodies).not.toContain("evil");
  });
});

describe("a source that is closed", () => {
  it("ends what is under way and what waits for its next attempt, and begins nothing", async () => {
    const asked = Promise.withResolvers<void>();
    const hanging = await serve(() => asked.resolve());
    const running = hanging.metadata();
    await asked.promise;
    hanging.source.close();
    expect(codeOf(await running)).toBe("UPDATE_CLOSED");
    expect(codeOf(await hanging.metadata())).toBe("UPDATE_CLOSED");

    const clock = new SteppingClock();
    const pausing = Promise.withResolvers<void>();
    const fraction = () => {
      pausing.resolve();
      return 0.5;
    };
    const random = { bytes: (count: number) => new Uint8Array(count), fraction };
    const waiting = await serve((_, response) => response.writeHead(503).end(), {}, { clock, random });
    const later = waiting.target(5);
    await pausing.promise;
    expect(clock.waiting).toBe(1);
    waiting.source.close();
    expect(codeOf(await later)).toBe("UPDATE_CLOSED");
    expect(clock.waiting).toBe(0);
  });
});
