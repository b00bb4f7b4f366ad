/** Servers and lines that do not play by the rules: endless, slow, broken, altered. What ends each, and how soon. */
import { gzipSync } from "node:zlib";
import type { Case, Context } from "../context.ts";
import type { Behaviour } from "../server.ts";

const CHUNK = Buffer.alloc(16_384, " ");

function misbehave(t: Context, behaviour: Behaviour): void {
  t.mount.behaviour = t.stockMount.behaviour = behaviour;
}

/** Sends without end under one name; answers when the client cut the connection. */
function endless(t: Context, kind: "metadata" | "targets", end: string): { readonly cut: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  misbehave(t, (which, name, { request, response }) => {
    if (which !== kind || !name.endsWith(end) || request.method === "HEAD") return false;
    const send = () => {
      while (!response.destroyed && response.write(CHUNK));
    };
    response.writeHead(200);
    response.on("drain", send).on("close", resolve);
    send();
    return true;
  });
  return { cut: promise };
}

async function soon(t: Context, what: Promise<void>, text: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, 2000, false);
  t.isTrue(await Promise.race([what.then(() => true), promise]), text);
  clearTimeout(timer);
}

const LIMIT = (name: string, value: number) => ["--limit", `${name}=${value}`];

const endlessMetadata = (
  [
    ["2.root.json", "the next root"],
    ["timestamp.json", "the timestamp"],
    ["1.snapshot.json", "the snapshot"],
    ["1.targets.json", "targets"],
  ] as const
).map(
  ([file, what]): Case => ({
    name: `${what} without end: the connection is cut at the bound`,
    async run(t) {
      t.repo.publish("root");
      await t.init();
      const { cut } = endless(t, "metadata", file);
      await t.refresh("UPDATE_ENDLESS_DATA", { extra: LIMIT("snapshotBytes", 50_000) });
      await soon(t, cut, "the connection is cut");
    },
  }),
);

