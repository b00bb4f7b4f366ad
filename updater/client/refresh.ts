/**
 * The client workflow of TUF 5.3 to 5.6 for one repository: fetches in the order of the specification and hands each
 * file to `Trust`. It keeps nothing and commits nothing; the caller does, when both repositories came through.
 * `restore` replays kept files through the same checks.
 */
import { attemptSync } from "../../runtime/kernel/result.ts";
import { fault } from "../faults.ts";
import { type Place, readHeader } from "./header.ts";
import { DELEGATED_ROLES_MAX, type FetchLimits, ROOT_ROTATIONS_MAX, type Source } from "./source.ts";
import { type RepositoryFiles, Trust, type TrustOptions } from "./trust.ts";

export interface RefreshInput {
  readonly source: Source;
  readonly trust: TrustOptions;
  readonly limits: FetchLimits;
  /** The files committed before: the floor against rollback, and what need not be fetched again. */
  readonly previous: RepositoryFiles | undefined;
}

/** The top-level workflow, then every delegated role that the search for `paths` needs. Throws a Fault. */
export async function refreshRepository(
  input: RefreshInput,
  paths: (trust: Trust) => readonly string[],
): Promise<Trust> {
  const { previous } = input;
  const trust = new Trust(input.trust);
  for (const root of previous?.roots ?? []) followRoot(trust, input.trust, root);
  const onlineKeys = trust.onlineKeys();

  // 5.3: root, one version after the other; the first that is not there ends the chain.
  for (let step = 0; step < ROOT_ROTATIONS_MAX; step += 1) {
    const bytes = await input.source.metadata(`${trust.rootVersion + 1}.root.json`, input.limits.rootBytes);
    if (bytes === undefined) break;
    trust.root(bytes);
  }
  trust.rootIsFresh();
  // 5.3.11: when a key of timestamp or snapshot was taken away, what it signed is no floor (recovery from fast-forward).
  const online = new Set(trust.onlineKeys());
  const floor = onlineKeys.every((key) => online.has(key)) ? previous : undefined;

  // 5.4: timestamp.
  if (floor !== undefined) trust.recallTimestamp(floor.timestamp);
  trust.timestamp(await must(input, "timestamp", "timestamp.json", input.limits.timestampBytes));

  // 5.5: snapshot, fetched only if the timestamp names another one.
  if (floor === undefined || !trust.recallSnapshot(floor.snapshot)) {
    const { version, length } = trust.snapshotWanted;
    const name = trust.consistentSnapshot ? `${version}.snapshot.json` : "snapshot.json";
    trust.snapshot(await must(input, "snapshot", name, bound(input, "snapshot", length, input.limits.snapshotBytes)));
  }

  // 5.6: top-level targets, then delegated ones as the wanted paths lead to them.
  await loadTargets(trust, input, "targets", "root", previous?.targets);
  let delegated = 0;
  for (const path of paths(trust)) {
    for (let found = trust.find(path); found.kind === "missing"; found = trust.find(path)) {
      const { role, delegator } = found;
      if (++delegated > DELEGATED_ROLES_MAX) {
        const reason = `more than ${DELEGATED_ROLES_MAX} roles in one refresh`;
        throw fault("UPDATE_DELEGATION", { ...place(input, delegator), delegate: role, reason });
      }
      const kept = previous?.delegated.find((one) => one.role === role)?.bytes;
      await loadTargets(trust, input, role, delegator, kept);
    }
  }
  return trust;
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
  const { version } = readHeader(bytes, { repository: options.repository, role: "root" });
  if (version > trust.rootVersion) trust.root(bytes);
}

async function loadTargets(
  trust: Trust,
  input: RefreshInput,
  role: string,
  delegator: string,
  kept: Uint8Array | undefined,
): Promise<void> {
  const { version, length } = trust.targetsWanted(role);
  // Kept bytes serve again when they pass as if they had just arrived; otherwise what arrives is what counts.
  if (kept !== undefined && attemptSync(() => trust.targets(role, delegator, kept)).ok) return;
  const name = trust.consistentSnapshot ? `${version}.${role}.json` : `${role}.json`;
  const bytesMax = bound(input, role, length, input.limits.targetsBytes);
  trust.targets(role, delegator, await must(input, role, name, bytesMax));
}

/** Metadata that is named by other metadata, or is the timestamp, has to be there. */
async function must(input: RefreshInput, role: string, name: string, bytesMax: number): Promise<Uint8Array> {
  const bytes = await input.source.metadata(name, bytesMax);
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
