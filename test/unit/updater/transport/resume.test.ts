/** Downloads over a line that breaks, and servers that answer a request to continue with anything else. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { attempt } from "../../../../runtime/kernel/result.ts";
import type { Clock, Random } from "../../../../runtime/kernel/world.ts";
import { httpSource } from "../../../../updater/client/http.ts";
import { defaultLimits, memorySink, type Sink } from "../../../../updater/client/source.ts";
import { codeOf, faultOf } from "../site.ts";

const BODY = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7 + (index >> 8)) & 255));
const HALF = 100_000;

/** Time stands still but for pauses, which are noted and over at once. */
function hurriedClock() {
  const pauses: number[] = [];
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    after(ms, then) {
      // What is longer than any pause is a limit, and nothing here is slow.
      if (ms > 45_000) return () => undefined;
      if (ms === defaultLimits.idleMs) return () => undefined;
      pauses.push(ms);
      let cancelled = false;
      queueMicrotask(() => {
        if (!cancelled) then();
      });
      return () => {
        cancelled = true;
      };
    },
  };
  return { clock, pauses };
}
const middle: Random = { bytes: (count) => new Uint8Array(count), fraction: () => 0.5 };

interface Asked {
  readonly range: string | undefined;
  readonly condition: string | undefined;
}
type Answer = (response: ServerResponse, from: number, request: IncomingMessage) => void;

/** A server that answers one request after the other as the test says, the last answer for all that follow. */
async function serve(...answers: readonly Answer[]) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const { range, "if-range": condition } = request.headers;
    asked.push({ range, condition: typeof condition === "string" ? condition : undefined });
    const answer = answers[Math.min(asked.length, answers.length) - 1];
    answer?.(response, Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0), request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const { clock, pauses } = hurriedClock();
  const source = httpSource({ metadataUrl: url, targetsUrl: url }, defaultLimits, { clock, random: middle });
  onTestFinished(() => {
    source.close();
    server.closeAllConnections();
    server.close();
  });
  const fetch = (sink: Sink) => attempt(() => source.target("a/b", BODY.length, sink));
  return { fetch, asked, pauses };
}

/** A sink with what an earlier attempt brought, and a count of how often it was begun anew. */
function begun(bytes: Uint8Array = new Uint8Array()) {
  const sink = memorySink(BODY.length);
  sink.append(bytes);
  let restarts = 0;
  const counted = {
    ...sink,
    restart() {
      restarts += 1;
      sink.restart();
    },
  };
  return { sink: counted, restarts: () => restarts, isWhole: () => BODY.equals(sink.bytes()) };
}

const whole: Answer = (response) => response.writeHead(200, { "content-length": BODY.length, etag: '"v1"' }).end(BODY);
const breaksAt =
  (end: number, etag = '"v1"'): Answer =>
  (response) => {
    response.writeHead(200, { "content-length": BODY.length, etag });
    response.write(BODY.subarray(0, end), () => response.destroy());
  };
const range =
  (changes: Record<string, string | number> = {}, status = 206): Answer =>
  (response, from) => {
    const head = { "content-range": `bytes ${from}-${BODY.length - 1}/${BODY.length}`, etag: '"v1"', ...changes };
    response.writeHead(status, head).end(BODY.subarray(from));
  };
const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(code, { "content-length": 0, ...headers }).end();

