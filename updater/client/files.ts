/**
 * The raw files of a repository as a client keeps them: a whole verified state, or whatever came through before
 * something was refused.
 */

export interface DelegatedFile {
  readonly role: string;
  readonly delegator: string;
  readonly bytes: Uint8Array;
}

/** The raw files of one consistent, verified state: what the vault keeps and a proof can carry. */
export interface RepositoryFiles {
  /** Root versions after the pinned one, in order. */
  readonly roots: readonly Uint8Array[];
  readonly timestamp: Uint8Array;
  readonly snapshot: Uint8Array;
  readonly targets: Uint8Array;
  readonly delegated: readonly DelegatedFile[];
}

/** What a client kept from before: all of it, or what came through before something was refused. */
export interface KeptFiles {
  readonly roots: readonly Uint8Array[];
  readonly timestamp?: Uint8Array | undefined;
  readonly snapshot?: Uint8Array | undefined;
  readonly targets?: Uint8Array | undefined;
  readonly delegated: readonly { readonly role: string; readonly bytes: Uint8Array }[];
  /** The root versions under which these were trusted; the last of `roots` unless said otherwise. */
  readonly under?: { readonly timestamp?: number | undefined; readonly snapshot?: number | undefined } | undefined;
}

/** A file that has just become trusted. */
export interface TrustedFile {
  readonly role: string;
  readonly bytes: Uint8Array;
  /** The version of the root in force. */
  readonly rootVersion: number;
}
