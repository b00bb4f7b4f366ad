/**
 * A target's bytes over a line that breaks: each attempt begins where the last one ended (RFC 9110 section 14), after a
 * pause that grows and is jittered. Whatever a server answers to that, the sink holds one run of bytes from the start;
 * whether they are one file is for the hash to say.
 */
import { Fault } from "../../runtime/kernel/fault.ts";
import type { Random } from "../../runtime/kernel/world.ts";
import { fault } from "../faults.ts";
import type { Body, Exchange, Head } from "./exchange.ts";
import { shown } from "./proxy.ts";
import type { FetchLimits, Sink } from "./source.ts";
import { etagOf } from "./validators.ts";

export interface ResumeOptions {
  readonly url: URL;
  /** The path in the tree, for facts. */
  readonly path: string;
  /** The signed length, bytes. */
  readonly length: number;
  readonly sink: Sink;
  readonly limits: FetchLimits;
  readonly random: Random;
  send(ask: Exchange): Promise<Head>;
  /** Rejects with UPDATE_CLOSED when the transport is closed meanwhile. */
  sleep(ms: number): Promise<void>;
  /** Refuses when large downloads are not allowed now, else says when that ends. */
  admit(bytes: number): Exchange["cut"];
}

const PAUSE_FIRST_MS = 500;
const PAUSE_LONGEST_MS = 30_000;
/** An attempt that brought so many bytes more than any before was worth its while. */
const PROGRESS_BYTES = 65_536;
/** Statuses that time may mend (RFC 9110 section 15, RFC 6585). */
const PASSING_STATUS: ReadonlySet<unknown> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Resolves when the sink has exactly `length` bytes. Rejects with a Fault. */
export async function downloadTarget(options: ResumeOptions): Promise<void> {
  const { length, sink, limits, random } = options;
  let etag: string | undefined;
  let failures = 0;
  let best = sink.received();
  while (sink.received() < length) {
    const one = makeAttempt(options, etag);
    const why = await tried(options, one);
    etag = one.etag;
    const progress = sink.received() >= best + PROGRESS_BYTES;
    best = Math.max(best, sink.received());
    if (why === undefined) continue;
    failures = progress ? 1 : failures + 1;
    if (failures >= limits.attempts || one.retryAfterMs > PAUSE_LONGEST_MS) throw why;
    const pauseMs = Math.min(PAUSE_FIRST_MS * 2 ** (failures - 1), PAUSE_LONGEST_MS);
    if (!one.misled) await options.sleep(Math.max(one.retryAfterMs, pauseMs * (0.5 + random.fraction())));
  }
}

/** Undefined when all came, a Fault after which another attempt is worth its while. Rejects with every other. */
async function tried(options: ResumeOptions, one: Attempt): Promise<Fault | undefined> {
  const { url, path, length, sink } = options;
  try {
    await options.send(one.ask);
  } catch (error) {
    if (error instanceof Fault && (one.misled || isPassing(error))) return error;
    throw error;
  }
  const actual = sink.received();
  if (actual < one.end) throw fault("UPDATE_TARGET_LENGTH", { path, expected: length, actual });
  // A shorter range than was asked for is allowed; it counts, so that nobody serves byte by byte for ever.
  return actual < length ? fault("UPDATE_HTTP_STATUS", { url: shown(url), status: 206 }) : undefined;
}

interface Attempt {
  readonly ask: Exchange;
  /** The strong tag of the file that the sink's bytes are of, as far as this server said. */
  etag: string | undefined;
  /** How many bytes the sink has if the answer keeps its word. */
  end: number;
  retryAfterMs: number;
  /** What the sink had could not be continued; the next attempt begins from nothing, at once. */
  misled: boolean;
}

function makeAttempt({ url, path, length, sink, limits, admit }: ResumeOptions, etag: string | undefined): Attempt {
  const from = sink.received();
  const headers: Record<string, string> = { "accept-encoding": "identity", "user-agent": "sallyport" };
  if (from > 0) headers["range"] = `bytes=${from}-`;
  // Without a tag of this server (another mirror's bytes, or another process's) the hash alone decides.
  if (from > 0 && etag !== undefined) headers["if-range"] = etag;

  const status = (code: number) => fault("UPDATE_HTTP_STATUS", { url: shown(url), status: code });
  const tooLong = (actual: number) => fault("UPDATE_TARGET_LENGTH", { path, expected: length, actual });
  const startOver = (code: number) => {
    sink.restart();
    one.etag = undefined;
    one.misled = true;
    return status(code);
  };
  const body = (end: number): Body => {
    one.end = end;
    return { bytesMax: end - sink.received(), append: (chunk) => sink.append(chunk) };
  };

  function onHead(head: Head): Body {
    const tag = etagOf(head);
    const strong = tag?.startsWith('"') === true ? tag : undefined;
    if (head.status === 206 && from > 0) {
      const range = contentRange(head.header("content-range"));
      const changed = etag !== undefined && strong !== undefined && strong !== etag;
      if (range === undefined || range.start !== from || range.end >= length || changed) throw startOver(206);
      if (range.size !== undefined && range.size !== length) throw startOver(206);
      if (head.length !== undefined && head.length !== range.end + 1 - from) throw startOver(206);
      one.etag = strong ?? etag;
      return body(range.end + 1);
    }
    if (head.status === 416 && from > 0) throw startOver(416);
    if (head.status !== 200) {
      const afterS = Number(head.header("retry-after") ?? "");
      one.retryAfterMs = afterS > 0 ? afterS * 1000 : 0;
      throw status(head.status);
    }
    if (head.length !== undefined && head.length !== length) throw tooLong(head.length);
    if (from > 0) sink.restart();
    one.etag = strong;
    return body(length);
  }
  const totalMs = limits.totalMs + ((length - from) / limits.bytesPerSMin) * 1000;
  const ask: Exchange = { method: "GET", url, headers, totalMs, cut: admit(length - from), onHead };
  const one: Attempt = { ask, etag, end: length, retryAfterMs: 0, misled: false };
  return one;
}

function contentRange(text = ""): { start: number; end: number; size: number | undefined } | undefined {
  const [, start, end, size] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(text) ?? [];
  if (start === undefined || end === undefined || Number(start) > Number(end)) return undefined;
  return { start: Number(start), end: Number(end), size: size === "*" ? undefined : Number(size) };
}

function isPassing(why: Fault): boolean {
  if (why.code === "UPDATE_HTTP_STATUS") return PASSING_STATUS.has(why.facts["status"]);
  return why.kind === "network" && why.code !== "UPDATE_TLS" && why.code !== "UPDATE_PROXY";
}
