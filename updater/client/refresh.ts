/**
 * The client workflow of TUF 5.3 to 5.6 for one repository: fetches in the order of the specification and hands each
 * file to `Trust`. It keeps nothing and commits nothing; the caller does, when both repositories came through.
 * `restore` replays kept files through the same checks.
 */
import { attemptSync } from "../../runtime/kernel/result.ts";
import { fault } from "../faults.ts";
import type { KeptFiles, RepositoryFiles, TrustedFile } from "./files.ts";
import { type Place, readHeader } from "./header.ts";
import { roleFileName } from "./profile.ts";
import { type FetchLimits, REFRESH_ROLES_MAX, ROOT_ROTATIONS_MAX, type Source } from "./source.ts";
import { Trust, type TrustOptions } from "./trust.ts";
import { type Found, SEARCH_WORK_MAX } from "./walk.ts";

export type { KeptFiles } from "./files.ts";

export interface RefreshInput {
  readonly source: Source;
  readonly trust: TrustOptions;
  readonly limits: FetchLimits;
  /** The files committed before: the floor against rollback, and what need not be fetched again. */
  readonly previous: KeptFiles | undefined;
  /** Told of each fetched file as it becomes trusted (5.3.8, 5.4.5, 5.5.7, 5.6.6), for who keeps them one by one. */
  keep?(file: TrustedFile): void;
}

/** The top-level workflow, then every delegated role that the search for `paths` needs. Throws a Fault. */
export async function refreshRepository(
  input: RefreshInput,
  paths: (trust: Trust) => readonly string[],
): Promise<Trust> {
  const trust = await refreshTopLevel(input);
  const search = makeSearch(trust, input);
  for (const path of paths(trust)) await search(path);
  return trust;
}

/** TUF 5.3 to 5.5, and 5.6 for the top-level targets. Throws a Fault. */
export async function refreshTopLevel(input: RefreshInput): Promise<Trust> {
  const { previous } = input;
  const trust = new Trust(input.trust);
  const onlineKeys = new Map([[trust.rootVersion, trust.onlineKeys()]]);
  for (const root of previous?.roots ?? []) {
    followRoot(trust, input.trust, root);
    onlineKeys.set(trust.rootVersion, trust.onlineKeys());
  }
  const keptRoot = trust.rootVersion;

  // 5.3: root, one version after the other; the first that is not there ends the chain.
  for (let step = 0; step < ROOT_ROTATIONS_MAX; step += 1) {
    const bytes = await input.source.metadata(`${trust.rootVersion + 1}.root.json`, input.limits.rootBytes, {
      unlikely: true,
    });
    if (bytes === undefined) break;
    trust.root(bytes);
    onlineKeys.set(trust.rootVersion, trust.onlineKeys());
    keep(trust, input, "root", bytes);
  }
  trust.rootIsFresh();
  const { timestamp: timestampRoot = keptRoot, snapshot: snapshotRoot = keptRoot } = previous?.under ?? {};
  const seen = Math.max(timestampRoot, snapshotRoot);
  // The kept roots may be damaged where what was trusted under them is not: then those have to be served again.
  if (trust.rootVersion < seen) {
    throw fault("UPDATE_ROLLBACK", { ...place(input, "root"), offered: trust.rootVersion, trusted: seen });
  }
  // 5.3.11: when a key of timestamp or snapshot was taken away, what it signed is no floor (recovery from fast-forward).
  const online = new Set(trust.onlineKeys());
  const isFloor = (root: number) => (onlineKeys.get(root) ?? []).every((key) => online.has(key));
  const keptTimestamp = isFloor(timestampRoot) ? previous?.timestamp : undefined;
  const keptSnapshot = isFloor(snapshotRoot) ? previous?.snapshot : undefined;

  // 5.4: timestamp.
  if (keptTimestamp !== undefined) trust.recallTimestamp(keptTimestamp);
  const timestamp = await must(input, "timestamp", "timestamp.json", input.limits.timestampBytes, keptTimestamp);
  if (trust.timestamp(timestamp)) keep(trust, input, "timestamp", timestamp);

  // 5.5: snapshot, fetched only if the timestamp names another one.
  if (keptSnapshot === undefined || !trust.recallSnapshot(keptSnapshot)) {
    const { version, length } = trust.snapshotWanted;
    const name = trust.consistentSnapshot ? `${version}.snapshot.json` : "snapshot.json";
    const bytes = await must(input, "snapshot", name, bound(input, "snapshot", length, input.limits.snapshotBytes));
    trust.snapshot(bytes);
    keep(trust, input, "snapshot", bytes);
  }

  // 5.6: top-level targets; delegated ones as wanted paths lead to them.
  await loadTargets(trust, input, "targets", "root", previous?.targets);
  return trust;
}

