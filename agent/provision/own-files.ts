/**
 * What the agent can say of itself: a digest over its own program files, and the kernel's id of this boot. The digest is
 * the SHA-256 of one line per file, `<sha256>  <path>`, sorted by path: what `sha256sum` prints, hashed once more, so
 * that anybody can compute it from a checkout or a release without this program.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import { provisionFault } from "../faults.ts";

/** All that a running agent can load of our own. The lock file stands for the packages of others. */
const ROOMS = ["agent", "attest", "devices", "runtime", "updater"] as const;
const FILES = ["package-lock.json", "package.json"] as const;
const FILES_MAX = 4_096;
const BYTES_MAX = 64 * 1024 * 1024;

/** Where this agent's own files are. */
export const ownDirectory = (): string => fileURLToPath(new URL("../../", import.meta.url));

/** Over what is there of the rooms and files above; links are not followed. */
export async function agentDigest(directory: string): Promise<Result<Sha256>> {
  const refused = (reason: string, cause?: unknown) =>
    err(provisionFault("PROVISION_OWN_FILES", { directory, reason }, cause));
  try {
    const lines: string[] = [];
    let size = 0;
    for (const path of await pathsIn(directory)) {
      if (lines.length >= FILES_MAX) return refused(`more than ${FILES_MAX} files`);
      const bytes = await readFile(join(directory, path));
      size += bytes.byteLength;
      if (size > BYTES_MAX) return refused(`more than ${BYTES_MAX} bytes`);
      lines.push(`${sha256(bytes)}  ${path}\n`);
    }
    if (!lines.some((line) => line.includes("  agent/"))) return refused("there is no agent");
    return ok(sha256(utf8(lines.join(""))));
  } catch (error) {
    return refused(reasonOf(error), error);
  }
}

async function pathsIn(directory: string): Promise<readonly string[]> {
  const top = await readdir(directory, { withFileTypes: true });
  const paths: string[] = top
    .filter((one) => one.isFile() && FILES.some((name) => name === one.name))
    .map((one) => one.name);
  for (const room of ROOMS) {
    if (!top.some((one) => one.isDirectory() && one.name === room)) continue;
    for (const one of await readdir(join(directory, room), { recursive: true, withFileTypes: true })) {
      if (one.isFile()) paths.push(join(one.parentPath, one.name).slice(join(directory, "x").length - 1));
    }
  }
  return paths.sort((a, b) => Buffer.compare(utf8(a), utf8(b)));
}

/** random(4); undefined where the system has no such file. */
export async function bootId(path = "/proc/sys/kernel/random/boot_id"): Promise<string | undefined> {
  try {
    const text = (await readFile(path, "utf8")).trim();
    return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
