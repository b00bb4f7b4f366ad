/**
 * What is released, read from a team's signed targets: pure functions over metadata. The custom record of the manifest
 * target is the index; the module and the bundle carry the same facts.
 */
import type { TargetFile, Targets } from "@tufjs/models";
import {
  type Manifest,
  parseManifest,
  type ReleaseCustom,
  releaseCustomShape,
  releasePaths,
} from "../../runtime/kernel/authority/manifest.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { DELTAS_MAX } from "../delta.ts";
import { fault } from "./faults.ts";

/** Largest attestation bundle: what boards read of one. */
const BUNDLE_BYTES_MAX = 4_000_000;

export interface ReleaseInput {
  readonly manifest: Uint8Array;
  readonly module: Uint8Array;
  readonly bundle: Uint8Array;
  /** `<board profile>/<guest ABI>` pairs, or `any/<abi>`. */
  readonly hardware: readonly string[];
  /** Raised on purpose by a security release: boards refuse every release whose counter is below it. */
  readonly releaseFloor?: number;
  /** To this release deltas are made from that many earlier ones, at most DELTAS_MAX; 3 when absent. */
  readonly deltas?: number;
  readonly onProgress?: OnProgress;
}

/** Told how many bytes of the work are done, and of how many: code compared for deltas, files written. */
export type OnProgress = (doneBytes: number, ofBytes: number) => void;

export interface Release {
  readonly team: string;
  readonly name: string;
  readonly version: string;
  readonly releaseCounter: number;
  readonly releaseFloor: number;
  readonly hardware: readonly string[];
  readonly manifestSha256: string;
  readonly moduleSha256: string;
  readonly moduleBytes: number;
  /** Why it was taken back, if it was. */
  readonly yanked?: string;
}

/** The manifest, if it is one and pins exactly this code. Throws a Fault. */
export function checkInput(input: ReleaseInput): Manifest {
  const manifest = unwrap(parseManifest(input.manifest));
  const { module: modulePath } = releasePaths(manifest.team, manifest.name, manifest.version);
  const { path, sha256: pinned, size } = manifest.entry;
  const mismatch = (field: string, said: string | number, actual: string | number) =>
    fault("REPO_MANIFEST_MISMATCH", { field, said, actual });
  if (path !== modulePath) throw mismatch("entry.path", path, modulePath);
  if (size !== input.module.byteLength) throw mismatch("entry.size", size, input.module.byteLength);
  if (pinned !== sha256(input.module)) throw mismatch("entry.sha256", pinned, sha256(input.module));
  const { deltas: count = 0 } = input;
  if (count > DELTAS_MAX) throw fault("REPO_DELTAS", { count, max: DELTAS_MAX });
  if (input.bundle.byteLength > BUNDLE_BYTES_MAX) {
    throw fault("REPO_TOO_LARGE", { what: "the bundle", size: input.bundle.byteLength, max: BUNDLE_BYTES_MAX });
  }
  return manifest;
}

/** The teams that the owner delegates to. */
export function teamsIn(targets: Targets): readonly string[] {
  return Object.keys(targets.delegations?.roles ?? {}).flatMap((role) => /^team-(.+)$/.exec(role)?.[1] ?? []);
}

/** Every release that these entries of a team make up, oldest first. */
export function releasesIn(targets: Readonly<Record<string, TargetFile>>): readonly Release[] {
  const found: Release[] = [];
  for (const [path, target] of Object.entries(targets)) {
    const custom = customOf(target.custom);
    if (custom?.kind !== "manifest") continue;
    const { team, name, version, releaseCounter, releaseFloor, hardware, yanked } = custom;
    const files = releasePaths(team, name, version);
    const code = targets[files.module];
    if (path !== files.manifest || code === undefined) continue;
    const { sha256: manifestSha256 = "" } = target.hashes;
    const { sha256: moduleSha256 = "" } = code.hashes;
    const back = yanked === undefined ? {} : { yanked };
    const index = { team, name, version, releaseCounter, releaseFloor, hardware, ...back };
    found.push({ ...index, manifestSha256, moduleSha256, moduleBytes: code.length });
  }
  return found.sort((a, b) => a.name.localeCompare(b.name) || a.releaseCounter - b.releaseCounter);
}

function customOf(custom: Record<string, unknown>): ReleaseCustom | undefined {
  const { sallyport } = custom;
  const parsed = parseShape(releaseCustomShape, sallyport, "a release's custom record");
  return parsed.ok ? parsed.value : undefined;
}

/** The facts of the next release of a module: its counter is one above the highest, its floor never falls. */
export function nextFacts(
  manifest: Manifest,
  input: ReleaseInput,
  before: readonly Release[],
): Omit<ReleaseCustom, "kind"> {
  const { team, name, version } = manifest;
  const releaseCounter = Math.max(0, ...before.map((one) => one.releaseCounter)) + 1;
  const releaseFloor = Math.max(input.releaseFloor ?? 0, ...before.map((one) => one.releaseFloor));
  if (releaseFloor > releaseCounter) throw fault("REPO_FLOOR", { floor: releaseFloor, counter: releaseCounter });
  const facts = { team, name, version, releaseCounter, releaseFloor, hardware: input.hardware };
  unwrap(parseShape(releaseCustomShape, { kind: "manifest", ...facts }, "the release"));
  return facts;
}