describe("a download that broke off", () => {
  it("goes on where it ended, and only with the file it began", async () => {
    const { fetch, asked, pauses } = await serve(breaksAt(HALF), range());
    const { sink, isWhole, restarts } = begun();
    expect((await fetch(sink)).ok).toBe(true);
    expect(isWhole()).toBe(true);
    expect(restarts()).toBe(0);
    expect(asked[0]).toEqual({ range: undefined, condition: undefined });
    expect(asked[1]?.range).toMatch(/^bytes=[1-9]\d*-$/);
    expect(asked[1]?.condition).toBe('"v1"');
    expect(pauses).toEqual([500]);
  });

  it("goes on with what another process or another mirror left, whose tag nobody knows", async () => {
    const { fetch, asked } = await serve(range());
    const { sink, isWhole } = begun(BODY.subarray(0, HALF));
    expect((await fetch(sink)).ok).toBe(true);
    expect(isWhole()).toBe(true);
    expect(asked).toEqual([{ range: `bytes=${HALF}-`, condition: undefined }]);
  });

  it("is not asked for when all of it is there", async () => {
    const { fetch, asked } = await serve(status(500));
    expect((await fetch(begun(BODY).sink)).ok).toBe(true);
    expect(asked).toEqual([]);
  });

  it("does not rely on a weak tag", async () => {
    const { fetch, asked } = await serve(breaksAt(HALF, 'W/"v1"'), range({ etag: 'W/"v1"' }));
    expect((await fetch(begun().sink)).ok).toBe(true);
    expect(asked[1]?.condition).toBeUndefined();
  });

  it("is given up after a bounded number of attempts that brought nothing, with longer pauses between", async () => {
    const { fetch, asked, pauses } = await serve(breaksAt(HALF), (response) => response.destroy());
    const fault = faultOf(await fetch(begun().sink));
    expect(fault.code).toBe("UPDATE_NETWORK");
    expect(asked.length).toBe(1 + 3);
    expect(pauses).toEqual([500, 1000, 2000]);
  });

  it("goes on as long as each attempt brings something", async () => {
    const more: Answer = (response, from) => {
      response.writeHead(206, { "content-range": `bytes ${from}-${BODY.length - 1}/${BODY.length}`, etag: '"v1"' });
      response.write(BODY.subarray(from, from + 66_000), () => response.destroy());
    };
    const { fetch, asked } = await serve(breaksAt(66_000), more, more, range());
    const { sink, isWhole } = begun();
    expect((await fetch(sink)).ok).toBe(true);
    expect(isWhole()).toBe(true);
    expect(asked.length).toBeGreaterThan(2);
  });

  it("is not drawn out for ever by a server that sends ever the same beginning", async () => {
    const { fetch, asked } = await serve(breaksAt(HALF));
    expect(codeOf(await fetch(begun().sink))).toBe("UPDATE_NETWORK");
    expect(asked.length).toBe(4);
  });
});

