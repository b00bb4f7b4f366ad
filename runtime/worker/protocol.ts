/**
 * What the leash and the guest's thread share: one block of shared memory and a handful of messages.
 *
 * The block's control words: who has the turn, the running call's arguments and answer, memory pages, host-call count
 * and one word per local right. Behind them lie the scalar arguments and the bytes. The worker writes a request, sets
 * TURN to HOST, posts an empty message and waits on TURN; the host writes the answer, sets TURN to GUEST and wakes it.
 */

import {
  COMMAND_DIRECTORIES,
  type CommandStart,
  type GuestGrade,
  type GuestIdentity,
  type LocalGrants,
  type Stay,
  type Tier,
} from "../engine.ts";
import type { PreparedCode, Trap } from "../guest-code.ts";
import type { DirectoryRight, HostModule, LocalRight } from "../host-module.ts";
import { LOCAL_RIGHTS } from "../host-module.ts";
import { assert } from "../kernel/assert.ts";
import { ENGINE_LIMITS } from "../limits.ts";

/** Indices of 32-bit control words. */
export const WORD = {
  turn: 0,
  fn: 1,
  ints: 2,
  parts: 3,
  capacity: 4,
  value: 5,
  out: 6,
  pages: 7,
  hostCalls: 8,
  firstLength: 9,
  secondLength: 10,
  rights: 12,
  directories: 16,
} as const;
export const TURN = { guest: 0, host: 1 } as const;

const CONTROL_BYTES = 4 * (WORD.directories + COMMAND_DIRECTORIES);
const INTS_MAX = 8;
const DATA_AT = CONTROL_BYTES + INTS_MAX * 8;
export const SHARED_BYTES = DATA_AT + ENGINE_LIMITS.crossingBytes;

export interface Shared {
  readonly words: Int32Array;
  readonly ints: BigInt64Array;
  readonly data: Uint8Array;
}

export function shared(buffer: SharedArrayBuffer): Shared {
  return {
    words: new Int32Array(buffer, 0, CONTROL_BYTES / 4),
    ints: new BigInt64Array(buffer, CONTROL_BYTES, INTS_MAX),
    data: new Uint8Array(buffer, DATA_AT),
  };
}

/** Undefined for a directory that was not given. */
export function rightWord(right: LocalRight | DirectoryRight, local: LocalGrants): number | undefined {
  const fixed = LOCAL_RIGHTS.indexOf(right as LocalRight);
  if (fixed >= 0) return WORD.rights + fixed;
  const place = local.directories?.findIndex((one) => right === `dir:${one.name}`) ?? -1;
  assert(place < COMMAND_DIRECTORIES, "a word for each directory");
  return place < 0 ? undefined : WORD.directories + place;
}

/** What the worker is started with. */
export interface GuestStart {
  readonly tier: Tier;
  readonly buffer: SharedArrayBuffer;
  /** As admitted; empty for a tier whose code is prepared elsewhere. */
  readonly wasm: Uint8Array;
  readonly grade: GuestGrade;
  readonly host: HostModule;
  readonly identity: GuestIdentity;
  readonly local: LocalGrants;
  readonly logLinesPerMin: number;
  readonly command: CommandStart | undefined;
}

export interface EventMessage {
  readonly op: "handle";
  readonly kind: number;
  readonly handle: number;
  readonly timeNs: bigint;
  readonly arg: number;
  readonly name: Uint8Array | undefined;
  readonly payload: Uint8Array | undefined;
}

/** Host to worker: one at a time, each answered by `done` or `trap`. */
export type ToGuest =
  | { readonly op: "instantiate"; readonly prepared: PreparedCode | undefined }
  | { readonly op: "init" }
  | { readonly op: "run" }
  /** To a thread of the tier `auto` whose code is not prepared yet: it gets the interpreter ready. */
  | { readonly op: "load" }
  /** To a guest of the tier `auto` that has not moved. */
  | { readonly op: "move"; readonly prepared: PreparedCode }
  | EventMessage;

export interface LogLine {
  readonly level: number;
  readonly text: string;
}

/** Worker to host. `cross`: a request lies in shared memory. */
export type FromGuest =
  | { readonly op: "up" }
  /** Before anything of the guest's runs. */
  | { readonly op: "made"; readonly leash: SharedArrayBuffer | undefined; readonly stays: Stay | undefined }
  /** It did, or it stays where it is. */
  | { readonly op: "moved"; readonly leash: SharedArrayBuffer | undefined; readonly stays: Stay | undefined }
  | { readonly op: "done"; readonly value: number }
  | { readonly op: "trap"; readonly trap: Trap }
  | { readonly op: "cross" }
  | { readonly op: "log"; readonly lines: readonly LogLine[]; readonly dropped: number };
