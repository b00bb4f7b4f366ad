/** A disk that fails, told apart from everything else: one code with path and errno, whoever of the updater met it. */
import { Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { fault } from "../faults.ts";

/** Runs `body`; what the file system refuses comes out as UPDATE_DISK, everything else as it was thrown. */
export function onDisk<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw asDiskFault(error);
  }
}

/** The same for work that waits. */
export async function onDiskAsync<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw asDiskFault(error);
  }
}

function asDiskFault(error: unknown): unknown {
  if (error instanceof Fault) {
    if (error.code !== "DISK_WRITE" && error.code !== "DISK_READ") return error;
    const { path = "?" } = error.facts;
    const errno = fileError(error.cause)?.code ?? "unknown";
    return fault("UPDATE_DISK", { path, errno, reason: reasonOf(error.cause ?? error) }, error);
  }
  const file = fileError(error);
  if (file === undefined) return error;
  return fault("UPDATE_DISK", { path: file.path, errno: file.code, reason: reasonOf(error) }, error);
}

/** An error of a call to the file system, as Node throws it. Network errors carry an address, or no such call. */
function fileError(error: unknown): { readonly code: string; readonly path: string } | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return undefined;
  const { code, syscall } = error;
  if (typeof code !== "string" || typeof syscall !== "string") return undefined;
  if (!FILE_CALLS.has(syscall) && !DISK_ONLY.has(code)) return undefined;
  return { code, path: "path" in error && typeof error.path === "string" ? error.path : "?" };
}

/** What only a disk answers; `read` and `write` are calls of sockets, too. */
const DISK_ONLY: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EROFS", "EIO"]);
const FILE_CALLS: ReadonlySet<string> = new Set([
  "open",
  "fsync",
  "fdatasync",
  "rename",
  "link",
  "unlink",
  "rm",
  "mkdir",
  "rmdir",
  "scandir",
  "stat",
  "lstat",
  "fstat",
  "ftruncate",
  "utime",
]);
