/**
 * A static server for the public part of a repository, for development, small sites and tests: any web server or CDN
 * does the same. GET and HEAD, ETag, one byte range. It answers only for `image/` and `director/<device>/`, metadata
 * and targets; a name that is not built of plain components, or a file that is no regular file, is not there.
 * Left out: TLS, directory listings, compression.
 */
import { createReadStream, lstatSync, type Stats } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { byteRange } from "../byte-range.ts";
import { fault } from "./faults.ts";

export interface ServeOptions {
  readonly host?: string;
  readonly port?: number;
}

export interface Addresses {
  readonly metadataUrl: string;
  readonly targetsUrl: string;
}

export interface RepositoryServer {
  readonly url: string;
  readonly imageMetadataUrl: string;
  readonly imageTargetsUrl: string;
  directorUrl(device: string): Addresses;
  close(): Promise<void>;
}

/** Begins serving; throws REPO_SERVE when the address cannot be had. */
export async function serveRepositories(directory: string, options: ServeOptions = {}): Promise<RepositoryServer> {
  const { host = "127.0.0.1", port = 0 } = options;
  const server = createServer((request, response) => answer(directory, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(fault("REPO_SERVE", { host, port, reason: reasonOf(error) }, error)));
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${bound}/`;
  return {
    url,
    imageMetadataUrl: `${url}image/metadata/`,
    imageTargetsUrl: `${url}image/targets/`,
    directorUrl: (device) => ({
      metadataUrl: `${url}director/${device}/metadata/`,
      targetsUrl: `${url}director/${device}/targets/`,
    }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A component of a public path: no leading dot (temporaries, parents), nothing that has to be decoded. */
const COMPONENT = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;
const DEPTH_MAX = 12;

/** The file of a URL path, or undefined for everything that is not public. */
function publicFile(directory: string, target: string): string | undefined {
  const [, ...parts] = (target.split("?", 1)[0] ?? "").split("/");
  if (parts.length > DEPTH_MAX || !parts.every((part) => COMPONENT.test(part))) return undefined;
  const kind = parts[0] === "director" ? parts[2] : parts[0] === "image" ? parts[1] : undefined;
  return kind === "metadata" || kind === "targets" ? join(directory, ...parts) : undefined;
}

/** lstat: a link would lead out of the tree. The folders above are the publisher's own. */
function statsOf(file: string): Stats | undefined {
  try {
    return lstatSync(file);
  } catch {
    return undefined; // A name that is too long or leads through a file is not there: nobody ends the server with it.
  }
}

function answer(directory: string, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD" }).end();
    return;
  }
  const file = publicFile(directory, request.url ?? "");
  const stats = file === undefined ? undefined : statsOf(file);
  if (file === undefined || !stats?.isFile()) {
    response.writeHead(404, { "content-length": 0 }).end(); // With a length the connection serves on, for HEAD too.
    return;
  }
  const etag = `"${stats.ino.toString(16)}-${stats.size.toString(16)}-${Math.round(stats.mtimeMs * 1000).toString(16)}"`;
  const headers = {
    etag,
    "accept-ranges": "bytes",
    "content-type": file.endsWith(".json") ? "application/json" : "application/octet-stream",
    // Only the timestamp is replaced under its name; everything else is named by version or by hash.
    "cache-control": file.endsWith("timestamp.json") ? "no-cache" : "public, max-age=31536000, immutable",
  };
  if (request.headers["if-none-match"] === etag) {
    response.writeHead(304, headers).end();
    return;
  }
  const range = byteRange(request.headers.range, stats.size);
  if (range === "unsatisfiable") {
    response.writeHead(416, { "content-range": `bytes */${stats.size}` }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: stats.size - 1 };
  response.writeHead(range === undefined ? 200 : 206, {
    ...headers,
    "content-length": end - start + 1,
    ...(range === undefined ? {} : { "content-range": `bytes ${start}-${end}/${stats.size}` }),
  });
  if (request.method === "HEAD" || stats.size === 0) response.end();
  // A client that goes away, or a file that vanishes, ends this one answer; pipeline destroys both ends.
  else pipeline(createReadStream(file, { start, end }), response, () => {});
}
