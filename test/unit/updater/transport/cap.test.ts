/** What a metered link is spared: bytes per second over all repositories, and large bodies outside the window. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { attempt } from "../../../../runtime/kernel/result.ts";
import { openTransport, type TransportOptions } from "../../../../updater/client/http.ts";
import { defaultLimits, memorySink } from "../../../../updater/client/source.ts";
import { WEEKDAYS } from "../../../../updater/client/window.ts";
import { SteppingClock } from "../../../fakes/clock.ts";
import { codeOf, faultOf } from "../site.ts";

const KIB = 1024;

/** Two repositories that serve as much as they are asked for, and a board's transport on a clock that a test moves. */
async function repositories(options: TransportOptions) {
  const clock = new SteppingClock(Date.parse("2026-11-21T10:00:00Z"));
  let served = 0;
  const urls = await Promise.all(
    [1, 2].map(async () => {
      const server = createServer((request, response) => {
        const bytes = Number(/(\d+)$/.exec(request.url ?? "")?.[1] ?? 100);
        served += 1;
        response.writeHead(200, { "content-length": bytes }).end(Buffer.alloc(bytes));
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      onTestFinished(() => {
        server.closeAllConnections();
        server.close();
      });
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    }),
  );
  const transport = openTransport(defaultLimits, { clock, ...options });
  onTestFinished(() => transport.close());
  const sources = urls.map((url) => transport.source({ metadataUrl: url, targetsUrl: url }));
  const fetch = (which: 0 | 1, bytes: number, folder = "modules") =>
    attempt(async () => sources[which]?.target(`${folder}/${bytes}`, bytes, memorySink(bytes)));
  const look = (which: 0 | 1) => attempt(async () => sources[which]?.metadata("timestamp.json", 1000));
  return { clock, fetch, look, served: () => served };
}

/** Lets time pass in small steps while the line works, until it is done. */
async function passing<T>(clock: SteppingClock, work: Promise<T>): Promise<T> {
  let over = false;
  const done = work.finally(() => {
    over = true;
  });
  while (!over) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(20);
  }
  return await done;
}

describe("a bandwidth cap", () => {
  it("holds for all repositories together, and is no slowness of theirs", async () => {
    const { clock, fetch } = await repositories({ bytesPerSMax: 2 * KIB });
    const began = clock.monotonic();
    const both = await passing(clock, Promise.all([fetch(0, 300 * KIB), fetch(1, 300 * KIB)]));
    expect(both.map((one) => one.ok)).toEqual([true, true]);
    const seconds = (clock.monotonic() - began) / 1000;
    // The last piece of each, 64 KiB at most, is not waited for by its reader.
    expect(seconds).toBeGreaterThan((600 - 2 * 64) / 2 - 2);
  });

  it("that is not set delays nothing", async () => {
    const { clock, fetch } = await repositories({});
    expect((await fetch(0, 300 * KIB)).ok).toBe(true);
    expect(clock.waiting).toBe(0);
  });
});

describe("a download window", () => {
  const night = { zone: "Europe/Berlin", open: [{ days: WEEKDAYS, from: "01:00", to: "05:00" }], freeBytes: KIB };

  it("lets metadata and small bodies through at any time, and says of large ones when it opens", async () => {
    const { fetch, look, served } = await repositories({ window: night });
    expect((await look(0)).ok).toBe(true);
    expect((await fetch(0, KIB)).ok).toBe(true);
    const later = faultOf(await fetch(0, KIB + 1));
    expect(later.code).toBe("UPDATE_NOT_NOW");
    expect(later.facts["opens"]).toBe("2026-11-22T00:00:00.000Z");
    expect(served()).toBe(2);
  });

  it("delays no word of the owner or the director, and saves nothing by deltas that are large", async () => {
    const { fetch } = await repositories({ window: night });
    for (const folder of ["policy", "trust", "desired"]) expect((await fetch(0, 100 * KIB, folder)).ok).toBe(true);
    for (const folder of ["agent", "deltas"]) expect(codeOf(await fetch(0, 100 * KIB, folder))).toBe("UPDATE_NOT_NOW");
  });

  it("lets everything through while it is open, by trusted time where the board has a better one", async () => {
    const { clock, fetch } = await repositories({ window: night });
    clock.stepWall(Date.parse("2026-11-22T01:00:00Z") - clock.now());
    expect((await fetch(0, 300 * KIB)).ok).toBe(true);
    const trusted = await repositories({ window: night, now: () => Date.parse("2026-11-22T01:00:00Z") });
    expect((await trusted.fetch(0, 300 * KIB)).ok).toBe(true);
  });

  it("that closes ends a download under way, which goes on when it opens again", async () => {
    const { clock, fetch } = await repositories({ window: night, bytesPerSMax: KIB });
    clock.stepWall(Date.parse("2026-11-22T03:58:00Z") - clock.now());
    const cut = faultOf(await passing(clock, fetch(0, 600 * KIB)));
    expect(cut.code).toBe("UPDATE_NOT_NOW");
    expect(cut.facts["opens"]).toBe("2026-11-23T00:00:00.000Z");
    expect(clock.waiting).toBe(0);
  });

  it("that never opens says so", async () => {
    const { fetch } = await repositories({ window: { ...night, open: [] } });
    const never = await fetch(0, 300 * KIB);
    expect(codeOf(never)).toBe("UPDATE_NOT_NOW");
    expect(faultOf(never).facts["opens"]).toBe("no time");
  });
});
