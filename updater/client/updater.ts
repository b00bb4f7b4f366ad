/**
 * The updater of one board: opens its memory, refreshes both repositories as one transaction, answers from the last
 * committed state. It knows what is released and assigned; whether that may run is for others to say.
 */
import { assert } from "../../runtime/kernel/assert.ts";
import type { DeviceId } from "../../runtime/kernel/brand.ts";
import { ensureDirectory } from "../../runtime/kernel/durable.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import { attempt, err, type Result } from "../../runtime/kernel/result.ts";
import { fault } from "../faults.ts";
import { openBlobs, type Usage } from "./blobs.ts";
import { type Counter, fileCounter } from "./counter.ts";
import { onDisk, onDiskAsync } from "./disk.ts";
import { fetchTarget } from "./fetch-target.ts";
import type { RepositoryFiles, TrustedFile } from "./files.ts";
import type { RepositoryName } from "./header.ts";
import { type Addresses, openTransport, type TransportOptions } from "./http.ts";
import { type Lock, type Processes, takeLock } from "./lock.ts";
import { refreshRepository } from "./refresh.ts";
import { openShelf, type Shelf } from "./shelf.ts";
import { defaultLimits, type FetchLimits, type Source } from "./source.ts";
import type { TrustOptions } from "./trust.ts";
import { openTrustMemory, type Pair } from "./trust-memory.ts";
import { assignedPaths, type Hardware, makeView, namedDigests, type Target, type TrustedView } from "./view.ts";

export interface RepositoryAddress extends Addresses {
  /** Where the same files are as well; asked when these are not served or not good. */
  readonly mirrors?: readonly Addresses[] | undefined;
  /** The root.json that provisioning pinned. */
  readonly root: Uint8Array;
}

export interface UpdaterOptions {
  /** The updater's own state directory: the vault, roots, floors and `blobs/`. One updater at a time, by a lock. */
  readonly directory: string;
  readonly image: RepositoryAddress;
  /** The director's addresses are this device's own. */
  readonly director: RepositoryAddress;
  readonly device: DeviceId;
  /** What this board is: releases for other hardware are refused. */
  readonly hardware: Hardware;
  /** Trusted time in ms: max(system clock, floor). */
  now(): number;
  readonly limits?: Partial<FetchLimits>;
  /** The way to the repositories: proxy, certificates, bandwidth, download window. */
  readonly transport?: TransportOptions;
  /** Where commits are counted outside `directory`, so that a restored backup of it is noticed; not at all without. */
  readonly counterFile?: string;
  /** Another counter than a file, such as a TPM's. */
  readonly counter?: Counter;
  /** Other boards are served from here (`shelf`): deltas are kept for them. */
  readonly forNeighbours?: boolean;
  /** Told why a delta was of no use and the whole file was fetched: UPDATE_DELTA, or what its download met. */
  onNotice?(why: Fault): void;
  /** The processes of this machine, for the lock. */
  readonly processes?: Processes;
}

/** The metadata of both repositories as last trusted, for a proof bundle. */
export interface MetadataChain {
  readonly image: RepositoryFiles;
  readonly director: RepositoryFiles;
}

export interface Updater {
  /** True when something of the memory was damaged or put back at start; `vaultFault` is the gravest of `notices`. */
  readonly recovered: boolean;
  readonly vaultFault: Fault | undefined;
  /** UPDATE_RESTORED, UPDATE_FLOORS_LOST, UPDATE_VAULT_TORN, UPDATE_COUNTER, as far as they hold, gravest first. */
  readonly notices: readonly Fault[];
  /** How many states this board has committed. */
  commits(): number;
  /** Both repositories or nothing: one transaction, one durable write. Concurrent calls share one refresh. */
  refresh(): Promise<Result<TrustedView>>;
  /** The last committed view, after a restart too; expiry does not end it (DESIGN section 3.5). */
  view(): TrustedView | undefined;
  /** The bytes of a target, checked: from the store, also before the first refresh, or from its repository. */
  fetchTarget(target: Target): Promise<Result<Uint8Array>>;
  /** The files behind the view, for a proof bundle. */
  chain(): MetadataChain | undefined;
  /**
   * Says which stored targets must stay, by SHA-256, beside all that the committed metadata names for this board. From
   * then on the rest may go when room is needed; before the first call nothing goes.
   */
  keep(inUse: Iterable<string>): void;
  /** What may be shown to other boards of the image repository as it was committed last. */
  readonly shelf: Shelf;
  /** What the store of downloads holds, bytes. */
  usage(): Usage;
  close(): void;
}

