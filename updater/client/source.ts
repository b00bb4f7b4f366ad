/**
 * Where a repository's files come from, as the refresh sees it: two verbs and their bounds. HTTP is one source; tests
 * and the simulator bring others. A source carries bytes and never judges them.
 */

export interface Source {
  /** A metadata file by name, or undefined if the repository does not have it (HTTP 404 and 403). Throws a Fault. */
  metadata(name: string, bytesMax: number): Promise<Uint8Array | undefined>;
  /** Exactly `length` bytes of the target at `path` in the tree, cut off there. Throws a Fault. */
  target(path: string, length: number): Promise<Uint8Array>;
  close(): void;
}

/** One page with every bound of the client. */
export interface FetchLimits {
  /** Longest silence of a server, milliseconds. */
  readonly idleMs: number;
  /** Longest time for one metadata file, and the fixed part for a target. */
  readonly totalMs: number;
  /** Slowest acceptable rate of a target: its length divided by this is added to `totalMs`. */
  readonly bytesPerSMin: number;
  readonly rootBytes: number;
  readonly timestampBytes: number;
  readonly snapshotBytes: number;
  readonly targetsBytes: number;
  readonly targetBytes: number;
}

export const defaultLimits: FetchLimits = {
  idleMs: 20_000,
  totalMs: 60_000,
  bytesPerSMin: 4_096,
  rootBytes: 512_000,
  timestampBytes: 16_384,
  snapshotBytes: 1_000_000,
  targetsBytes: 2_000_000,
  targetBytes: 64 * 1024 * 1024,
};

/** Root rotations followed in one refresh (TUF 5.3.3: "Y"); the rest follows in the next. */
export const ROOT_ROTATIONS_MAX = 32;
/** Delegated roles visited in one refresh (TUF 5.6.7.1). */
export const DELEGATED_ROLES_MAX = 64;
