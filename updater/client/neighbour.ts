/**
 * A board as a cache for the boards beside it: a small read-only HTTP server for what the shelf has, GET and HEAD, ETag,
 * one byte range, under `/image/`. Who asks is a stranger: connections, their number for each address, requests, bytes
 * per second and patience with slow readers are bounded. A blob is hashed before its first byte leaves, again whenever
 * its file changed. Left out: TLS (everything served is signed), directory listings, compression.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { type Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import type { Cancel, Clock } from "../../runtime/kernel/world.ts";
import { byteRange } from "../byte-range.ts";
import { fault } from "../faults.ts";
import { createRate, type Rate } from "./rate.ts";
import type { Shelf, Shelved } from "./shelf.ts";

export interface NeighbourOptions {
  readonly listen: { readonly host: string; readonly port: number };
  /** Connections at a time; one address has at most half of them. */
  readonly connectionsMax: number;
  /** Over all answers together. */
  readonly bytesPerSMax: number;
  readonly clock: Clock;
  readonly shelf: Shelf;
  /** UPDATE_NEIGHBOUR: the address cannot be had now. It is tried again. */
  onTrouble(why: Fault): void;
}

export interface NeighbourServer {
  /** Resolves with the base URL when the address could be had. */
  readonly listening: Promise<string>;
  close(): Promise<void>;
}

const PIECE_BYTES = 65_536;
/** How long a reader may take for one piece, milliseconds. */
const PATIENCE_MS = 20_000;
/** What a request costs of the bytes per second, so that questions are bounded as answers are. */
const REQUEST_COST = 1_024;
const LISTEN_AGAIN_MS = 60_000;
/** Blobs whose check is remembered. */
const CHECKED_MAX = 256;
const PREFIX = "/image/";
const SERVER = {
  maxHeaderSize: 8_192,
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 5_000,
  keepAliveTimeout: 5_000,
};

export function serveNeighbours(options: NeighbourOptions): NeighbourServer {
  const { clock, shelf, connectionsMax, listen } = options;
  const desk: Desk = {
    clock,
    shelf,
    rate: createRate(options.bytesPerSMax, clock),
    checked: new Map(),
  };
  const perAddress = Math.max(1, connectionsMax >> 1);
  const open = new Map<string, number>();
  const busy = new WeakSet<object>();
  const server = createServer(SERVER, (request, response) => {
    const { socket } = request;
    // Boards ask one thing after the other; a queue of questions would be one without a bound.
    if (busy.has(socket)) return void socket.destroy();
    busy.add(socket);
    response.on("close", () => busy.delete(socket));
    // To write to one who has just gone is an error of theirs.
    response.on("error", () => undefined);
    // Whatever breaks here ends this one answer.
    answer(desk, request, response).catch(() => response.destroy());
  });
  server.maxConnections = connectionsMax;
  server.maxRequestsPerSocket = 1_000;
  server.timeout = PATIENCE_MS;
  server.on("connection", (socket) => {
    const address = socket.remoteAddress ?? "";
    const count = (open.get(address) ?? 0) + 1;
    if (count > perAddress) return void socket.destroy();
    open.set(address, count);
    socket.on("close", () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
  });

  const { promise: listening, resolve } = Promise.withResolvers<string>();
  let closed = false;
  let again: Cancel | undefined;
  const begin = () => {
    server.listen(listen.port, listen.host);
  };
  server.on("listening", () => {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : listen.port;
    resolve(`http://${listen.host.includes(":") ? `[${listen.host}]` : listen.host}:${port}/`);
  });
  server.on("error", (error) => {
    options.onTrouble(fault("UPDATE_NEIGHBOUR", { ...listen, reason: reasonOf(error) }, error));
    // An address that is not there yet, after boot, comes with its network.
    if (!closed && !server.listening) again = clock.after(LISTEN_AGAIN_MS, begin);
  });
  begin();

  return {
    listening,
    close() {
      closed = true;
      again?.();
      const { promise, resolve: done } = Promise.withResolvers<void>();
      server.close(() => done());
      server.closeAllConnections();
      return promise;
    },
  };
}

interface Desk {
  readonly clock: Clock;
  readonly shelf: Shelf;
  readonly rate: Rate;
  /** Digest to the identity of the file that had it; a check that is under way is shared. */
  readonly checked: Map<Sha256, Promise<string | undefined>>;
}

async function answer(desk: Desk, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url = "", headers } = request;
  const hasBody = headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
  if ((method !== "GET" && method !== "HEAD") || hasBody) {
    // What follows is not read, whatever it is.
    response.writeHead(405, { allow: "GET, HEAD", connection: "close", "content-length": 0 }).end();
    return;
  }
  await pause(desk, REQUEST_COST);
  const shelved = url.startsWith(PREFIX) ? desk.shelf.find(url.slice(PREFIX.length)) : undefined;
  const file = shelved?.kind === "blob" ? await openChecked(desk, shelved) : undefined;
  try {
    if (shelved === undefined || (shelved.kind === "blob" && file === undefined)) {
      // With a length the connection serves on, for HEAD too.
      response.writeHead(404, { "content-length": 0 }).end();
      return;
    }
    const size = shelved.kind === "blob" ? shelved.length : shelved.bytes.byteLength;
    const etag = `"${shelved.sha256}"`;
    const common = { etag, "accept-ranges": "bytes" };
    if (headers["if-none-match"] === etag) {
      response.writeHead(304, common).end();
      return;
    }
    const isOurs = headers["if-range"] === undefined || headers["if-range"] === etag;
    const range = isOurs ? byteRange(headers.range, size) : undefined;
    if (range === "unsatisfiable") {
      response.writeHead(416, { "content-range": `bytes */${size}`, "content-length": 0 }).end();
      return;
    }
    const { start, end } = range ?? { start: 0, end: size - 1 };
    response.writeHead(range === undefined ? 200 : 206, {
      ...common,
      "content-type": "application/octet-stream",
      "content-length": end - start + 1,
      ...(range === undefined ? {} : { "content-range": `bytes ${start}-${end}/${size}` }),
    });
    if (method === "GET") {
      if (shelved.kind === "metadata") await give(desk, response, shelved.bytes.subarray(start, end + 1));
      else if (file !== undefined) await giveFile(desk, response, file, start, end);
    }
    response.end();
  } finally {
    await file?.close();
  }
}

