/**
 * One updater for each state directory. The lock is a file `lock.<n>` with its holder's process id, start time and boot
 * id, so that a lock left by a dead process or an earlier boot is known as such and a living one names whom to stop.
 *
 * A stale lock is not removed before a new one stands: who takes over creates the next number, which only one can, and
 * then looks again: beside a living holder it withdraws. Of two that come at once, the later always sees the earlier.
 */
import { closeSync, fsyncSync, linkSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { readBounded } from "../../runtime/kernel/durable.ts";
import { type Infer, integer, object, parseJson, string } from "../../runtime/kernel/shape.ts";
import { fault } from "../faults.ts";

const holderShape = object({
  pid: integer({ min: 0, max: 2 ** 31 }),
  /** The boot in which the process runs, and when it started, in the kernel's ticks: process ids are used again. */
  boot: string({ max: 100 }),
  started: string({ max: 40 }),
});
export type Holder = Infer<typeof holderShape>;

/** The process as the lock sees it; a test plays others. */
export interface Processes {
  readonly self: Holder;
  /** Whether exactly this process is still there. */
  isAlive(holder: Holder): boolean;
}

export interface Lock {
  /** Never throws: at worst the file stays, and is stale when the process is gone. */
  release(): void;
}

const HOLDER_BYTES_MAX = 1000;
const TRIES_MAX = 100;
const NAME = /^lock\.([1-9]\d{0,14})$/;

/** Takes the lock of a directory. Throws UPDATE_LOCKED with the holder's process id, or what the disk throws. */
export function takeLock(directory: string, processes: Processes = nodeProcesses()): Lock {
  for (let tried = 0; tried < TRIES_MAX; tried += 1) {
    const highest = Math.max(0, ...numbers(directory));
    const holder = highest === 0 ? undefined : read(directory, highest);
    if (holder !== undefined && processes.isAlive(holder)) throw lockedBy(directory, holder);
    const mine = highest + 1;
    if (!create(directory, mine, processes.self)) continue;
    const others = numbers(directory).filter((one) => one !== mine);
    const isHeld = (one: number) => {
      const other = read(directory, one);
      return other !== undefined && processes.isAlive(other);
    };
    if (others.some(isHeld)) {
      remove(directory, mine);
      continue;
    }
    for (const one of others) remove(directory, one);
    return { release: () => remove(directory, mine) };
  }
  throw fault("UPDATE_LOCKED", { directory, pid: "unknown" });
}

/**
 * The real processes of this machine, by /proc; where there is none, a process that exists is alive. Two containers on
 * one directory do not see each other's processes: there the agent's database, which has a lock of its own, keeps one out.
 */
export function nodeProcesses(): Processes {
  const boot = firstLine("/proc/sys/kernel/random/boot_id");
  return {
    self: { pid: process.pid, boot, started: startOf(process.pid) },
    isAlive(holder) {
      if (holder.boot !== boot) return false;
      try {
        process.kill(holder.pid, 0);
      } catch (error) {
        // EPERM: it is there and belongs to somebody else.
        if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
      }
      return startOf(holder.pid) === holder.started;
    },
  };
}

/** Field 22 of /proc/<pid>/stat, counted from behind the name, which may hold spaces and parentheses. */
function startOf(pid: number): string {
  const line = firstLine(`/proc/${pid}/stat`);
  return line.slice(line.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

function firstLine(path: string): string {
  try {
    return readFileSync(path, "utf8").split("\n", 1)[0] ?? "";
  } catch {
    return "";
  }
}

function numbers(directory: string): number[] {
  return readdirSync(directory).flatMap((name) => {
    const number = NAME.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

/** Undefined for a lock that cannot be read: it was linked whole, so it is gone or damaged, and holds nothing. */
function read(directory: string, number: number): Holder | undefined {
  const bytes = readBounded(join(directory, `lock.${number}`), HOLDER_BYTES_MAX);
  const holder = bytes.ok ? parseJson(holderShape, bytes.value, "the lock", HOLDER_BYTES_MAX) : bytes;
  return holder.ok ? holder.value : undefined;
}

/** Creates the file with its content at once, by a link, which fails where there is one already. */
function create(directory: string, number: number, holder: Holder): boolean {
  const draft = join(directory, `.tmp-lock-${holder.pid}-${number}`);
  rmSync(draft, { force: true });
  const fd = openSync(draft, "wx", 0o600);
  try {
    writeSync(fd, utf8(JSON.stringify(holder)));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  try {
    linkSync(draft, join(directory, `lock.${number}`));
    return true;
  } catch (error) {
    // ENOENT: who holds the lock by now has swept the directory, and the draft with it.
    if (error instanceof Error && "code" in error && (error.code === "EEXIST" || error.code === "ENOENT")) return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function remove(directory: string, number: number): void {
  try {
    rmSync(join(directory, `lock.${number}`), { force: true });
  } catch {
    // A disk that went read-only: the lock is stale as soon as this process is gone.
  }
}

function lockedBy(directory: string, { pid }: Holder) {
  return fault("UPDATE_LOCKED", { directory, pid });
}
