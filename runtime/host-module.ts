/**
 * The seam between engine and device: host functions as data. The engine knows names, signatures and how bytes cross;
 * it does not know what a GPIO line is or who granted it. `devices/host.ts` supplies the table and the port.
 *
 * A function is answered in one of two places. `by: "worker"`: a closed set of cheap answers given inside the guest's
 * worker (nanoseconds), after the right's word in shared memory was compared (`AuthorityPort`). `by: "broker"`: the call
 * crosses to the agent's thread through shared memory and waits (microseconds).
 */

/** ABI error numbers, shared/ABI header `sallyport.h`: results below zero. */
export const SP = {
  EDENIED: -1,
  EREVOKED: -2,
  ENOENT: -3,
  EINVAL: -4,
  EAGAIN: -5,
  ERATE: -6,
  EQUOTA: -7,
  EBADF: -8,
  ETIMEDOUT: -9,
  EIO: -10,
  ENOSUP: -11,
  ETOOBIG: -12,
  EFAULT: -13,
} as const;

/** Event kinds of `sp_handle`. */
export const EVENT = { BOOT: 1, TICK: 2, MESSAGE: 3, EDGE: 4, SAMPLE: 5, REVOKED: 6, STOP: 7 } as const;

/**
 * How a parameter crosses. `bytes-in` is two i32 (pointer, length), copied out of the guest before anything looks at
 * it, refused with SP_ETOOBIG over `max`. `bytes-out` is two i32 (pointer, capacity): the answer's bytes are copied up to the
 * capacity. `struct-out` is one i32 pointer to `size` bytes. A pointer outside the memory gives SP_EFAULT.
 */
export type Param =
  | { readonly as: "i32"; readonly name: string }
  | { readonly as: "i64"; readonly name: string }
  | { readonly as: "bytes-in"; readonly name: string; readonly max: number }
  | { readonly as: "bytes-out"; readonly name: string; readonly max: number }
  | { readonly as: "struct-out"; readonly name: string; readonly size: number };

/** What the worker itself can answer. */
export type LocalAnswer = "abi-version" | "clock-now" | "random-get" | "identity-get" | "event-read" | "log";

export interface HostFunction {
  readonly name: string;
  readonly params: readonly Param[];
  readonly result: "i32" | "i64";
  readonly answered: { readonly by: "worker"; readonly with: LocalAnswer } | { readonly by: "broker" };
}

export interface HostModule {
  /** Import module name, e.g. `sallyport_v1`. */
  readonly name: string;
  readonly functions: readonly HostFunction[];
}

/** One crossing call: scalar arguments in order, then the copied `bytes-in` arguments in order. */
export interface HostCall {
  readonly name: string;
  readonly ints: readonly bigint[];
  readonly bytes: readonly Uint8Array[];
  /** Capacity of the `bytes-out` parameter or size of the `struct-out`; 0 when there is none. */
  readonly capacity: number;
}

/** `value` is the guest's result; `out` fills the out parameter (only when `value` ≥ 0). */
export interface HostAnswer {
  readonly value: number;
  readonly out?: Uint8Array;
}

/** The broker's end. May answer later (a publish at QoS 1 answers after its row is committed); must not throw. */
export interface HostPort {
  call(call: HostCall): HostAnswer | Promise<HostAnswer>;
}

/** Rights that the worker checks by itself: one word each in shared memory. */
export const LOCAL_RIGHTS = ["clock", "random", "identity"] as const;
export type LocalRight = (typeof LOCAL_RIGHTS)[number];
/** A command's directory, by its capability; a word each as well. */
export type DirectoryRight = `dir:${string}`;

/**
 * Whether a right still holds. 0 or an SP error. For worker-answered functions it compares the generation the grant was
 * given in with the word the broker increments on revocation, at each use of a command's directory as well.
 */
export interface AuthorityPort {
  check(right: LocalRight | DirectoryRight, cost: number): number;
}
