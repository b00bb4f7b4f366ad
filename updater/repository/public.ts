/**
 * The public part of both repositories as anybody sees it, wherever it lies: a directory, an archive, a server. Read
 * through the client's own refresh, so what comes out is what a board would believe.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { TargetFile } from "@tufjs/models";
import { type DeviceId, deviceId, type Sha256 } from "../../runtime/kernel/brand.ts";
import { readBounded } from "../../runtime/kernel/durable.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import { attempt, type Result } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { fileSource, isFileAddress } from "../client/file-source.ts";
import { httpSource } from "../client/http.ts";
import { loadTargets, type RefreshInput, refreshRepository } from "../client/refresh.ts";
import { defaultLimits, type Source } from "../client/source.ts";
import type { Trust, TrustOptions } from "../client/trust.ts";
import { assignedPaths } from "../client/view.ts";
import { deltaPath, deltasOf } from "../delta.ts";
import { hashedPath } from "../layout.ts";
import type { Tree } from "./layout.ts";

const ROOT_BYTES_MAX = 512_000;
/** Something to look for below a team's prefix, so that the search loads the team's role. */
const ANY = "any/0.0.0/manifest.json";

/** A file below `targets`, with what was signed about it. */
export interface NamedFile {
  readonly kind: "targets" | "deltas";
  /** The target's path, or the delta's. */
  readonly path: string;
  /** Where it lies below `targets`. */
  readonly place: string;
  readonly length: number;
  readonly sha256: string;
}

export interface PublicOptions {
  readonly source: Source;
  /** Version 1 of the root, or any later one that is trusted. */
  readonly root: Uint8Array;
  /** Set for a director's tree: whose it is. */
  readonly device?: DeviceId;
  /** When, ms: expiry is judged against it. */
  readonly at: number;
}

/** One repository with every role it delegates to. */
export function readPublic({ source, root, device, at }: PublicOptions): Promise<Result<Trust>> {
  const trust: TrustOptions =
    device === undefined
      ? { repository: "image", pinned: root, at }
      : { repository: "director", pinned: root, at, device };
  const input: RefreshInput = { source, trust, limits: defaultLimits, previous: undefined };
  return attempt(async () => {
    const read = await refreshRepository(input, device === undefined ? teamPaths : () => []);
    // A board reads the bins (TAP 15) of what it is assigned; here it is all of them.
    for (const { role, targets } of read.loadedRoles()) {
      for (const bin of targets.delegations?.succinctRoles?.getRoles() ?? []) {
        if (read.role(bin, role) === undefined) await loadTargets(read, input, bin, role, undefined);
      }
    }
    return read;
  });
}

/** The same, past its expiry too, which is then told. */
export async function readExpired(options: PublicOptions, report: (fault: Fault) => void): Promise<Trust | undefined> {
  const first = await readPublic(options);
  if (first.ok) return first.value;
  report(first.error);
  if (first.error.code !== "UPDATE_STALE") return undefined;
  const timeless = await readPublic({ ...options, at: 0 });
  if (!timeless.ok) report(timeless.error);
  return timeless.ok ? timeless.value : undefined;
}

/** What lies at `below/metadata/` and `below/targets/` of an address: of a server, a directory or an archive. */
export function openPublic(base: string, below: string): Source {
  const at = (part: string) => `${base.replace(/\/*$/, "")}/${below}/${part}/`;
  const addresses = { metadataUrl: at("metadata"), targetsUrl: at("targets") };
  return isFileAddress(base) ? fileSource(addresses) : httpSource(addresses, defaultLimits);
}

/** Version 1 of a tree's root. */
export function firstRoot(tree: Tree): Result<Uint8Array> {
  return readBounded(join(tree.metadata, "1.root.json"), ROOT_BYTES_MAX);
}

/** Every target and delta that the image repository names. */
export function imageFiles(image: Trust): readonly NamedFile[] {
  return image.loadedRoles().flatMap(({ targets }) =>
    Object.entries(targets.targets).flatMap(([path, target]) => {
      const digest = digestOf(target);
      const deltas = deltasOf(target.unrecognizedFields["custom"]).map(({ from, length, sha256 }): NamedFile => {
        const place = deltaPath(digest, from);
        return { kind: "deltas", path: place, place, length, sha256 };
      });
      return [named(path, target), ...deltas];
    }),
  );
}

/** What lies in a device's own tree: all that is assigned and not the image repository's to serve. */
export function directorFiles(director: Trust): readonly NamedFile[] {
  const elsewhere = new Set(assignedPaths(director));
  return Object.entries(director.topTargets().targets)
    .filter(([path]) => !elsewhere.has(path))
    .map(([path, target]) => named(path, target));
}

/** The devices that a tree of directors has folders for. */
export function devicesIn(folder: string): readonly DeviceId[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const parsed = parseShape(deviceId, name, "a device folder");
    return parsed.ok ? [parsed.value] : [];
  });
}

function teamPaths(image: Trust): readonly string[] {
  const roles = Object.values(image.topTargets().delegations?.roles ?? {});
  return roles.flatMap(({ paths }) =>
    (paths ?? []).map((pattern) => pattern.replace("*/*/*", ANY).replaceAll("*", "any")),
  );
}

function named(path: string, target: TargetFile): NamedFile {
  const digest = digestOf(target);
  return { kind: "targets", path, place: hashedPath(path, digest), length: target.length, sha256: digest };
}

function digestOf(target: TargetFile): Sha256 {
  const { sha256 = "" } = target.hashes;
  return sha256 as Sha256;
}