async function giveFile(desk: Desk, response: ServerResponse, file: FileHandle, from: number, to: number) {
  for (let at = from; at <= to && !response.destroyed; ) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, to - at + 1));
    const { bytesRead } = await file.read(piece, 0, piece.byteLength, at);
    if (bytesRead === 0) throw new Error("the file became shorter");
    await give(desk, response, piece.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** Writes a piece and waits until the reader took it, which it has to do in time. */
async function give({ clock, rate }: Desk, response: ServerResponse, piece: Uint8Array): Promise<void> {
  await pause({ clock, rate }, piece.byteLength);
  if (response.destroyed || response.write(piece)) return;
  const patience = clock.after(PATIENCE_MS, () => response.destroy());
  try {
    await drained(response);
  } finally {
    patience();
  }
}

/** Resolves when there is room for more, or nobody is there any more. */
function drained(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => {
    response.off("drain", done).off("close", done);
    resolve();
  };
  response.on("drain", done).on("close", done);
  return promise;
}

function pause({ clock, rate }: Pick<Desk, "clock" | "rate">, bytes: number): Promise<void> {
  const ms = rate.charge(bytes);
  return ms === 0 ? Promise.resolve() : new Promise((resolve) => void clock.after(ms, resolve));
}

/** The blob's file, open, if it is there and still is what its name says. */
async function openChecked(
  { checked }: Desk,
  { file: path, length, sha256: digest }: Extract<Shelved, { kind: "blob" }>,
): Promise<FileHandle | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
  const identity = file && (await identityOf(file, length));
  if (file !== undefined && identity !== undefined) {
    if ((await checked.get(digest)) === identity) return file;
    if (checked.size >= CHECKED_MAX) checked.clear();
    // THE CHECK OF WHAT LEAVES: a worn medium must not make this board a liar.
    const checking = hashOf(file, length).then(
      (actual) => (actual === digest ? identity : undefined),
      () => undefined,
    );
    checked.set(digest, checking);
    if ((await checking) === identity) return file;
    checked.delete(digest);
  }
  await file?.close();
  return undefined;
}

/** Changes whenever the file does; undefined for what is no file of this length. */
async function identityOf(file: FileHandle, length: number): Promise<string | undefined> {
  const stats = await file.stat({ bigint: true });
  if (!stats.isFile() || stats.size !== BigInt(length)) return undefined;
  return `${stats.ino}:${stats.mtimeNs}:${stats.ctimeNs}`;
}

async function hashOf(file: FileHandle, length: number): Promise<string> {
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(piece, 0, Math.min(PIECE_BYTES, length - at), at);
    if (bytesRead === 0) break;
    hash.update(piece.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash.digest("hex");
}
