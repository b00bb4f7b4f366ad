/**
 * What is on this board, as the planner sees it. A *release* is the exact bytes: two builds of one version are two
 * releases. At most one release of a module is committed and at most one is a candidate in probation.
 */
import type { Capability, Cover } from "../../runtime/kernel/authority/capability.ts";
import { type EngineTerms, meetEngine } from "../../runtime/kernel/authority/engine.ts";
import type { Manifest } from "../../runtime/kernel/authority/manifest.ts";
import type { ModuleName, Sha256, TeamName, Version } from "../../runtime/kernel/brand.ts";

/** One admitted release with everything that is needed to start it again without network, policy or metadata. */
export interface Release {
  readonly team: TeamName;
  readonly name: ModuleName;
  readonly version: Version;
  readonly manifest: Manifest;
  readonly moduleSha256: Sha256;
  readonly moduleSize: number;
  readonly manifestSha256: Sha256;
  readonly bundleSha256: Sha256;
  /** Absent in what was recorded before releases were judged without the repository. */
  readonly bundleSize?: number;
  readonly releaseCounter: number;
  /** The director's grants it was admitted under and what they came to within the owner's ceiling. */
  readonly grants: readonly Cover[];
  readonly capabilities: readonly Capability[];
  /** How its code is run. Absent in what was recorded before policies spoke of it. */
  readonly engine?: EngineTerms;
  readonly probationS: number;
  /** Set when the policy or a floor spoke against it: it stays stopped, over restarts too, until a round clears it. */
  readonly stopped?: { readonly code: string; readonly reason: string };
  /** Without fresh director metadata for this long the grants end as if revoked. */
  readonly leaseS?: number;
}

export function termsOf({ engine, manifest }: Pick<Release, "engine" | "manifest">): EngineTerms {
  return engine ?? meetEngine(manifest.engine, manifest.limits, []);
}

export interface ModuleRecord {
  readonly name: ModuleName;
  readonly committed?: Release;
  readonly candidate?: Release;
  /** Releases that failed their probation here, newest last. */
  readonly failed: readonly FailedRelease[];
}

export interface FailedRelease {
  readonly version: Version;
  readonly moduleSha256: Sha256;
  /** The same code with another manifest is another release. Empty where it was not recorded: then any. */
  readonly manifestSha256: Sha256 | "";
  readonly code: string;
  readonly reason: string;
}

/** The digests of all bytes that this board may have to start again without asking anybody. */
export function digestsInUse(records: readonly ModuleRecord[]): readonly string[] {
  return records.flatMap(({ committed, candidate }) =>
    [committed, candidate].flatMap((one) =>
      one === undefined ? [] : [one.moduleSha256, one.manifestSha256, one.bundleSha256],
    ),
  );
}

/** Where records live; `agent/state/modules.ts` is the real one. Plain functions, to be called inside a transaction. */
export interface ModuleStore {
  list(): readonly ModuleRecord[];
  get(name: ModuleName): ModuleRecord | undefined;
  /** Records the candidate and counts the attempt at this exact release; returns the count. */
  saveCandidate(release: Release): number;
  /** The board could not even begin: takes the attempt back. */
  forgetAttempt(release: Release): void;
  /** New grants for the candidate that runs already; not another attempt. */
  updateCandidate(release: Release): void;
  clearCandidate(name: ModuleName): void;
  saveCommitted(release: Release): void;
  addFailed(name: ModuleName, failed: FailedRelease): void;
  clearFailed(name: ModuleName): void;
  remove(name: ModuleName): void;
  /** How often this release was put into probation without coming to an end. */
  attempts(release: Release): number;
}
