/**
 * The interface both tiers implement, and the guest as the rest of the project sees it: one worker thread per module,
 * one call at a time, every call with a deadline. Whoever holds a `Guest` holds the leash.
 */

import type { DirectoryRight, HostModule, HostPort, LocalRight } from "./host-module.ts";
import type { Fault } from "./kernel/fault.ts";
import type { Result } from "./kernel/result.ts";
import type { Clock } from "./kernel/world.ts";
import type { ExternKind, Module } from "./module/module.ts";

export interface GuestLimits {
  /** 64 KiB pages; the Loader clamps every memory's maximum to it. */
  readonly memoryPages: number;
  readonly tableElements: number;
  /** Wall-clock bound of one call, milliseconds; `start` and `sp_init` count as one call each. */
  readonly callMs: number;
  /** Log lines accepted per minute; the rest is counted and dropped inside the worker. */
  readonly logLinesPerMin: number;
}

export interface GuestIdentity {
  readonly deviceId: string;
  readonly moduleName: string;
  readonly moduleVersion: string;
}

/** A module that passed Loader and Validator: bytes V8 may see, with every limit already clamped. */
export interface LoadedModule {
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes as published, before clamping. */
  readonly sha256: string;
  /** The module as published, decoded. */
  readonly module: Module;
  readonly imports: readonly (FunctionType & { readonly module: string; readonly name: string })[];
  /** `type` for functions only. */
  readonly exports: readonly { readonly name: string; readonly kind: ExternKind; readonly type?: FunctionType }[];
}

/** Value types by their text names, e.g. `i32`. */
export interface FunctionType {
  readonly params: readonly string[];
  readonly results: readonly string[];
}

/** The rights a worker answers by itself, as granted: absent means denied. */
export interface LocalGrants {
  readonly clock?: "coarse" | "fine";
  readonly random?: true;
  readonly identity?: readonly ("device-id" | "module")[];
  /** Of a command; at most COMMAND_DIRECTORIES. */
  readonly directories?: readonly DirectoryGrant[];
}

export interface DirectoryGrant {
  /** The command sees it as `/NAME`; its capability is `dir:NAME`. */
  readonly name: string;
  readonly hostPath: string;
  readonly mode: "ro" | "rw";
  /** What its files may come to; see WasiOptions. */
  readonly bytes: number;
}
/** Words for so many lie in the block that a guest and its host share. */
export const COMMAND_DIRECTORIES = 16;

/** A guest that is a WASI command: `_start` instead of events, and no functions of the host module. */
export interface CommandStart {
  readonly args: readonly string[];
  /** `NAME=VALUE`. */
  readonly env: readonly string[];
}

/** How fuel is counted: not at all, as a bound by blocks, to the unit. The interpreter counts to the unit, always. */
export type FuelGrade = "none" | "block" | "exact";

/** How a guest's code is made and counted, beside its limits. */
export interface GuestGrade {
  readonly fuel: FuelGrade;
  /**
   * Units of fuel that one call may use, with a grade other than `none`; more ends the guest with the trap `out-of-fuel`.
   * The start function, `_initialize` and `sp_init` are a call each.
   */
  readonly fuelPerCall?: number;
  /** Every result that the specification leaves open is one result: NaN bits, relaxed instructions (profile DET). */
  readonly deterministic: boolean;
}
export const PLAIN_GRADE: GuestGrade = { fuel: "none", deterministic: false };

export interface GuestOptions {
  readonly module: LoadedModule;
  readonly host: HostModule;
  readonly port: HostPort;
  readonly limits: GuestLimits;
  /** PLAIN_GRADE unless given. */
  readonly grade?: GuestGrade;
  readonly identity: GuestIdentity;
  readonly local: LocalGrants;
  readonly clock: Clock;
  readonly cache?: CodeCache;
  /** Present for a WASI command, whose output is its log. */
  readonly command?: CommandStart;
  /** Log lines the guest wrote, after rate limiting; `dropped` counts lines refused since the last batch. */
  onLog(lines: readonly { readonly level: number; readonly text: string }[], dropped: number): void;
}

