/** A broker that means ill, in MQTT 5: it may delay and drop; it may not fill our memory, hold us up or wear us out. */
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type Link, openLink } from "../../../../agent/link/connect.ts";
import { utf8 } from "../../../../runtime/kernel/bytes.ts";
import { nodeClock, nodeRandom } from "../../../../runtime/kernel/node-world.ts";
import type { Clock } from "../../../../runtime/kernel/world.ts";

const [CONNECT, SUBSCRIBE] = [1, 8];
const CONNACK = Buffer.from([0x20, 3, 0, 0, 0]);
let server: Server | undefined;
let link: Link | undefined;
const sockets = new Set<Socket>();
afterEach(async () => {
  await link?.end();
  for (const socket of sockets) socket.destroy();
  server?.close();
});

/** Answers each packet (they are short and come one a chunk) by its type. */
async function playBroker(answer: (type: number, packet: Buffer, socket: Socket) => void): Promise<string> {
  const listening = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; ) {
        const end = at + 2 + (chunk[at + 1] ?? 0);
        answer((chunk[at] ?? 0) >> 4, chunk.subarray(at, end), socket);
        at = end;
      }
    });
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const address = listening.address();
  return `mqtt://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}
const suback = (packet: Buffer) => Buffer.from([0x90, 4, packet[2] ?? 0, packet[3] ?? 0, 0, 1]);

function open(url: string, over: { clock?: Clock; onOnline?: () => void; log?: (what: string) => void } = {}): Link {
  link = openLink({
    url,
    clientId: "c",
    username: "u",
    password: "p",
    will: { topic: "w", payload: utf8("lost") },
    subscriptions: { a: { qos: 1 } },
    clock: over.clock ?? nodeClock,
    random: nodeRandom,
    log: (_level, what, facts) => over.log?.(`${what}: ${facts?.["reason"]}`),
    onMessage: () => undefined,
    onOnline: over.onOnline ?? (() => undefined),
  });
  return link;
}

describe("the link to a hostile broker", () => {
  it("drops a connection that announces a packet larger than any of ours, before its body has come", async () => {
    const lost = Promise.withResolvers<string>();
    const url = await playBroker((type, packet, socket) => {
      if (type === CONNECT) socket.write(CONNACK);
      if (type === SUBSCRIBE)
        socket.write(Buffer.concat([suback(packet), Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])]));
    });
    open(url, { log: (what) => (what.startsWith("broker lost") ? lost.resolve(what) : undefined) });
    expect(await lost.promise).toMatch(/packet of more than/);
  });

  it("can be ended although an acknowledgement is withheld, and the publish is not called done", async () => {
    const online = Promise.withResolvers<void>();
    const url = await playBroker((type, packet, socket) => {
      if (type === CONNECT) socket.write(CONNACK);
      if (type === SUBSCRIBE) socket.write(suback(packet));
    });
    // Only the pauses of the link itself: its patience at the end is seconds, a test's is not.
    const hasty: Clock = { ...nodeClock, after: (ms, then) => nodeClock.after(ms / 100, then) };
    const opened = open(url, { clock: hasty, onOnline: online.resolve });
    await online.promise;
    const published = opened.publish("t", utf8("x"), { qos: 1, retain: false });
    const told = expect(published).rejects.toThrow("before the acknowledgement");
    await opened.end();
    await told;
  });

  it("is asked less and less often when it accepts every connection only to close it", async () => {
    const pauses: number[] = [];
    const enough = Promise.withResolvers<void>();
    const url = await playBroker((type, _packet, socket) => {
      if (type === CONNECT) socket.end(CONNACK);
    });
    const noting: Clock = {
      ...nodeClock,
      after(ms, then) {
        pauses.push(ms);
        if (pauses.length === 8) enough.resolve();
        return nodeClock.after(0, then);
      },
    };
    open(url, { clock: noting });
    await enough.promise;
    expect(pauses[7]).toBeGreaterThan(500 * 2 ** 6 * 0.5 - 1);
  });
});
