/** What the call families share: one holder's ledger, handles and ways out. */

import type { GuestEvent, HostAnswer, HostCall } from "../../runtime/index.ts";
import { SP } from "../../runtime/index.ts";
import { fromUtf8 } from "../../runtime/kernel/bytes.ts";
import type { Clock } from "../../runtime/kernel/world.ts";
import type { Handle, Handles } from "../handles.ts";
import type { Ledger } from "../ledger.ts";
import type { Board } from "../open-board.ts";

/** What the agent does for a module behind its capabilities; the agent's side of the broker. */
export interface ModuleServices {
  /** ≥ 0 when accepted; at QoS 1 only after it is durable. */
  publish(channel: string, payload: Uint8Array, qos: 0 | 1, retain: boolean): number | Promise<number>;
  subscribe(channel: string): void;
  kvGet(key: string): Uint8Array | undefined;
  /** SP_EQUOTA when keys and values would exceed `limitBytes`. */
  kvSet(key: string, value: Uint8Array, limitBytes: number): number | Promise<number>;
  kvDelete(key: string): number | Promise<number>;
}

export interface CallContext {
  readonly board: Board;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly handles: Handles;
  readonly services: ModuleServices;
  post(event: GuestEvent): void;
}

export type CallFunction = (context: CallContext, call: HostCall) => HostAnswer | Promise<HostAnswer>;

export function answer(value: number): HostAnswer {
  return { value };
}

export function int(call: HostCall, index: number): number {
  return Number(call.ints[index] ?? 0n);
}

/** A name or key as text; undefined when it is not UTF-8. */
export function text(call: HostCall, index: number): string | undefined {
  return fromUtf8(call.bytes[index] ?? new Uint8Array(0));
}

/** The open handle in the first scalar, of the wanted kind (`gpio:` …), or the error to give. */
export function handleOf({ handles }: CallContext, call: HostCall, kind: string): Handle | number {
  const handle = handles.get(int(call, 0));
  if (handle === undefined || !handle.capability.startsWith(kind)) return SP.EBADF;
  return handle;
}

export function openHandle({ handles }: CallContext, capability: string): number {
  return handles.open(capability) ?? SP.EQUOTA;
}

export function nowNs(clock: Clock): bigint {
  return BigInt(Math.trunc(clock.now())) * 1_000_000n;
}