/** One event for `sp_handle(kind, handle, t_ns, arg)`; `name` and `payload` are what `event_read` parts 0 and 1 give. */
export interface GuestEvent {
  readonly kind: number;
  readonly handle: number;
  readonly timeNs: bigint;
  readonly arg: number;
  readonly name?: Uint8Array;
  readonly payload?: Uint8Array;
  /** How many events of this kind and name may wait for a busy guest; the oldest of them goes first. */
  readonly queueLimit?: number;
}

/** Why a guest is no longer running. */
export type GuestEnd =
  | { readonly why: "stopped" }
  | { readonly why: "trap"; readonly code: string; readonly message: string; readonly memoryAtMaximum: boolean }
  | { readonly why: "deadline"; readonly callMs: number; readonly memoryAtMaximum: boolean }
  | { readonly why: "worker"; readonly message: string };

/**
 * Why a guest of the tier `auto` stays in the interpreter. `shape`: it imports other things than functions, has tables of
 * exceptions, or more globals and segments than fit. `objects`: a global, a table or a segment held an object of the
 * garbage-collected heap, an exception or a number of the host's. `size`: memories and tables were too large to be copied
 * between two calls. `busy`: a call stood still in the middle. `refused`: the instrumenter or the host's compiler refused
 * the module. `failed`: the host had no room for the copy.
 */
export type Stay = "shape" | "objects" | "size" | "busy" | "refused" | "failed";

export interface GuestStats {
  /** The tier it runs in now; `auto` is none. */
  readonly tier: Exclude<Tier, "auto">;
  /** Only of the tier `auto`, from when it is known. */
  readonly stays?: Stay;
  readonly calls: number;
  readonly hostCalls: number;
  readonly busyMs: number;
  readonly memoryPages: number;
}

export interface Guest {
  /** Runs `sp_init` (when exported), then returns its result; a negative result is the guest's own refusal to start. */
  init(): Promise<Result<number, Fault>>;
  /** Runs a command's `_start`, once; its exit status. The whole run is one call: `callMs` bounds it. */
  run(): Promise<Result<number, Fault>>;
  /** Delivers one event. Calls are serialised; the result is `sp_handle`'s. Fails with ENGINE_GUEST_ENDED after the end. */
  handle(event: GuestEvent): Promise<Result<number, Fault>>;
  /** Resolves once, when the guest ended by itself or was ended. */
  readonly ended: Promise<GuestEnd>;
  /** Increments the right's word: the next worker-answered call under it gives SP_EREVOKED, in WASI `notcapable`. */
  revokeLocal(right: LocalRight | DirectoryRight): void;
  /**
   * Lets a running call stand still where it is, until `resume`; its deadline goes on. False where the tier cannot. A call
   * that waits for a host function stands still when it has the answer.
   */
  pause(): boolean;
  resume(): void;
  stats(): GuestStats;
  /** Ends the worker, running call or not. Idempotent. */
  terminate(): Promise<void>;
}

/**
 * `metered`: the host's compilers over code that we put a leash into. `interpreter`: ours, where the host may generate no
 * code. `v8`: the host's compilers over the module as it is; only ending the thread stops it. `auto`: begins in the
 * interpreter while the code for `metered` is prepared, and goes on there between two calls.
 */
export type Tier = "metered" | "interpreter" | "v8" | "auto";
export const TIERS = ["metered", "interpreter", "v8", "auto"] as const satisfies readonly Tier[];

/**
 * Keeps what a tier prepared, beyond the life of a process; what comes back was checked against its digest. Neither call
 * throws; `put` comes when the guest is on its way already.
 */
export interface CodeCache {
  get(key: string): Uint8Array | undefined;
  put(key: string, bytes: Uint8Array): void;
}

/** A tier. `start` compiles and instantiates in a fresh worker; the start function runs under the deadline. */
export interface Engine {
  readonly tier: Tier;
  start(options: GuestOptions): Promise<Result<Guest, Fault>>;
  /** A module that nobody has prepared yet may come soon: what prepares it is made ready meanwhile. */
  warm?(): void;
  /** Keeps a thread for the next module started, at the price of some 7 MB; off unless asked for. */
  keepSpare?(wanted: boolean): void;
}
