/**
 * The HTTP source: node:http(s), one connection kept alive, no redirects, no decoding, no cookies. Each download ends
 * by its length, by silence or by its total time, whichever comes first, and a refused one destroys its socket at once.
 * `fetch` is not used: it needs WebAssembly, which a board with --jitless does not have.
 * Left out: resume by range, proxies, mirrors, client certificates.
 */
import * as http from "node:http";
import * as https from "node:https";
import { concatBytes } from "../../runtime/kernel/bytes.ts";
import { type Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { fault } from "../faults.ts";
import type { FetchLimits, Sink, Source } from "./source.ts";

export interface Addresses {
  readonly metadataUrl: string;
  readonly targetsUrl: string;
}

/** A source over HTTP or HTTPS. Throws UPDATE_NETWORK for addresses that are neither. */
export function httpSource(addresses: Addresses, limits: FetchLimits): Source {
  const metadataBase = baseUrl(addresses.metadataUrl);
  const targetsBase = baseUrl(addresses.targetsUrl);
  const agents = { plain: new http.Agent(AGENT), tls: new https.Agent(AGENT) };
  return {
    metadata: (name, bytesMax) =>
      download(new URL(name, metadataBase), { bytesMax, totalMs: limits.totalMs, idleMs: limits.idleMs }, agents),
    async target(path, length, sink) {
      sink.restart();
      const url = new URL(path, targetsBase);
      const totalMs = limits.totalMs + (length / limits.bytesPerSMin) * 1000;
      const bounds = { bytesMax: length, exactly: path, totalMs, idleMs: limits.idleMs, sink };
      const body = await download(url, bounds, agents);
      if (body === undefined) throw fault("UPDATE_HTTP_STATUS", { url: url.href, status: 404 });
    },
    close() {
      agents.plain.destroy();
      agents.tls.destroy();
    },
  };
}

const AGENT = { keepAlive: true, maxSockets: 2, timeout: 120_000 };
const DELAY_MAX_MS = 2 ** 31 - 1;

interface Bounds {
  readonly bytesMax: number;
  /** Set for a target: its path, whose signed length is exactly `bytesMax`. */
  readonly exactly?: string;
  readonly totalMs: number;
  readonly idleMs: number;
  /** Set for a target: takes the bytes, and the answer is empty. */
  readonly sink?: Sink;
}

function baseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw fault("UPDATE_NETWORK", { url: text, reason: "not an http or https URL" });
  }
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

function download(
  url: URL,
  bounds: Bounds,
  agents: { plain: http.Agent; tls: https.Agent },
): Promise<Uint8Array | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | undefined>();
  const started = performance.now();
  const chunks: Buffer[] = [];
  let received = 0;

  // `identity`: a compressed body would need a second bound; what is signed is small or already compressed.
  const headers = { "accept-encoding": "identity", "user-agent": "sallyport" };
  const request =
    url.protocol === "https:"
      ? https.get(url, { agent: agents.tls, headers })
      : http.get(url, { agent: agents.plain, headers });

  const slow = (limit: string) => () => {
    const ms = Math.round(performance.now() - started);
    refuse(fault("UPDATE_SLOW", { url: url.href, received, ms, limit }));
  };
  const total = setTimeout(slow("total time"), Math.min(bounds.totalMs, DELAY_MAX_MS));
  const idle = setTimeout(slow("silence"), bounds.idleMs);
  const stop = () => {
    clearTimeout(total);
    clearTimeout(idle);
  };
  const finish = (value: Uint8Array | undefined) => {
    stop();
    resolve(value);
  };
  const refuse = (why: Fault) => {
    stop();
    reject(why);
    request.destroy();
  };
  const broken = (error: unknown) => {
    refuse(fault("UPDATE_NETWORK", { url: url.href, reason: reasonOf(error) }, error));
  };

  request.on("error", broken);
  request.on("response", (response) => {
    const status = response.statusCode ?? 0;
    if (status === 404 || status === 403) {
      finish(undefined);
      request.destroy(); // An error page may be endless too.
      return;
    }
    if (status !== 200) return refuse(fault("UPDATE_HTTP_STATUS", { url: url.href, status }));
    const { bytesMax, exactly } = bounds;
    const announced = Number(response.headers["content-length"] ?? (exactly === undefined ? 0 : bytesMax));
    if (exactly !== undefined && announced !== bytesMax) {
      return refuse(fault("UPDATE_TARGET_LENGTH", { path: exactly, expected: bytesMax, actual: announced }));
    }
    if (announced > bytesMax) {
      return refuse(fault("UPDATE_TOO_LARGE", { what: url.href, size: announced, max: bytesMax }));
    }
    response.on("data", (chunk: Buffer) => {
      idle.refresh();
      received += chunk.byteLength;
      if (received > bytesMax) return refuse(fault("UPDATE_ENDLESS_DATA", { url: url.href, max: bytesMax }));
      try {
        if (bounds.sink === undefined) chunks.push(chunk);
        else bounds.sink.append(chunk);
      } catch (error) {
        stop();
        reject(error);
        request.destroy();
      }
    });
    response.on("error", broken);
    response.on("end", () => finish(concatBytes(...chunks)));
  });
  return promise;
}
