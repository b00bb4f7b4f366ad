/**
 * One writer at a time on a repository directory, between processes. The lock is a file that only one process can
 * create; it names its owner by process id, boot and start time, so that a lock whose owner died is recognised on this
 * machine and taken over. A lock from another machine is never judged: a person removes it.
 *
 * Taking over moves the dead lock aside under a name that its content gives, and looks at what was moved: who moved a
 * living lock by accident puts it back. The owner checks before the write that publishes that the lock is still its own.
 */

import { randomBytes } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { fromUtf8 } from "../../runtime/kernel/bytes.ts";
import { fault as diskFault } from "../../runtime/kernel/durable.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { type Infer, integer, object, parseJson, string } from "../../runtime/kernel/shape.ts";
import { fault } from "./faults.ts";

const ownerShape = object({
  pid: integer({ min: 1, max: 2 ** 31 }),
  host: string({ max: 255 }),
  /** Boot id and start time of the process: what tells it from a later one with the same number. */
  life: string({ max: 200 }),
  nonce: string({ min: 32, max: 32 }),
});
type Owner = Infer<typeof ownerShape>;

/** What the lock asks of the machine; a test plays processes that live and die. */
export interface Processes {
  readonly pid: number;
  readonly host: string;
  /** Names one life of a process; undefined when there is none with that number. */
  life(pid: number): string | undefined;
  pause(ms: number): Promise<void>;
}

export const realProcesses: Processes = {
  pid: process.pid,
  host: `${hostname()}${processSpace()}`,
  life(pid) {
    if (!existsSync("/proc/self/stat")) return livesAnywhere(pid) ? `process ${pid}` : undefined;
    try {
      const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // Field 22, counted after the name, which may hold spaces and parentheses.
      return `${boot} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
    } catch {
      return undefined;
    }
  },
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** Process ids mean something within one namespace only: two containers of one name are two machines here. */
function processSpace(): string {
  try {
    return ` ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return "";
  }
}

/** Where there is no /proc: whether any process has this number. */
function livesAnywhere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

export interface Lock {
  /** Throws REPO_LOCKED when somebody else holds it by now. */
  check(): void;
  release(): void;
}

const LOCK_BYTES_MAX = 4_096;
const PAUSE_MS = 50;

/** Waits up to `waitMs` for the lock of `directory`. Throws REPO_LOCKED, DISK_WRITE. */
export async function lockDirectory(directory: string, processes: Processes, waitMs: number): Promise<Lock> {
  const path = join(directory, "lock");
  const { pid, host } = processes;
  const mine: Owner = { pid, host, life: processes.life(pid) ?? "", nonce: randomBytes(16).toString("hex") };
  for (let waited = 0; ; waited += PAUSE_MS) {
    if (tryCreate(path, mine)) return heldLock(path, mine);
    const holder = readOwner(path);
    if (holder === undefined) continue; // Released in between: try again at once.
    if (isDead(holder, processes) && moveAside(path, holder)) continue;
    if (waited >= waitMs) throw lockedBy(directory, holder);
    await processes.pause(PAUSE_MS);
  }
}

function heldLock(path: string, mine: Owner): Lock {
  const isMine = () => {
    const holder = readOwner(path);
    return holder !== undefined && holder !== "unreadable" && holder.nonce === mine.nonce;
  };
  return {
    check() {
      if (!isMine()) throw lockedBy(dirname(path), readOwner(path) ?? "unreadable");
    },
    release() {
      if (isMine()) rmSync(path, { force: true });
    },
  };
}

/** Creates the lock whole or not at all: written beside, then linked, which fails where a lock is. */
function tryCreate(path: string, owner: Owner): boolean {
  const draft = `${path}.${owner.nonce}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(draft, JSON.stringify(owner), { flag: "w", mode: 0o600 });
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw diskFault("DISK_WRITE", { path, reason: reasonOf(error) }, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

function readOwner(path: string): Owner | "unreadable" | undefined {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(readFileSync(path));
  } catch (error) {
    return codeOf(error) === "ENOENT" ? undefined : "unreadable";
  }
  const parsed = parseJson(ownerShape, bytes, "the lock", LOCK_BYTES_MAX);
  return parsed.ok && fromUtf8(bytes) !== undefined ? parsed.value : "unreadable";
}

function isDead(holder: Owner | "unreadable", processes: Processes): holder is Owner {
  return holder !== "unreadable" && holder.host === processes.host && processes.life(holder.pid) !== holder.life;
}

/** Moves the lock of a dead owner away. False when it was another's by then, who has it back. */
function moveAside(path: string, dead: Owner): boolean {
  const aside = `${path}.dead-${dead.nonce}`;
  try {
    renameSync(path, aside);
    const moved = readOwner(aside);
    const right = moved !== undefined && moved !== "unreadable" && moved.nonce === dead.nonce;
    if (!right) linkSync(aside, path);
    rmSync(aside, { force: true });
    return right;
  } catch {
    return false; // Somebody else was faster; the next round sees what is there.
  }
}

function lockedBy(directory: string, holder: Owner | "unreadable") {
  const { pid, host } = holder === "unreadable" ? { pid: "unknown", host: "an unknown host" } : holder;
  return fault("REPO_LOCKED", { directory, pid, host });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