describe("a server that is asked to continue", () => {
  const from = () => begun(Buffer.alloc(HALF, 1));

  it("and sends the whole file is taken from the start", async () => {
    const { fetch, asked } = await serve(whole);
    const { sink, restarts, isWhole } = from();
    expect((await fetch(sink)).ok).toBe(true);
    expect([restarts(), isWhole(), asked.length]).toEqual([1, true, 1]);
  });

  it("and whose file has changed in between is taken from the start, not mixed", async () => {
    const { fetch, asked } = await serve(breaksAt(HALF, '"old"'), (response, _, request) => {
      // RFC 9110 section 13.1.5: the condition does not hold, so the range is ignored.
      if (request.headers["if-range"] !== '"v1"') whole(response, 0, request);
    });
    const { sink, restarts, isWhole } = begun();
    expect((await fetch(sink)).ok).toBe(true);
    expect([restarts(), isWhole(), asked[1]?.condition]).toEqual([1, true, '"old"']);
  });

  const LAST = BODY.length - 1;
  const misleading: Readonly<Record<string, Answer>> = {
    "with another place": range({ "content-range": `bytes ${HALF - 1}-${LAST}/${BODY.length}` }),
    "with more than the file": range({ "content-range": `bytes ${HALF}-${LAST + 1}/${BODY.length + 1}` }),
    "with more than the file, of a size it does not say": range({ "content-range": `bytes ${HALF}-${LAST + 1}/*` }),
    "with another size": range({ "content-range": `bytes ${HALF}-${LAST}/${BODY.length + 1}` }),
    "with an end before the start": range({ "content-range": `bytes ${HALF}-${HALF - 1}/${BODY.length}` }),
    "in another unit": range({ "content-range": `lines ${HALF}-${LAST}/${BODY.length}` }),
    "without a place": range({ "content-range": "" }),
    "in several parts": range({ "content-range": "", "content-type": "multipart/byteranges; boundary=x" }),
    "with another length": range({ "content-length": 5 }),
    "as unsatisfiable": status(416, { "content-range": "bytes */5" }),
  };
  it.each(Object.keys(misleading))("and answers %s is asked for the whole file, once", async (how) => {
    const { fetch, asked } = await serve(misleading[how] as Answer, whole);
    const { sink, restarts, isWhole } = from();
    expect((await fetch(sink)).ok).toBe(true);
    expect([restarts(), isWhole()]).toEqual([1, true]);
    expect(asked).toEqual([
      { range: `bytes=${HALF}-`, condition: undefined },
      { range: undefined, condition: undefined },
    ]);
  });

  it("and answers with a part of another file than it named is asked for the whole file", async () => {
    const { fetch, asked } = await serve(breaksAt(HALF), range({ etag: '"v2"' }), whole);
    const { sink, isWhole } = begun();
    expect((await fetch(sink)).ok).toBe(true);
    expect(isWhole()).toBe(true);
    expect(asked[2]).toEqual({ range: undefined, condition: undefined });
  });

  it("may send less than was asked for, but not byte by byte for ever", async () => {
    const piece =
      (bytes: number): Answer =>
      (response, start) => {
        const end = start + bytes - 1;
        const head = { "content-range": `bytes ${start}-${end}/${BODY.length}` };
        response.writeHead(206, head).end(BODY.subarray(start, end + 1));
      };
    const good = await serve(piece(70_000), piece(30_000));
    expect((await good.fetch(begun(BODY.subarray(0, HALF)).sink)).ok).toBe(true);
    const bad = await serve(piece(1));
    expect(faultOf(await bad.fetch(begun(BODY.subarray(0, HALF)).sink)).facts["status"]).toBe(206);
    expect(bad.asked.length).toBe(4);
  });

  it("and sends more than it announced is cut", async () => {
    const { fetch } = await serve((response, start) => {
      response.writeHead(206, { "content-range": `bytes ${start}-${start + 9}/${BODY.length}` });
      response.write(BODY.subarray(start, start + 11));
    });
    const { sink } = from();
    expect(codeOf(await fetch(sink))).toBe("UPDATE_ENDLESS_DATA");
    expect(sink.received()).toBe(HALF);
  });

  it("and sends less than it announced has another file", async () => {
    const { fetch } = await serve((response, start) => {
      response.writeHead(206, { "content-range": `bytes ${start}-${BODY.length - 1}/${BODY.length}` });
      response.end(BODY.subarray(start, start + 5));
    });
    expect(codeOf(await fetch(from().sink))).toBe("UPDATE_TARGET_LENGTH");
  });

  it("and was not, but answers with a part, is refused", async () => {
    const { fetch, asked } = await serve(range());
    expect(faultOf(await fetch(begun().sink)).facts["status"]).toBe(206);
    expect(asked.length).toBe(1);
  });
});

describe("a server that is overloaded", () => {
  it("is asked again, no sooner than it says", async () => {
    const { fetch, pauses } = await serve(status(503, { "retry-after": "7" }), status(429), whole);
    expect((await fetch(begun().sink)).ok).toBe(true);
    expect(pauses).toEqual([7000, 1000]);
  });

  it("is left when it wants a longer pause than a download can wait", async () => {
    const { fetch, asked } = await serve(status(503, { "retry-after": "3600" }), whole);
    expect(faultOf(await fetch(begun().sink)).facts["status"]).toBe(503);
    expect(asked.length).toBe(1);
  });

  it("is not one that has no such file, or moved it", async () => {
    for (const code of [404, 403, 410, 302]) {
      const { fetch, asked } = await serve(status(code, { location: "/elsewhere" }), whole);
      expect(faultOf(await fetch(begun().sink)).facts["status"]).toBe(code);
      expect(asked.length).toBe(1);
    }
  });
});
