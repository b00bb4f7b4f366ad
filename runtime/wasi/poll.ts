/**
 * poll_oneoff: waits until one of several things is so. Files are always ready; standard input says whether it is; clocks
 * are waited for through the embedder, who may break the wait off: EINTR, and the program runs on.
 */
import type { Calls, Context } from "./context.ts";
import type { Entry } from "./descriptors.ts";
import * as host from "./host-files.ts";
import type { WasiSource } from "./options.ts";
import { CLOCK, ERRNO, EVENT_TYPE, RIGHT, WasiError } from "./preview1.ts";

const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const SUBSCRIPTIONS_MAX = 4096;
const ABSOLUTE = 1;
/** Longest single wait: what a timer takes. */
const WAIT_MS_MAX = 0x7fff_ffff;

interface Subscription {
  readonly userdata: bigint;
  readonly type: number;
  /** Why it can never be so; the event says it. */
  readonly errno: number;
  /** Of a clock: when it is over, by the monotonic clock. */
  readonly deadline?: bigint;
  /** Of a descriptor. */
  readonly entry?: Entry;
}

export function pollCalls(ctx: Context): Pick<Calls, "poll_oneoff"> {
  const { memory } = ctx;
  return {
    poll_oneoff(from, to, count, written) {
      if (count === 0 || count > SUBSCRIPTIONS_MAX) throw new WasiError("inval");
      memory.expect(to, count * EVENT_BYTES);
      memory.expect(written, 4);
      const list = memory.bytes(from, count * SUBSCRIPTION_BYTES).slice();
      const all = Array.from({ length: count }, (_, n) =>
        subscription(ctx, new DataView(list.buffer, n * SUBSCRIPTION_BYTES, SUBSCRIPTION_BYTES)),
      );
      let events = all.filter((one) => isSo(ctx, one));
      while (events.length === 0) {
        wait(ctx, all);
        events = all.filter((one) => isSo(ctx, one));
      }
      for (const [n, one] of events.entries()) memory.put(to + n * EVENT_BYTES, event(one));
      memory.putU32(written, events.length);
    },
  };
}

function subscription(ctx: Context, view: DataView): Subscription {
  const userdata = view.getBigUint64(0, true);
  const type = view.getUint8(8);
  try {
    if (type === EVENT_TYPE.clock) return { userdata, type, errno: 0, deadline: deadlineOf(ctx, view) };
    if (type !== EVENT_TYPE.read && type !== EVENT_TYPE.write) throw new WasiError("inval");
    const right = type === EVENT_TYPE.read ? RIGHT.fd_read : RIGHT.fd_write;
    const entry = ctx.descriptors.get(view.getUint32(16, true), right | RIGHT.poll_fd_readwrite);
    if (entry.kind === "directory") throw new WasiError("isdir");
    return { userdata, type, errno: 0, entry };
  } catch (error) {
    if (!(error instanceof WasiError)) throw error;
    return { userdata, type, errno: error.errno };
  }
}

function deadlineOf({ options, descriptors }: Context, view: DataView): bigint {
  const { clocks } = options;
  const id = view.getUint32(16, true);
  const timeout = view.getBigUint64(24, true);
  if (clocks === undefined) throw new WasiError("notsup");
  if (id !== CLOCK.realtime && id !== CLOCK.monotonic) throw new WasiError("inval");
  descriptors.ask("clock", "clock", 1);
  const now = clocks.monotonic();
  if ((view.getUint16(40, true) & ABSOLUTE) === 0) return now + timeout;
  return id === CLOCK.monotonic ? timeout : now + timeout - clocks.realtime();
}

function isSo({ options }: Context, { type, errno, deadline, entry }: Subscription): boolean {
  if (errno !== 0) return true;
  if (deadline !== undefined) return (options.clocks?.monotonic() ?? 0n) >= deadline;
  return type === EVENT_TYPE.write || waitable(entry)?.ready(0) !== false;
}

/** A source that can be waited for. */
function waitable(entry: Entry | undefined): (WasiSource & Required<Pick<WasiSource, "ready">>) | undefined {
  const source = entry?.kind === "stream" ? entry.source : undefined;
  return source?.ready === undefined ? undefined : (source as WasiSource & Required<Pick<WasiSource, "ready">>);
}

/** Until the first deadline, or input. */
function wait({ options }: Context, all: readonly Subscription[]): void {
  const now = options.clocks?.monotonic() ?? 0n;
  let ms = WAIT_MS_MAX;
  let source: ReturnType<typeof waitable>;
  for (const { deadline, type, entry } of all) {
    if (deadline !== undefined) ms = Math.min(ms, Math.max(0, Number(deadline - now) / 1e6));
    else if (type === EVENT_TYPE.read) source ??= waitable(entry);
  }
  if (source !== undefined) source.ready(Math.ceil(ms));
  else if (options.wait === undefined) throw new WasiError("notsup");
  else if (options.wait(ms) === "stop") throw new WasiError("intr");
}

function event({ userdata, type, errno, entry }: Subscription): Uint8Array {
  const bytes = new Uint8Array(EVENT_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, userdata, true);
  view.setUint16(8, errno, true);
  bytes[10] = type;
  if (errno === ERRNO.success && type !== EVENT_TYPE.clock) view.setBigUint64(16, bytesAt(entry, type), true);
  return bytes;
}

/** How many bytes there are to read; where that is not known, or to write, one at least. */
function bytesAt(entry: Entry | undefined, type: number): bigint {
  if (entry?.kind !== "file" || type !== EVENT_TYPE.read) return 1n;
  const left = host.statOf(entry.fd).size - BigInt(entry.offset);
  return left < 0n ? 0n : left;
}