/** Opens a board's updater. Throws UPDATE_LOCKED, UPDATE_DISK, and UPDATE_NETWORK for an address that is none. */
export function openUpdater(options: UpdaterOptions): Updater {
  const limits: FetchLimits = { ...defaultLimits, ...options.limits };
  const transport = openTransport(limits, { now: options.now, ...options.transport });
  const mirrorsOf = (address: RepositoryAddress) => transport.mirrors([address, ...(address.mirrors ?? [])]);
  const mirrors = { image: mirrorsOf(options.image), director: mirrorsOf(options.director) };
  const trustOptions = (repository: RepositoryName, at: number): TrustOptions => {
    const { root: pinned } = options[repository];
    return repository === "director" ? { repository, pinned, at, device: options.device } : { repository, pinned, at };
  };

  const { directory, counterFile } = options;
  const counter = options.counter ?? (counterFile === undefined ? undefined : fileCounter(counterFile));
  const lock = onDisk(() => {
    ensureDirectory(directory, 0o700);
    return takeLock(directory, options.processes);
  });
  const { memory, blobs } = opened(lock, () => ({
    memory: openTrustMemory({ directory, counter, trust: trustOptions }),
    blobs: openBlobs(`${directory}/blobs`, limits.storeBytes),
  }));

  let shown: { readonly of: Pair; readonly view: TrustedView } | undefined;
  const view = (): TrustedView | undefined => {
    const of = memory.committed();
    if (of === undefined) return undefined;
    if (shown?.of !== of) shown = { of, view: makeView(of.image, of.director, of.floors, options.hardware) };
    return shown.view;
  };
  let refreshing: Promise<Result<TrustedView>> | undefined;
  let closed = false;
  let kept: ReadonlySet<string> | undefined;
  const pin = () => {
    if (kept === undefined) return;
    const committed = memory.committed();
    const named = committed === undefined ? [] : [committed.director, committed.image].flatMap(namedDigests);
    blobs.pin(new Set([...kept, ...named]));
  };

  async function refresh(): Promise<TrustedView> {
    const at = options.now();
    const input = (repository: RepositoryName, source: Source) => ({
      source,
      trust: trustOptions(repository, at),
      limits,
      previous: memory.previous(repository),
      keep({ role, bytes, rootVersion }: TrustedFile) {
        if (role === "root" && !closed) memory.keepRoot(repository, rootVersion, bytes);
      },
    });
    // Uptane 5.4.4.2: the director first, then of the image repository what the director's paths lead to.
    const director = await mirrors.director.each(async (source) => {
      const trust = await refreshRepository(input("director", source), () => []);
      memory.check("director", trust);
      return trust;
    });
    const image = await mirrors.image.each(async (source) => {
      const trust = await refreshRepository(input("image", source), () => assignedPaths(director));
      memory.check("image", trust);
      return trust;
    });
    if (closed) throw fault("UPDATE_CLOSED");
    memory.commit(image, director);
    pin();
    const committed = view();
    assert(committed !== undefined, "what was committed is shown");
    return committed;
  }

  const fetching = new Map<string, Promise<Result<Uint8Array>>>();
  async function bytesOf(target: Target): Promise<Uint8Array> {
    if (closed) throw fault("UPDATE_CLOSED");
    const committed = memory.committed();
    if (committed === undefined) {
      // What was admitted before starts again, whatever became of the metadata.
      const stored = blobs.read(target.sha256, target.length);
      if (stored === undefined) throw fault("UPDATE_NEVER_REFRESHED");
      return stored;
    }
    const { consistentSnapshot } = committed[target.repository];
    const keepDeltas = options.forNeighbours === true;
    const onNotice = (why: Fault) => options.onNotice?.(why);
    return await mirrors[target.repository].each(
      (source) => fetchTarget(target, { source, blobs, consistentSnapshot, limits, keepDeltas, onNotice }),
      "targets",
    );
  }

  return {
    recovered: memory.notices.length > 0,
    vaultFault: memory.notices[0],
    notices: memory.notices,
    commits: () => memory.commits(),
    refresh() {
      if (closed) return Promise.resolve(err(fault("UPDATE_CLOSED")));
      refreshing ??= attempt(() => onDiskAsync(refresh)).finally(() => {
        refreshing = undefined;
      });
      return refreshing;
    },
    view,
    fetchTarget(target) {
      // One download of the same bytes at a time: both would write to one staging file.
      const under = fetching.get(target.sha256);
      if (under !== undefined) return under;
      const mine = attempt(() => onDiskAsync(() => bytesOf(target))).finally(() => fetching.delete(target.sha256));
      fetching.set(target.sha256, mine);
      return mine;
    },
    chain() {
      const committed = memory.committed();
      return committed && { image: committed.image.files(), director: committed.director.files() };
    },
    keep(inUse) {
      kept = new Set(inUse);
      pin();
    },
    shelf: openShelf({
      committed: () => memory.committed()?.image,
      pinned: options.image.root,
      file: blobs.file,
    }),
    usage: () => blobs.usage(),
    close() {
      closed = true;
      transport.close();
      for (const one of Object.values(mirrors)) one.close();
      lock.release();
    },
  };
}

/** What is opened under a lock that nobody would release if it failed. */
function opened<T>(lock: Lock, open: () => T): T {
  try {
    return onDisk(open);
  } catch (error) {
    lock.release();
    throw error;
  }
}