/**
 * The search for targets (5.6.7), which loads the delegated roles it needs; all searches of one refresh share the bound
 * on their number and on the work of following them. Throws a Fault.
 */
export function makeSearch(trust: Trust, input: RefreshInput): (path: string) => Promise<Found> {
  let delegated = 0;
  const work = { left: SEARCH_WORK_MAX };
  return async (path) => {
    let found = trust.find(path, work);
    for (; found.kind === "missing"; found = trust.find(path, work)) {
      const { role, delegator } = found;
      if (++delegated > REFRESH_ROLES_MAX) {
        const reason = `more than ${REFRESH_ROLES_MAX} roles in one refresh`;
        throw fault("UPDATE_DELEGATION", { ...place(input, delegator), delegate: role, reason });
      }
      const kept = input.previous?.delegated.find((one) => one.role === role)?.bytes;
      await loadTargets(trust, input, role, delegator, kept);
    }
    return found;
  };
}

/** Verifies kept files again, in the order in which they were trusted. Throws a Fault. */
export function restore(options: TrustOptions, files: RepositoryFiles): Trust {
  const trust = new Trust(options);
  for (const root of files.roots) followRoot(trust, options, root);
  trust.rootIsFresh();
  trust.timestamp(files.timestamp);
  trust.snapshot(files.snapshot);
  trust.targets("targets", "root", files.targets);
  for (const { role, delegator, bytes } of files.delegated) trust.targets(role, delegator, bytes);
  return trust;
}

/** A newer program may pin a newer root than the one the files were kept under; what it has passed is skipped. */
function followRoot(trust: Trust, options: TrustOptions, bytes: Uint8Array): void {
  const { version } = readHeader(bytes, { repository: options.repository, role: "root" }, options.profile?.entriesMax);
  if (version > trust.rootVersion) trust.root(bytes);
}

/** 5.6.1 to 5.6.6 for one role that `delegator`, which is loaded, leads to. Throws a Fault. */
export async function loadTargets(
  trust: Trust,
  input: RefreshInput,
  role: string,
  delegator: string,
  kept: Uint8Array | undefined,
): Promise<void> {
  const { version, length } = trust.targetsWanted(role);
  // Another delegator led here before: the same file has to hold for this one.
  const loaded = trust.loaded(role);
  if (loaded !== undefined) return trust.targets(role, delegator, loaded);
  // Kept bytes serve again when they pass as if they had just arrived; otherwise what arrives is what counts.
  if (kept !== undefined && attemptSync(() => trust.targets(role, delegator, kept)).ok) return;
  const file = roleFileName(role);
  const name = trust.consistentSnapshot ? `${version}.${file}.json` : `${file}.json`;
  const bytes = await must(input, role, name, bound(input, role, length, input.limits.targetsBytes));
  trust.targets(role, delegator, bytes);
  keep(trust, input, role, bytes);
}

function keep(trust: Trust, input: RefreshInput, role: string, bytes: Uint8Array): void {
  input.keep?.({ role, bytes, rootVersion: trust.rootVersion });
}

/** Metadata that is named by other metadata, or is the timestamp, has to be there. */
async function must(
  input: RefreshInput,
  role: string,
  name: string,
  bytesMax: number,
  held?: Uint8Array,
): Promise<Uint8Array> {
  const bytes = await input.source.metadata(name, bytesMax, { held });
  if (bytes === undefined) throw fault("UPDATE_METADATA_MISSING", { ...place(input, role), name });
  return bytes;
}

/** The announced length, when there is one, within what this board accepts for such a file. */
function bound(input: RefreshInput, role: string, length: number | undefined, bytesMax: number): number {
  if (length === undefined) return bytesMax;
  if (length > bytesMax) {
    const what = `${input.trust.repository} ${role}`;
    throw fault("UPDATE_TOO_LARGE", { what, size: length, max: bytesMax });
  }
  return length;
}

function place(input: RefreshInput, role: string): Place {
  return { repository: input.trust.repository, role };
}
