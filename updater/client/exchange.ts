/**
 * One HTTP exchange: a request without a body, an answer that is bounded in size, time and speed while it arrives. No
 * redirects, no decoding, no cookies. A refused answer destroys its socket at once; one that is read to its end leaves
 * the connection for the next. `fetch` is not used: it needs WebAssembly, which a board with --jitless does not have.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Fault } from "../../runtime/kernel/fault.ts";
import type { Cancel, Clock } from "../../runtime/kernel/world.ts";
import { fault } from "../faults.ts";
import { type Connector, connectionFault } from "./connection.ts";
import { shown } from "./proxy.ts";
import type { Rate } from "./rate.ts";
import type { FetchLimits } from "./source.ts";
import { startWatch } from "./watch.ts";

/** What the transport needs of an answer's head. */
export interface Head {
  readonly status: number;
  /** Content-Length, if it was announced. */
  readonly length: number | undefined;
  header(name: string): string | undefined;
}

export interface Body {
  /** One byte more is an endless answer. */
  readonly bytesMax: number;
  append(chunk: Uint8Array): void;
}

export interface Exchange {
  readonly method: "GET" | "HEAD";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly totalMs: number;
  /** After so many milliseconds it ends with this fault, whatever arrived. */
  readonly cut?: { readonly ms: number; readonly because: Fault } | undefined;
  /** Says where the body goes; undefined leaves it unread. Throws a Fault to refuse the answer. */
  onHead(head: Head): Body | undefined;
}

export interface Line {
  readonly clock: Clock;
  readonly connector: Connector;
  readonly rate: Rate;
  readonly limits: FetchLimits;
  /** What is under way, so that it can be ended. */
  readonly running: Set<(why: Fault) => void>;
}

/** An unwanted body up to this length costs less than another connection. */
const DRAIN_BYTES_MAX = 2_048;

/** Resolves when the answer is complete. Rejects with the first Fault, or with what `append` threw. */
export async function exchange(ask: Exchange, line: Line): Promise<Head> {
  const first = await once(ask, line);
  if (first !== "stale connection") return first;
  // The server had closed the kept connection just when we asked: that says nothing about it.
  const second = await once(ask, line);
  if (second !== "stale connection") return second;
  throw fault("UPDATE_NETWORK", { url: shown(ask.url), reason: "the server closes each connection that it keeps" });
}

function once(ask: Exchange, line: Line): Promise<Head | "stale connection"> {
  const { clock, limits, rate } = line;
  const { promise, resolve, reject } = Promise.withResolvers<Head | "stale connection">();
  let request: ClientRequest | undefined;
  let answered = false;
  let received = 0;
  let over = false;
  let holding: Cancel | undefined;

  const watch = startWatch({
    clock,
    totalMs: ask.totalMs,
    idleMs: limits.idleMs,
    windowMs: limits.speedWindowMs,
    windowBytesMin: Math.floor((limits.bytesPerSMin * limits.speedWindowMs) / 1000),
    onSlow: (limit) => {
      const ms = Math.round(watch.elapsedMs());
      refuse(fault("UPDATE_SLOW", { url: shown(ask.url), received, ms, limit }));
    },
  });
  const cutting = ask.cut && clock.after(ask.cut.ms, () => ask.cut && refuse(ask.cut.because));
  const settle = (): boolean => {
    if (over) return false;
    over = true;
    watch.stop();
    cutting?.();
    holding?.();
    line.running.delete(refuse);
    return true;
  };
  const done = (value: Head | "stale connection") => {
    if (settle()) resolve(value);
  };
  function refuse(why: unknown): void {
    if (settle()) reject(why);
    request?.destroy();
  }
  const broken = (error: unknown) => {
    if (!answered && request?.reusedSocket === true && isReset(error)) return done("stale connection");
    refuse(connectionFault(ask.url, error, limits.headBytes));
  };
  line.running.add(refuse);

  function answer(response: IncomingMessage): void {
    answered = true;
    const head = headOf(response);
    response.on("error", broken);
    let body: Body | undefined;
    try {
      refuseEncoded(ask.url, head);
      if (head.status === 407) {
        const proxy = line.connector.proxy(ask.url)?.host ?? "in between";
        throw fault("UPDATE_PROXY", { proxy, url: shown(ask.url), reason: "status 407" });
      }
      body = ask.onHead(head);
    } catch (error) {
      return refuse(error);
    }
    const isEmpty = ask.method === "HEAD" || head.status === 304 || head.status === 204;
    if (body === undefined && !isEmpty && !((head.length ?? Number.POSITIVE_INFINITY) <= DRAIN_BYTES_MAX)) {
      done(head);
      request?.destroy(); // An error page may be endless too.
      return;
    }
    watch.begin();
    response.on("end", () => done(head));
    response.on("data", (chunk: Buffer) => {
      if (over) return;
      watch.heard(chunk.byteLength);
      received += chunk.byteLength;
      if (body !== undefined) {
        const { bytesMax } = body;
        if (received > bytesMax) return refuse(fault("UPDATE_ENDLESS_DATA", { url: shown(ask.url), max: bytesMax }));
        try {
          body.append(chunk);
        } catch (error) {
          return refuse(error);
        }
      }
      const waitMs = rate.charge(chunk.byteLength);
      if (waitMs === 0) return;
      response.pause();
      watch.pause();
      holding = clock.after(waitMs, () => {
        watch.resume();
        response.resume();
      });
    });
  }

  try {
    request = line.connector.request(ask.method, ask.url, ask.headers);
    request.on("error", broken);
    request.on("response", answer);
    // After an answer its own events tell the end; an upgrade (101) that nobody asked for is none.
    request.on("close", () => {
      if (!answered) broken(new Error("closed without an answer"));
    });
    request.end();
  } catch (error) {
    broken(error);
  }
  return promise;
}

function headOf(response: IncomingMessage): Head {
  const header = (name: string) => {
    const value = response.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  };
  const length = header("content-length");
  return { status: response.statusCode ?? 0, length: length === undefined ? undefined : Number(length), header };
}

function refuseEncoded(url: URL, head: Head): void {
  const content = head.header("content-encoding") ?? "identity";
  const transfer = head.header("transfer-encoding") ?? "chunked";
  const encoding =
    content.toLowerCase() !== "identity" ? content : transfer.toLowerCase() !== "chunked" ? transfer : "";
  if (encoding !== "") throw fault("UPDATE_ENCODED", { url: shown(url), encoding });
}

function isReset(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ECONNRESET" || error.code === "EPIPE");
}