export const transport: readonly Case[] = [
  ...endlessMetadata,
  {
    name: "a snapshot whose length was named is cut at that length",
    async run(t) {
      t.repo.namesHashes = true;
      t.repo.publish("targets", "snapshot", "timestamp");
      await t.init();
      const { cut } = endless(t, "metadata", "2.snapshot.json");
      await t.refresh("UPDATE_ENDLESS_DATA");
      await soon(t, cut, "the connection is cut");
    },
  },
  {
    name: "a target without end is cut at its length and not kept",
    async run(t) {
      t.repo.addTarget("file.txt", Buffer.from("text"));
      t.repo.publish("targets", "snapshot", "timestamp");
      await t.init();
      const { cut } = endless(t, "targets", "file.txt");
      await t.download("file.txt", "UPDATE_ENDLESS_DATA");
      await soon(t, cut, "the connection is cut");
      t.same(t.downloads(), [], "downloads");
    },
  },
  {
    name: "a timestamp that is announced too large is not read",
    async run(t) {
      await t.init();
      misbehave(t, (_, name, { response }) => {
        if (name !== "timestamp.json") return false;
        response.writeHead(200, { "content-length": 1_000_000 }).write(CHUNK);
        return true;
      });
      await t.refresh("UPDATE_TOO_LARGE");
    },
  },
  {
    name: "a server that says nothing is given up",
    async run(t) {
      await t.init();
      misbehave(t, (_, name) => name === "timestamp.json");
      await t.refresh("UPDATE_SLOW", { extra: LIMIT("idleMs", 300), patienceMs: 1000 });
    },
  },
  {
    name: "a server that stops in the middle is given up",
    async run(t) {
      await t.init();
      misbehave(t, (_, name, { response }) => {
        if (name !== "timestamp.json") return false;
        response.writeHead(200, { "content-length": 500 }).write("{");
        return true;
      });
      await t.refresh("UPDATE_SLOW", { extra: LIMIT("idleMs", 300), patienceMs: 1000 });
    },
  },
  {
    name: "a trickle is given up for its rate, though it is never silent",
    async run(t) {
      await t.init();
      const timers: NodeJS.Timeout[] = [];
      misbehave(t, (_, name, { response }) => {
        if (name !== "timestamp.json") return false;
        response.writeHead(200, { "content-length": 15_000 });
        timers.push(setInterval(() => response.write(" "), 20));
        return true;
      });
      const extra = [...LIMIT("speedWindowMs", 500), ...LIMIT("idleMs", 10_000)];
      await t.refresh("UPDATE_SLOW", { extra, patienceMs: 1000 });
      for (const timer of timers) clearInterval(timer);
    },
  },
  {
    name: "a slow server that is never silent for long gets through",
    async run(t) {
      const whole = t.repo.file("timestamp.json");
      await t.init();
      misbehave(t, (_, name, { response }) => {
        if (name !== "timestamp.json") return false;
        response.writeHead(200, { "content-length": whole.byteLength }).write(whole.subarray(0, 200));
        setTimeout(() => response.end(whole.subarray(200)), 400);
        return true;
      });
      await t.refresh("ok", { extra: LIMIT("idleMs", 5000) });
    },
  },
  {
    name: "metadata that breaks off is a broken line, not a verdict",
    async run(t) {
      await t.init();
      await t.refresh("ok");
      misbehave(t, (_, name, { response }) => {
        if (name !== "timestamp.json") return false;
        response.writeHead(200, { "content-length": 500 });
        response.write("{", () => response.destroy());
        return true;
      });
      await t.refresh("UPDATE_NETWORK");
      t.shows({ root: 1, snapshot: 1, targets: 1, timestamp: 1 });
      misbehave(t, () => false);
      await t.refresh("ok");
    },
  },
  {
    name: "a target that breaks off is continued where it ended",
    async run(t) {
      const bytes = Buffer.alloc(200_000, "abcdefg");
      t.repo.addTarget("large.bin", bytes);
      t.repo.publish("targets", "snapshot", "timestamp");
      await t.init();
      const ranges: (string | undefined)[] = [];
      t.mount.behaviour = (kind, _, { request, response }) => {
        if (kind === "metadata") return false;
        const { range } = request.headers;
        ranges.push(range);
        const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
        const head = { "content-length": bytes.length - from, etag: '"one"' };
        if (from > 0) {
          response.writeHead(206, { ...head, "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` });
          response.end(bytes.subarray(from));
        } else {
          response.writeHead(200, head).write(bytes.subarray(0, 70_000), () => response.destroy());
        }
        return true;
      };
      await t.download("large.bin", "ok");
      t.same(ranges.length, 2, "requests for the target");
      t.isTrue(/^bytes=[1-9]\d*-$/.test(ranges[1] ?? ""), `the second begins later: ${ranges[1]}`);
      t.same(t.downloads()[0]?.length, bytes.length, "bytes downloaded");
    },
  },
  {
    name: "a target that breaks off at a server without ranges begins again",
    async run(t) {
      const bytes = Buffer.alloc(200_000, "abcdefg");
      t.repo.addTarget("large.bin", bytes);
      t.repo.publish("targets", "snapshot", "timestamp");
      await t.init();
      let asked = 0;
      t.mount.behaviour = (kind, _, { response }) => {
        if (kind === "metadata" || ++asked > 1) return false;
        const head = response.writeHead(200, { "content-length": bytes.length });
        head.write(bytes.subarray(0, 70_000), () => response.destroy());
        return true;
      };
      await t.download("large.bin", "ok");
      t.same(t.downloads()[0]?.length, bytes.length, "bytes downloaded");
    },
  },
  {
    name: "a redirect is not followed",
    async run(t) {
      await t.init();
      misbehave(t, (_, name, { response }) => {
        if (name !== "timestamp.json") return false;
        response.writeHead(302, { location: `${t.stockMount.metadataUrl}1.root.json` }).end();
        return true;
      });
      await t.refresh("UPDATE_HTTP_STATUS");
    },
  },
  {
    name: "a server error is none of the repository's",
    async run(t) {
      await t.init();
      misbehave(t, (_, name, { response }) => {
        if (name !== "1.snapshot.json") return false;
        response.writeHead(500).end("sorry");
        return true;
      });
      await t.refresh("UPDATE_HTTP_STATUS");
      t.shows({ root: 1, timestamp: 1 });
    },
  },
  {
    name: "a server error in the place of the next root does not end the chain of roots",
    async run(t) {
      await t.init();
      misbehave(t, (_, name, { response }) => {
        if (name !== "2.root.json") return false;
        response.writeHead(503).end();
        return true;
      });
      await t.refresh("UPDATE_HTTP_STATUS");
      t.shows({ root: 1 });
    },
  },
  {
    name: "a forbidden next root ends the chain like a missing one",
    async run(t) {
      await t.init();
      misbehave(t, (_, name, { response }) => {
        if (name !== "2.root.json") return false;
        response.writeHead(403).end();
        return true;
      });
      await t.refresh("ok");
    },
  },
  {
    name: "a compressed answer that nobody asked for is not unpacked",
    async run(t) {
      await t.init();
      misbehave(t, (_, name, { response }) => {
        if (name !== "timestamp.json") return false;
        const packed = gzipSync(t.repo.file("timestamp.json"));
        response.writeHead(200, { "content-encoding": "gzip", "content-length": packed.length }).end(packed);
        return true;
      });
      await t.refresh("UPDATE_ENCODED");
    },
  },
  {
    name: "an unchanged-since answer to a question without a condition is refused",
    async run(t) {
      await t.init();
      misbehave(t, (_, name, { response }) => {
        if (name !== "timestamp.json") return false;
        response.writeHead(304).end();
        return true;
      });
      await t.refresh("UPDATE_HTTP_STATUS");
    },
  },
  {
    name: "metadata nested without end is refused before it is looked at",
    async run(t) {
      await t.init();
      t.repo.files.set("timestamp.json", Buffer.from(`{"signed":${"[".repeat(4000)}${"]".repeat(4000)}}`));
      await t.refresh("UPDATE_METADATA_INVALID");
    },
  },
  {
    name: "metadata with a million entries is refused before it is looked at",
    async run(t) {
      await t.init();
      const list = Array.from({ length: 6000 }, () => 0);
      t.repo.files.set("timestamp.json", Buffer.from(JSON.stringify({ signed: { list }, signatures: [] })));
      await t.refresh("UPDATE_METADATA_INVALID");
    },
  },
];
