/** Servers at random: whatever they answer to a request for the rest, a download ends, in bounds, and never too long. */
import { describe, expect, it } from "vitest";
import { sha256 } from "../../../../runtime/kernel/digest.ts";
import { attempt } from "../../../../runtime/kernel/result.ts";
import type { Exchange, Head } from "../../../../updater/client/exchange.ts";
import { downloadTarget } from "../../../../updater/client/resume.ts";
import { defaultLimits, memorySink } from "../../../../updater/client/source.ts";
import { fault } from "../../../../updater/faults.ts";

const LENGTH = 300_000;
const FILE = Uint8Array.from({ length: LENGTH }, (_, index) => (index * 31 + (index >> 9)) & 255);
const OTHER = FILE.map((byte) => byte ^ 255);
const SEEDS = 400;

/** Numbers from 0 to below `count`, the same for the same seed (a 32-bit xorshift). */
function dice(seed: number): (count: number) => number {
  let state = seed * 2_654_435_761 || 1;
  return (count) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
}

/** A server that is honest to `honesty` of ten requests, and answers the others with whatever comes up. */
function serverOf(seed: number, honesty: number) {
  const roll = dice(seed);
  let requests = 0;
  let pauses = 0;
  async function send(ask: Exchange): Promise<Head> {
    requests += 1;
    const from = Number(/^bytes=(\d+)-$/.exec(ask.headers["range"] ?? "")?.[1] ?? 0);
    const honest = roll(10) < honesty;
    const file = honest || roll(2) === 0 ? FILE : OTHER;
    const start = honest || roll(3) > 0 ? from : roll(LENGTH);
    const end = honest || roll(3) > 0 ? LENGTH : roll(LENGTH + 5);
    const size = honest || roll(3) > 0 ? LENGTH : roll(2 * LENGTH);
    const statuses = [200, 206, 206, 416, 404, 503, 302, 304];
    const status = honest ? (from > 0 ? 206 : 200) : (statuses[roll(statuses.length)] ?? 200);
    const headers: Readonly<Record<string, string>> = {
      etag: honest || roll(2) === 0 ? '"file"' : `"${roll(3)}"`,
      "retry-after": `${roll(20)}`,
      ...(status === 206 ? { "content-range": `bytes ${start}-${end - 1}/${size}` } : {}),
    };
    const length = roll(2) === 0 ? undefined : status === 206 ? end - start : LENGTH;
    const head: Head = { status, length, header: (name) => headers[name] };
    const body = ask.onHead(head);
    const asked = file.subarray(status === 206 ? start : 0, status === 206 ? end : LENGTH);
    // All of it, a part and then a break, a part as if it were all, or too much.
    const how = roll(honest ? 2 : 4);
    const sent = how === 0 ? asked : asked.subarray(0, roll(asked.length + 1));
    body?.append(sent.subarray(0, body.bytesMax));
    if (how === 1) throw fault("UPDATE_NETWORK", { url: "x", reason: "it broke" });
    // What is longer than an exchange was told to expect is cut there.
    if (body !== undefined && (how === 3 || sent.length > body.bytesMax)) throw fault("UPDATE_ENDLESS_DATA", {});
    return head;
  }
  const sleep = async () => {
    pauses += 1;
  };
  return { send, sleep, requests: () => requests, pauses: () => pauses };
}

async function download(seed: number, honesty: number) {
  const server = serverOf(seed, honesty);
  const sink = memorySink(LENGTH);
  const random = { bytes: (count: number) => new Uint8Array(count), fraction: () => 0.5 };
  const common = { url: new URL("http://x/a"), path: "a", length: LENGTH, limits: defaultLimits, random };
  const result = await attempt(() => downloadTarget({ ...common, ...server, sink, admit: () => undefined }));
  return { result, sink, server };
}

describe("a download from a server that answers at random", () => {
  it("ends, with a fault or with exactly as many bytes as were signed", async () => {
    const ends = new Set<string>();
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { result, sink, server } = await download(seed, seed % 8);
      const seen = `seed ${seed}: ${server.requests()} requests, ${sink.received()} bytes`;
      expect(sink.received(), seen).toBeLessThanOrEqual(LENGTH);
      // At most four attempts without progress after each 64 KiB of progress.
      expect(server.requests(), seen).toBeLessThanOrEqual(
        (Math.floor(LENGTH / 65_536) + 1) * defaultLimits.attempts + 4,
      );
      if (result.ok) expect(sink.received(), seen).toBe(LENGTH);
      ends.add(result.ok ? "done" : result.error.code);
    }
    expect([...ends].sort()).toEqual([
      "UPDATE_ENDLESS_DATA",
      "UPDATE_HTTP_STATUS",
      "UPDATE_NETWORK",
      "UPDATE_TARGET_LENGTH",
      "done",
    ]);
  });

  it("brings the file itself from one that only breaks off", async () => {
    let whole = 0;
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { result, sink } = await download(seed, 10);
      if (!result.ok) continue;
      whole += 1;
      expect(sha256(sink.bytes()), `seed ${seed}`).toBe(sha256(FILE));
    }
    expect(whole).toBeGreaterThan(SEEDS / 2);
  });
});
