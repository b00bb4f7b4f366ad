/**
 * The other end of `npm run bench -- updater`, in a process of its own: the repositories over HTTP, directly and through
 * an emulated link (rate and delay of a slow modem), with a count of the bytes that the client's side saw.
 */
import { createServer, connect as dial, type Socket } from "node:net";
import { Transform, type TransformCallback } from "node:stream";
import { unwrap } from "../../runtime/kernel/result.ts";
import { openRepositories, serveRepositories } from "../../updater/repository/index.ts";

export interface Counts {
  /** Bytes towards the client and from it, heads included. */
  readonly down: number;
  readonly up: number;
  /** Of those towards the client: the bodies. */
  readonly bodies: number;
}
export type Asked = { readonly ask: "counts" } | { readonly ask: "stop" };
export type Said = { readonly direct: string; readonly slow: string } | { readonly counts: Counts };

const MBIT = 125_000;
/** 1 Mbit/s each way, 100 ms round trip. */
const LINK = { bytesPerS: MBIT, delayMs: 50 };

const [directory = ""] = process.argv.slice(2);
unwrap(openRepositories(directory, { now: () => Date.now() }));
const server = await serveRepositories(directory);
const { port } = new URL(server.url);
const counts = { down: 0, up: 0, bodies: 0 };
const [direct, slow] = [await proxy(undefined), await proxy(LINK)];
process.send?.({ direct, slow } satisfies Said);
process.on("message", (message: Asked) => {
  if (message.ask === "stop") process.exit(0);
  process.send?.({ counts: { ...counts } } satisfies Said);
  counts.down = 0;
  counts.up = 0;
  counts.bodies = 0;
});

/** A TCP proxy before the server; its address. */
async function proxy(link: typeof LINK | undefined): Promise<string> {
  const listener = createServer((client) => {
    const upstream = dial(Number(port), "127.0.0.1");
    upstream.setNoDelay(true);
    client.setNoDelay(true);
    const seen = watchExchanges((bytes) => {
      counts.bodies += bytes;
    });
    relay(client, upstream, link, "up", seen.request);
    relay(upstream, client, link, "down", seen.answer);
    client.on("error", () => undefined).on("close", () => upstream.destroy());
    upstream.on("error", () => client.destroy());
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`;
}

function relay(
  from: Socket,
  to: Socket,
  link: typeof LINK | undefined,
  way: "up" | "down",
  seen: (chunk: Buffer) => void,
): void {
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      counts[way] += chunk.byteLength;
      seen(chunk);
      done(null, chunk);
    },
  });
  // The end of one side travels behind its bytes: what the server has sent and closed is still on the link.
  (link === undefined ? from.pipe(counted) : from.pipe(counted).pipe(paced(link))).pipe(to);
}

/** Lets bytes through at the link's rate, each `delayMs` after it left. */
function paced({ bytesPerS, delayMs }: typeof LINK): Transform {
  let freeAt = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      const now = performance.now();
      freeAt = Math.max(now, freeAt) + (chunk.byteLength / bytesPerS) * 1000;
      setTimeout(() => stream.push(chunk), freeAt + delayMs - now);
      // The next chunk enters when this one has left: what waits in the pipe is one chunk.
      setTimeout(done, freeAt - now);
    },
    flush(done) {
      setTimeout(done, Math.max(0, freeAt - performance.now()) + delayMs + 1);
    },
  });
  return stream;
}

/** Tells the length of each answer's body, on one connection with one request at a time and no chunked answers. */
function watchExchanges(onBody: (bytes: number) => void) {
  let [asked, head, skip] = ["", "", 0];
  return {
    request(chunk: Buffer) {
      asked = chunk.toString("latin1").split(" ", 1)[0] ?? "";
    },
    answer(chunk: Buffer) {
      const rest = chunk.subarray(Math.min(skip, chunk.byteLength));
      skip -= chunk.byteLength - rest.byteLength;
      if (rest.byteLength === 0) return;
      head += rest.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      const status = head.slice(9, 12);
      const length = Number(/^content-length: *(\d+)/im.exec(head.slice(0, end))?.[1] ?? 0);
      const body = asked === "HEAD" || status === "304" ? 0 : length;
      onBody(body);
      skip = body - (head.length - end - 4);
      head = "";
    },
  };
}
