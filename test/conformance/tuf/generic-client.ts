/**
 * One repository, no director, no vault: the client that the conformance protocol asks for, over the board's own
 * refresh, search and HTTP code. What differs from the board: the generic profile, trusted files kept one by one as the
 * specification has it (5.3.8, 5.4.5, 5.5.7, 5.6.6), and targets in plain files under their encoded paths.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { TargetFile } from "@tufjs/models";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { ensureDirectory, readBounded, writeDurable } from "../../../runtime/kernel/durable.ts";
import { httpSource } from "../../../updater/client/http.ts";
import { takeLock } from "../../../updater/client/lock.ts";
import { genericTuf } from "../../../updater/client/profile.ts";
import { makeSearch, type RefreshInput, refreshTopLevel } from "../../../updater/client/refresh.ts";
import { type FetchLimits, memorySink, type Source } from "../../../updater/client/source.ts";
import type { Trust } from "../../../updater/client/trust.ts";
import { fault } from "../../../updater/faults.ts";
import { openMetadataDir } from "./metadata-dir.ts";

export interface ClientOptions {
  readonly directory: string;
  readonly metadataUrl: string;
  readonly targetsUrl: string;
  /** The time against which expiry is judged, ms. */
  readonly at: number;
  readonly limits: FetchLimits;
}

export interface GenericClient {
  /** Refreshes, then fetches the named targets into `targetDir` one after the other. Throws a Fault. */
  run(names: readonly string[], targetDir: string): Promise<void>;
  close(): void;
}

const NAME_CHARS_MAX = 200;
/** What the specification names and what repositories use; a hash of another kind vouches for nothing here. */
const HASHES: readonly string[] = ["sha256", "sha384", "sha512"];

export function genericClient(options: ClientOptions): GenericClient {
  const source = httpSource(options, options.limits);
  return {
    async run(names, targetDir) {
      const lock = takeLock(options.directory);
      try {
        const metadata = openMetadataDir(options.directory);
        const input: RefreshInput = {
          source,
          trust: { repository: "image", pinned: metadata.pinned, at: options.at, profile: genericTuf },
          limits: options.limits,
          previous: metadata.kept,
          keep: (file) => metadata.keep(file),
        };
        const trust = await refreshTopLevel(input);
        const search = makeSearch(trust, input);
        for (const path of names) {
          const found = await search(path);
          if (found.kind !== "found") throw fault("UPDATE_TARGET_MISSING", { path, repository: "image" });
          await fetchInto(targetDir, found.target, trust, source, options.limits);
        }
      } finally {
        lock.release();
      }
    },
    close: () => source.close(),
  };
}

async function fetchInto(
  directory: string,
  target: TargetFile,
  trust: Trust,
  source: Source,
  limits: FetchLimits,
): Promise<void> {
  const { path, length, hashes } = target;
  // A relative URL cannot carry these parts: `..` leads elsewhere even when it is encoded, and `//` to another host.
  if (path.startsWith("/") || path.split("/").some((part) => part === "." || part === "..")) {
    throw fault("UPDATE_PATH_REFUSED", { path, asked: "a URL can carry" });
  }
  ensureDirectory(directory);
  const file = join(directory, fileName(path));
  const cached = readBounded(file, length);
  if (cached.ok && mismatch(target, cached.value) === undefined) return;
  if (length > limits.targetBytes) {
    throw fault("UPDATE_TOO_LARGE", { what: path, size: length, max: limits.targetBytes });
  }
  const cut = path.lastIndexOf("/") + 1;
  const [first] = Object.values(hashes);
  // 5.7.3: with consistent snapshots, any one of the hashes stands before the last part of the path.
  const located =
    trust.consistentSnapshot && first !== undefined ? `${path.slice(0, cut)}${first}.${path.slice(cut)}` : path;
  const sink = memorySink(length);
  await source.target(located.split("/").map(encodeURIComponent).join("/"), length, sink);
  const bytes = sink.bytes();
  const wrong = mismatch(target, bytes);
  if (wrong !== undefined) throw wrong;
  writeDurable(file, bytes);
}

/** Every signed hash has to be one that is known here, and to hold. */
function mismatch({ path, length, hashes }: TargetFile, bytes: Uint8Array) {
  if (bytes.byteLength !== length) {
    return fault("UPDATE_TARGET_LENGTH", { path, expected: length, actual: bytes.byteLength });
  }
  const signed = Object.entries(hashes);
  if (signed.length === 0) return fault("UPDATE_TARGET_HASH", { path, expected: "none", actual: sha256(bytes) });
  for (const [algorithm, expected] of signed) {
    const actual = HASHES.includes(algorithm) ? createHash(algorithm).update(bytes).digest("hex") : "not computed";
    if (actual !== expected) return fault("UPDATE_TARGET_HASH", { path, expected: `${algorithm} ${expected}`, actual });
  }
  return undefined;
}

/** One file for each path, whatever the path contains. */
function fileName(path: string): string {
  const name = encodeURIComponent(path.toWellFormed()).replace(/^\./, "%2E");
  return name.length <= NAME_CHARS_MAX ? name : sha256(utf8(path));
}
