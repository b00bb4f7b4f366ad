/**
 * The board's way to its repositories: every source of both, over shared connections, one bandwidth cap and one
 * download window. It carries bytes and judges none; what is kept of a server is which of its addresses served last
 * and the validators of its timestamps.
 */
import { concatBytes } from "../../runtime/kernel/bytes.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import { nodeClock, nodeRandom } from "../../runtime/kernel/node-world.ts";
import type { Result } from "../../runtime/kernel/result.ts";
import type { Cancel, Clock, Random } from "../../runtime/kernel/world.ts";
import { isDelta } from "../delta.ts";
import { fault } from "../faults.ts";
import { needsBoth } from "../layout.ts";
import { createConnector, type TlsIdentity } from "./connection.ts";
import { type Exchange, exchange, type Line } from "./exchange.ts";
import { fileSource, isFileAddress } from "./file-source.ts";
import { createMirrors, type Mirrors } from "./mirrors.ts";
import { type ProxySettings, shown } from "./proxy.ts";
import { createRate } from "./rate.ts";
import { downloadTarget } from "./resume.ts";
import type { FetchLimits, Hints, Source } from "./source.ts";
import { createValidators } from "./validators.ts";
import { type DownloadWindow, openGate } from "./window.ts";

export interface Addresses {
  readonly metadataUrl: string;
  readonly targetsUrl: string;
  /** A neighbour's cache: asked first for targets and last for metadata, see mirrors.ts. */
  readonly cache?: boolean | undefined;
}

export interface TransportOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  /** Wall clock for the download window, milliseconds since the epoch; unless given, the clock's. */
  now?(): number;
  readonly proxy?: ProxySettings | undefined;
  /** Asked at each request to an https address; a new object is a new identity, a refusal fails that request. */
  tls?(): Result<TlsIdentity>;
  /** Cap on what is read from all sources together, bytes per second. */
  readonly bytesPerSMax?: number | undefined;
  readonly window?: DownloadWindow | undefined;
  /** One of several addresses was left for the next, or was the last. */
  onLeft?(address: string, why: Fault): void;
}

export interface Transport {
  /** Throws UPDATE_NETWORK for an address that is not http or https. */
  source(addresses: Addresses): Source;
  /** The first is asked first; directories and archives may be among them. Throws UPDATE_NETWORK for other addresses. */
  mirrors(addresses: readonly Addresses[]): Mirrors;
  /** Ends what is under way with UPDATE_CLOSED. */
  close(): void;
}

const METADATA_HEADERS = { "accept-encoding": "identity", "user-agent": "sallyport" };

