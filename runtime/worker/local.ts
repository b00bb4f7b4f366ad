/**
 * What the worker answers by itself, in nanoseconds: version, clock, random, identity, the current event, the log. The
 * rights behind them were decided by the broker; each call compares the right's word in shared memory with the value it
 * had when the grant was given, so a revocation is seen by the very next call.
 */
import { type AuthorityPort, LOCAL_RIGHTS, type LocalAnswer, SP } from "../host-module.ts";
import { utf8 } from "../kernel/bytes.ts";
import type { GuestLog } from "./guest-log.ts";
import { type EventMessage, type GuestStart, rightWord, type Shared } from "./protocol.ts";

export const ABI_VERSION = 1;

/** Loaded when a guest first asks: most never do, and it is a quarter of what a thread loads. */
const crypto = () => process.getBuiltinModule("node:crypto");

export function createAuthority(start: GuestStart, { words }: Shared): AuthorityPort {
  const { local } = start;
  const given = new Map<string, { readonly word: number; readonly generation: number }>();
  const held = LOCAL_RIGHTS.filter((right) => local[right] !== undefined);
  for (const right of [...held, ...(local.directories ?? []).map(({ name }) => `dir:${name}` as const)]) {
    const word = rightWord(right, local);
    if (word !== undefined) given.set(right, { word, generation: Atomics.load(words, word) });
  }
  return {
    check(right) {
      const one = given.get(right);
      if (one === undefined) return SP.EDENIED;
      return Atomics.load(words, one.word) === one.generation ? 0 : SP.EREVOKED;
    },
  };
}

export interface LocalContext {
  readonly start: GuestStart;
  readonly authority: AuthorityPort;
  readonly log: GuestLog;
  /** The event being handled; undefined between events. */
  event(): EventMessage | undefined;
}

/** `ints`: scalar arguments; `input`: copied bytes; `out`: the guest's buffer to fill. Returns the result. */
export type LocalFunction = (ints: readonly number[], input: Uint8Array, out: Uint8Array) => number | bigint;

export function localFunctions(context: LocalContext): Readonly<Record<LocalAnswer, LocalFunction>> {
  const { start, authority, log } = context;
  return {
    "abi-version": () => ABI_VERSION,
    log([level = 0], input) {
      log.write(level, input);
      return 0;
    },
    "clock-now"([id = 0]) {
      const held = authority.check("clock", 1);
      if (held < 0) return BigInt(held);
      if (id !== 0 && id !== 1) return BigInt(SP.EINVAL);
      const ms = id === 0 ? performance.timeOrigin + performance.now() : performance.now();
      // Coarse: whole milliseconds, so that a module cannot time what its neighbours do.
      return start.local.clock === "fine" ? BigInt(Math.round(ms * 1e6)) : BigInt(Math.floor(ms)) * 1_000_000n;
    },
    "random-get"(_ints, _input, out) {
      const held = authority.check("random", out.byteLength);
      if (held < 0) return held;
      crypto().randomFillSync(out);
      return out.byteLength;
    },
    "identity-get"([what = -1], _input, out) {
      const held = authority.check("identity", 1);
      if (held < 0) return held;
      const { deviceId, moduleName, moduleVersion } = start.identity;
      const text = [deviceId, moduleName, moduleVersion][what];
      if (text === undefined) return SP.EINVAL;
      if (start.local.identity?.includes(what === 0 ? "device-id" : "module") !== true) return SP.EDENIED;
      return fill(out, utf8(text));
    },
    "event-read"([part = -1], _input, out) {
      const event = context.event();
      const bytes = part === 0 ? event?.name : part === 1 ? event?.payload : undefined;
      return bytes === undefined ? SP.ENOENT : fill(out, bytes);
    },
  };
}

/** Copies as much as fits and returns the full length, so that a guest can ask again with room enough. */
function fill(out: Uint8Array, bytes: Uint8Array): number {
  out.set(bytes.subarray(0, out.byteLength));
  return bytes.byteLength;
}
