/** The HTTP source against servers that lie, stall and never end. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { attempt } from "../../../runtime/kernel/result.ts";
import { openBlobs } from "../../../updater/client/blobs.ts";
import { fetchTarget } from "../../../updater/client/fetch-target.ts";
import { httpSource } from "../../../updater/client/http.ts";
import { defaultLimits, type FetchLimits, memorySink, type Source } from "../../../updater/client/source.ts";
import { codeOf, faultOf } from "./site.ts";

/** A server with this behaviour, a source that asks it, and a promise that it saw a client's socket close. */
async function serve(listener: RequestListener, limits: Partial<FetchLimits> = {}) {
  const hungUp = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    response.on("close", () => hungUp.resolve());
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`;
  const source = httpSource({ metadataUrl: url, targetsUrl: url }, { ...defaultLimits, ...limits });
  onTestFinished(() => {
    source.close();
    server.closeAllConnections();
    server.close();
  });
  return { source, hungUp: hungUp.promise };
}

const metadata = (source: Source) => attempt(() => source.metadata("timestamp.json", 1000));
const target = (source: Source, length: number) => attempt(() => source.target("a/b", length, memorySink(length)));

describe("a download", () => {
  it("asks below the base address and returns the body", async () => {
    const asked: (string | undefined)[] = [];
    const { source } = await serve((request, response) => {
      asked.push(request.url);
      response.end("hello");
    });
    expect(await metadata(source)).toEqual({ ok: true, value: new Uint8Array(Buffer.from("hello")) });
    expect((await target(source, 5)).ok).toBe(true);
    expect(asked).toEqual(["/base/timestamp.json", "/base/a/b"]);
  });

  it("that never ends is cut at the limit and its socket destroyed", async () => {
    const { source, hungUp } = await serve((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384)));
      };
      response.on("drain", more);
      more();
    });
    const fault = faultOf(await metadata(source));
    expect(fault.code).toBe("UPDATE_ENDLESS_DATA");
    expect(fault.kind).toBe("attack");
    await hungUp;
  });

  it("of a target is cut at its signed length", async () => {
    const { source, hungUp } = await serve((_, response) => {
      response.write("123456"); // One byte too many, and then open for ever.
    });
    expect(codeOf(await target(source, 5))).toBe("UPDATE_ENDLESS_DATA");
    await hungUp;
  });

  it("that announces too much is refused before its body", async () => {
    const { source, hungUp } = await serve((_, response) => {
      response.writeHead(200, { "content-length": 1001 });
      response.flushHeaders();
    });
    expect(codeOf(await metadata(source))).toBe("UPDATE_TOO_LARGE");
    await hungUp;
    expect(codeOf(await target(source, 1000))).toBe("UPDATE_TARGET_LENGTH");
  });

  it("that stalls, before or within the body, is given up", async () => {
    const silent = await serve(() => {}, { idleMs: 20 });
    expect(codeOf(await metadata(silent.source))).toBe("UPDATE_SLOW");
    await silent.hungUp;
    const stuck = await serve((_, response) => void response.write("a"), { idleMs: 20 });
    expect(faultOf(await metadata(stuck.source)).facts).toMatchObject({ received: 1, limit: "silence" });
  });

  it("that is slow but never silent for long gets through", async () => {
    const { source } = await serve(
      (_, response) => {
        let left = 10;
        const timer = setInterval(() => {
          if (--left > 0) return void response.write("a");
          clearInterval(timer);
          response.end("z");
        }, 60);
      },
      { idleMs: 500 },
    );
    expect((await metadata(source)).ok).toBe(true);
  });

  it("that ends before a target's signed length is not that target", async () => {
    const { source } = await serve((_, response) => {
      response.write("123"); // Chunked: no length is announced that could be wrong.
      response.end();
    });
    const folder = mkdtempSync(join(tmpdir(), "sallyport-http-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const blobs = openBlobs(folder, 1000);
    const wanted = { path: "a/b", length: 5, sha256: sha256(utf8("12345")), custom: {}, repository: "image" } as const;
    const input = { source, blobs, consistentSnapshot: false, limits: defaultLimits };
    expect(codeOf(await attempt(() => fetchTarget(wanted, input)))).toBe("UPDATE_TARGET_LENGTH");
    expect(readdirSync(folder)).toEqual(["staging"]);
  });

  it("that trickles is given up at the total time, however lively it is", async () => {
    const { source, hungUp } = await serve(
      (_, response) => {
        const timer = setInterval(() => response.write("a"), 5);
        response.on("close", () => clearInterval(timer));
      },
      { idleMs: 1000, totalMs: 60 },
    );
    const fault = faultOf(await metadata(source));
    expect(fault.code).toBe("UPDATE_SLOW");
    expect(fault.facts["limit"]).toBe("total time");
    await hungUp;
  });

  it("that breaks off is a lost network, not an attack", async () => {
    const { source } = await serve((_, response) => {
      response.writeHead(200, { "content-length": 10 });
      response.write("abc", () => response.destroy());
    });
    const fault = faultOf(await metadata(source));
    expect(fault.code).toBe("UPDATE_NETWORK");
    expect(fault.cause).toBeInstanceOf(Error);
  });

  it("of what is not there says so; an endless error page does not hold the board", async () => {
    const { source, hungUp } = await serve((_, response) => {
      response.writeHead(404);
      response.write("sorry");
    });
    expect(await metadata(source)).toEqual({ ok: true, value: undefined });
    await hungUp;
    expect(faultOf(await target(source, 5)).facts).toMatchObject({ status: 404 });
  });

  it("follows no redirect and takes no other status for an answer", async () => {
    const { source } = await serve((_, response) => {
      response.writeHead(302, { location: "/elsewhere" }).end();
    });
    expect(faultOf(await metadata(source)).facts).toMatchObject({ status: 302 });
  });

  it("from an address that is none is refused when the updater is opened", () => {
    for (const url of ["file:///etc/", "not a url", ""]) {
      expect(() => httpSource({ metadataUrl: url, targetsUrl: url }, defaultLimits)).toThrow("http");
    }
  });
});