export function openTransport(limits: FetchLimits, options: TransportOptions = {}): Transport {
  const { clock = nodeClock, random = nodeRandom } = options;
  const { idleMs, headBytes } = limits;
  const { proxy, tls } = options;
  const line: Line = {
    clock,
    connector: createConnector({ clock, proxy, idleMs, headBytes, ...(tls === undefined ? {} : { tls }) }),
    rate: createRate(options.bytesPerSMax, clock),
    limits,
    running: new Set(),
  };
  const gate = options.window && openGate(options.window);
  let closed = false;

  async function send(ask: Exchange) {
    if (closed) throw fault("UPDATE_CLOSED");
    return await exchange(ask, line);
  }

  function sleep(ms: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (closed) return Promise.reject(fault("UPDATE_CLOSED"));
    const timer: Cancel = clock.after(ms, () => {
      line.running.delete(stop);
      resolve();
    });
    const stop = (why: Fault) => {
      timer();
      line.running.delete(stop);
      reject(why);
    };
    line.running.add(stop);
    return promise;
  }

  /** What owner and director say is never put off: a window must not delay a revocation. */
  function admit(path: string, bytes: number): Exchange["cut"] {
    const isLarge = bytes > (options.window?.freeBytes ?? 0) && (needsBoth(path) || isDelta(path));
    if (gate === undefined || !isLarge) return undefined;
    const now = options.now?.() ?? clock.now();
    const change = gate.nextChange(now);
    const notNow = (opens: number | undefined) =>
      fault("UPDATE_NOT_NOW", { path, opens: opens === undefined ? "no time" : new Date(opens).toISOString() });
    if (!gate.isOpen(now)) throw notNow(change);
    return change === undefined ? undefined : { ms: change - now, because: notNow(gate.nextChange(change)) };
  }

  function source(addresses: Addresses): Source {
    const metadataBase = baseUrl(addresses.metadataUrl);
    const targetsBase = baseUrl(addresses.targetsUrl);
    const validators = createValidators();
    let headWorks = true;

    /** Whether it is worth asking for: one look without a body, so that the connection serves on. */
    async function isThere(url: URL): Promise<boolean> {
      if (!headWorks) return true;
      const { status } = await send({
        method: "HEAD",
        url,
        headers: METADATA_HEADERS,
        totalMs: limits.totalMs,
        onHead: () => undefined,
      });
      if (status === 405 || status === 501) headWorks = false;
      return !isAbsent(status);
    }

    async function metadata(name: string, bytesMax: number, hints: Hints = {}): Promise<Uint8Array | undefined> {
      const url = new URL(name, metadataBase);
      if (hints.unlikely === true && !(await isThere(url))) return undefined;
      const chunks: Uint8Array[] = [];
      const condition = validators.condition(name, hints.held);
      const conditional = Object.keys(condition).length > 0;
      const head = await send({
        method: "GET",
        url,
        headers: { ...METADATA_HEADERS, ...condition },
        totalMs: limits.totalMs,
        onHead({ status, length }) {
          if (isAbsent(status) || (status === 304 && conditional)) return undefined;
          if (status !== 200) throw fault("UPDATE_HTTP_STATUS", { url: shown(url), status });
          if (length !== undefined && length > bytesMax) {
            throw fault("UPDATE_TOO_LARGE", { what: shown(url), size: length, max: bytesMax });
          }
          return { bytesMax, append: (chunk) => chunks.push(chunk) };
        },
      });
      if (isAbsent(head.status)) return undefined;
      if (head.status === 304) return hints.held;
      const bytes = concatBytes(...chunks);
      // What is named by its version does not change under its name.
      if (!/^\d+\./.test(name)) validators.remember(name, head, bytes);
      return bytes;
    }

    return {
      metadata,
      target: (path, length, sink) =>
        downloadTarget({
          url: new URL(path, targetsBase),
          path,
          length,
          sink,
          limits,
          random,
          send,
          sleep,
          admit: (bytes) => admit(path, bytes),
        }),
      close: () => undefined,
    };
  }

  return {
    source,
    mirrors: (addresses) =>
      createMirrors(
        addresses.map((one) => ({
          ...(isFileAddress(one.metadataUrl)
            ? { name: one.metadataUrl, source: fileSource(one) }
            : { name: shown(baseUrl(one.metadataUrl)), source: source(one) }),
          cache: one.cache === true,
        })),
        { clock, onLeft: (address, why) => options.onLeft?.(address, why) },
      ),
    close() {
      closed = true;
      for (const stop of [...line.running]) stop(fault("UPDATE_CLOSED"));
      line.connector.close();
    },
  };
}

/** A single source with a transport of its own, which ends with it. */
export function httpSource(addresses: Addresses, limits: FetchLimits, options: TransportOptions = {}): Source {
  const transport = openTransport(limits, options);
  return { ...transport.source(addresses), close: transport.close };
}

/** TUF 5.3.3: these mean that there is no such file; a store that hides what is not there answers 403. */
function isAbsent(status: number): boolean {
  return status === 404 || status === 403;
}

function baseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const redacted = text.replace(/\/\/.*@/, "//");
    throw fault("UPDATE_NETWORK", { url: redacted, reason: "not an http or https URL" });
  }
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}
