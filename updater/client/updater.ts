/**
 * The updater of one board: opens the vault, refreshes both repositories as one transaction, answers from the last
 * committed state. It knows what is released and assigned; whether that may run is for others to say.
 */
import type { DeviceId } from "../../runtime/kernel/brand.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import { attempt, attemptSync, err, type Result } from "../../runtime/kernel/result.ts";
import { fault } from "../faults.ts";
import { openBlobs, type Usage } from "./blobs.ts";
import { fetchTarget } from "./fetch-target.ts";
import { fileSource, isFileAddress } from "./file-source.ts";
import type { RepositoryName } from "./header.ts";
import { httpSource } from "./http.ts";
import { refreshRepository, restore } from "./refresh.ts";
import { defaultLimits, type FetchLimits, type Source } from "./source.ts";
import type { RepositoryFiles, Trust, TrustOptions } from "./trust.ts";
import { openVault, readVault, torn, writeVault } from "./vault.ts";
import {
  assignedPaths,
  makeView,
  namedDigests,
  type ReleaseFloors,
  raiseFloors,
  type Target,
  type TrustedView,
} from "./view.ts";

export interface RepositoryAddress {
  readonly metadataUrl: string;
  readonly targetsUrl: string;
  /** The root.json that provisioning pinned. */
  readonly root: Uint8Array;
}

export interface UpdaterOptions {
  /** The updater's own state directory: the vault and `blobs/`. One updater at a time. */
  readonly directory: string;
  readonly image: RepositoryAddress;
  /** The director's addresses are this device's own. */
  readonly director: RepositoryAddress;
  readonly device: DeviceId;
  /** Trusted time in ms: max(system clock, floor). */
  now(): number;
  readonly limits?: Partial<FetchLimits>;
}

/** The metadata of both repositories as last trusted, for a proof bundle. */
export interface MetadataChain {
  readonly image: RepositoryFiles;
  readonly director: RepositoryFiles;
}

export interface Updater {
  /** True when the vault could not be used at start: the pinned roots are in force again, `vaultFault` says why. */
  readonly recovered: boolean;
  readonly vaultFault: Fault | undefined;
  /** Both repositories or nothing: one transaction, one durable write. Concurrent calls share one refresh. */
  refresh(): Promise<Result<TrustedView>>;
  /** The last committed view, after a restart too; expiry does not end it (DESIGN section 3.5). */
  view(): TrustedView | undefined;
  /** The bytes of a target of the last committed view, checked. */
  fetchTarget(target: Target): Promise<Result<Uint8Array>>;
  /** The files behind the view, for a proof bundle. */
  chain(): MetadataChain | undefined;
  /**
   * Says which stored targets must stay, by SHA-256, beside all that the committed metadata names for this board. From
   * then on the rest may go when room is needed; before the first call nothing goes.
   */
  keep(inUse: Iterable<string>): void;
  /** What the store of downloads holds, bytes. */
  usage(): Usage;
  close(): void;
}

interface Committed {
  readonly image: Trust;
  readonly director: Trust;
  readonly floors: ReleaseFloors;
  readonly view: TrustedView;
}

/** Opens a board's updater. Throws only for a disk that cannot be written and for an address that is none. */
export function openUpdater(options: UpdaterOptions): Updater {
  const limits: FetchLimits = { ...defaultLimits, ...options.limits };
  const vault = openVault(options.directory);
  const blobs = openBlobs(`${options.directory}/blobs`, limits.storeBytes);
  const sources = { image: sourceOf(options.image, limits), director: sourceOf(options.director, limits) };
  const trustOptions = (repository: RepositoryName, at: number): TrustOptions => {
    const { root: pinned } = options[repository];
    return repository === "director" ? { repository, pinned, at, device: options.device } : { repository, pinned, at };
  };

  let committed: Committed | undefined;
  let vaultFault: Fault | undefined;
  let refreshing: Promise<Result<TrustedView>> | undefined;
  let closed = false;
  let kept: ReadonlySet<string> | undefined;
  const pin = () => {
    if (kept === undefined) return;
    const named = committed === undefined ? [] : [committed.director, committed.image].flatMap(namedDigests);
    blobs.pin(new Set([...kept, ...named]));
  };

  const restored = attemptSync(() => {
    const kept = readVault(vault);
    if (!kept.ok) throw kept.error;
    if (kept.value === undefined) return undefined;
    // At time 0 nothing is expired: expiry stops admission, not what was committed.
    const image = restore(trustOptions("image", 0), kept.value.image);
    const director = restore(trustOptions("director", 0), kept.value.director);
    return complete(image, director, kept.value.floors);
  });
  if (restored.ok) committed = restored.value;
  else vaultFault = restored.error.code === "UPDATE_VAULT_TORN" ? restored.error : torn(vault, restored.error);

  async function refresh(): Promise<TrustedView> {
    const at = options.now();
    const before = committed;
    const input = (repository: RepositoryName) => ({
      source: sources[repository],
      trust: trustOptions(repository, at),
      limits,
      previous: before?.[repository].files(),
    });
    // Uptane 5.4.4.2: the director first, then of the image repository what the director's paths lead to.
    const director = await refreshRepository(input("director"), () => []);
    const image = await refreshRepository(input("image"), () => assignedPaths(director));
    const next = complete(image, director, raiseFloors(before?.floors ?? new Map(), image));
    if (before === undefined || stateOf(next) !== stateOf(before)) {
      writeVault(vault, { image: image.files(), director: director.files(), floors: next.floors });
    }
    committed = next;
    pin();
    return next.view;
  }

  return {
    recovered: vaultFault !== undefined,
    vaultFault,
    refresh() {
      if (closed) return Promise.resolve(err(fault("UPDATE_CLOSED")));
      refreshing ??= attempt(refresh).finally(() => {
        refreshing = undefined;
      });
      return refreshing;
    },
    view: () => committed?.view,
    fetchTarget: (target) =>
      attempt(async () => {
        if (closed) throw fault("UPDATE_CLOSED");
        if (committed === undefined) throw fault("UPDATE_NEVER_REFRESHED");
        const { consistentSnapshot } = committed[target.repository];
        const source = sources[target.repository];
        return await fetchTarget(target, { source, blobs, consistentSnapshot, limits });
      }),
    chain: () => committed && { image: committed.image.files(), director: committed.director.files() },
    keep(inUse) {
      kept = new Set(inUse);
      pin();
    },
    usage: () => blobs.usage(),
    close() {
      closed = true;
      for (const source of Object.values(sources)) source.close();
    },
  };
}

function sourceOf(address: RepositoryAddress, limits: FetchLimits): Source {
  return isFileAddress(address.metadataUrl) ? fileSource(address) : httpSource(address, limits);
}

/** A state with its view; it counts when it is in the vault. */
function complete(image: Trust, director: Trust, floors: ReleaseFloors): Committed {
  return { image, director, floors, view: makeView(image, director, floors) };
}

/** Tells whether two states are the same on disk: an idle poll must not wear the flash. */
function stateOf(one: Committed): string {
  const edges = (trust: Trust) => trust.files().delegated.map(({ role, delegator }) => `${delegator}>${role}`);
  return canonicalJson([one.view.versions, edges(one.image), Object.fromEntries(one.floors)]);
}
