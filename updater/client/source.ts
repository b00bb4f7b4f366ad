/**
 * Where a repository's files come from, as the refresh sees it: two verbs and their bounds. HTTP is one source; tests
 * and the simulator bring others. A source carries bytes and never judges them.
 */

/** Where a target's bytes go as they arrive; what it has already, it had from an earlier attempt. */
export interface Sink {
  /** How many bytes are there. A source that can continue begins after them, every other calls `restart`. */
  received(): number;
  append(chunk: Uint8Array): void;
  restart(): void;
}

export interface Hints {
  /** The bytes the caller holds of this file: a source that knows them to be the newest may answer with these. */
  readonly held?: Uint8Array | undefined;
  /** The file is probably not there: a source may ask whether it is before it asks for it. */
  readonly unlikely?: boolean;
}

export interface Source {
  /** A metadata file by name, or undefined if the repository does not have it (HTTP 404 and 403). Throws a Fault. */
  metadata(name: string, bytesMax: number, hints?: Hints): Promise<Uint8Array | undefined>;
  /** The target at `path` in the tree into `sink`, until it has exactly `length` bytes, cut off there. Throws a Fault. */
  target(path: string, length: number, sink: Sink): Promise<void>;
  close(): void;
}

/** One page with every bound of the client. */
export interface FetchLimits {
  /** Longest silence of a server, milliseconds. */
  readonly idleMs: number;
  /** Longest time for one metadata file, and the fixed part for a target. */
  readonly totalMs: number;
  /** Slowest acceptable rate: in each `speedWindowMs`, and a target's length divided by this is added to `totalMs`. */
  readonly bytesPerSMin: number;
  /** Over what time the rate is looked at, milliseconds: the longest stall that a lively line may have. */
  readonly speedWindowMs: number;
  /** Bytes of an answer's head. */
  readonly headBytes: number;
  /** Attempts at a target, one after the other, that bring it no further. */
  readonly attempts: number;
  readonly rootBytes: number;
  readonly timestampBytes: number;
  readonly snapshotBytes: number;
  readonly targetsBytes: number;
  readonly targetBytes: number;
  /** Memory that applying a delta may take; above it the whole file is fetched. */
  readonly deltaMemoryBytes: number;
  /** What the store of downloads may hold, unfinished ones included. */
  readonly storeBytes: number;
}

export const defaultLimits: FetchLimits = {
  idleMs: 20_000,
  totalMs: 60_000,
  bytesPerSMin: 4_096,
  speedWindowMs: 30_000,
  headBytes: 16_384,
  attempts: 4,
  rootBytes: 512_000,
  timestampBytes: 16_384,
  snapshotBytes: 1_000_000,
  targetsBytes: 2_000_000,
  targetBytes: 64 * 1024 * 1024,
  deltaMemoryBytes: 256 * 1024 * 1024,
  storeBytes: 1024 * 1024 * 1024,
};

/**
 * Root rotations followed in one refresh (TUF 5.3.3: "Y"), more than any board can have missed: what lies in between may
 * be expired, and a refresh that ends there is refused. Roots are kept even then, so the next one goes on from them.
 */
export const ROOT_ROTATIONS_MAX = 256;
/** Delegated roles visited in the search for one target (TUF 5.6.7.1). */
export const DELEGATED_ROLES_MAX = 64;
/** Delegated roles loaded in one refresh: of 64 modules each may have its team's role and three hash bins (TAP 15). */
export const REFRESH_ROLES_MAX = 256;

/** A sink in memory, for at most `length` bytes. */
export function memorySink(length: number): Sink & { bytes(): Uint8Array } {
  const all = new Uint8Array(length);
  let at = 0;
  return {
    received: () => at,
    append(chunk) {
      all.set(chunk, at);
      at += chunk.byteLength;
    },
    restart() {
      at = 0;
    },
    bytes: () => all.subarray(0, at),
  };
}
