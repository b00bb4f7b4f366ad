/**
 * Instrumented modules on disk, so that a restart does not prepare them again. One file each, its digest first: what was
 * cut off or altered by accident is removed and made again. Whoever may write here may write the board's state, too.
 */
import { readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { CodeCache } from "../../runtime/index.ts";
import { hex } from "../../runtime/kernel/bytes.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { ensureDirectory, readBounded, writeDurable } from "../../runtime/kernel/durable.ts";

const FILE_MAX = 64 * 1024 * 1024;
const DIGEST_BYTES = 32;
const KEY = /^[a-z0-9-]{1,120}$/;

/** `most`: files that are kept; those used longest ago go first. A disk that refuses is no reason to stop: nothing is thrown. */
export function openCodeCache(directory: string, most = 32): CodeCache {
  ensureDirectory(directory, 0o700);
  return {
    get(key) {
      if (!KEY.test(key)) return undefined;
      const path = join(directory, key);
      const file = readBounded(path, FILE_MAX);
      if (!file.ok) return undefined;
      const bytes = file.value.subarray(DIGEST_BYTES);
      if (sha256(bytes) !== hex(file.value.subarray(0, DIGEST_BYTES))) {
        rmSync(path, { force: true });
        return undefined;
      }
      touch(path);
      return bytes;
    },
    put(key, bytes) {
      if (!KEY.test(key) || bytes.byteLength > FILE_MAX - DIGEST_BYTES) return;
      const file = Buffer.concat([Buffer.from(sha256(bytes), "hex"), bytes]);
      try {
        writeDurable(join(directory, key), file, 0o600);
        makeRoom(directory, most);
      } catch {
        // The module runs without: it is prepared again next time.
      }
    },
  };
}

function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // Read-only, or gone: it only loses its place in the queue.
  }
}

function makeRoom(directory: string, most: number): void {
  const files = readdirSync(directory).filter((name) => KEY.test(name));
  if (files.length <= most) return;
  const ages = files.map((name) => ({ name, used: statSync(join(directory, name)).mtimeMs }));
  ages.sort((a, b) => a.used - b.used);
  for (const { name } of ages.slice(0, files.length - most)) rmSync(join(directory, name), { force: true });
}
