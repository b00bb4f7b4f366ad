/**
 * The simulated world as a directory in the manner of sysfs, so that another process can be the world:
 *   sensors/<name>   a decimal number that the world writes; read at each reading
 *   lines/<name>     "0" or "1": written by the board for outputs, by the world for inputs (watched for edges)
 *   history.ndjson   what the board asserted, one {t,line,level,why} a line; past 4 MiB it becomes history.1.ndjson
 * Levels are overwritten in place, so that a reader never sees an empty file and a watcher keeps its inode. Nothing is
 * synced to the disk: wires have no memory either. Two changes of an input within one wake-up are seen as one.
 */
import {
  appendFileSync,
  closeSync,
  constants,
  type FSWatcher,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import type { Cancel, Clock } from "../../runtime/kernel/world.ts";
import { fault } from "../faults.ts";
import type { Level } from "../gpio/port.ts";
import { parseDecimal, readTextNow } from "../linux/read.ts";
import { type Assertion, HISTORY_MAX, isEvent, type Measured, type SimulatedWorld } from "./world.ts";

const VALUE_MAX = 64;
const HISTORY_BYTES_MAX = 4 * 1024 * 1024;
/** How often inputs are read where the kernel gives no watch (limits reached, network file systems). */
const POLL_MS = 100;

export class DirectoryWorld implements SimulatedWorld {
  readonly #root: string;
  readonly #clock: Clock;
  readonly #driven = new Map<string, Level>();
  readonly #seen = new Map<string, Level>();
  readonly #lastValues = new Map<string, number>();
  readonly #listeners = new Map<string, Set<(level: Level) => void>>();
  #watcher: FSWatcher | undefined;
  #stopPolling: Cancel | undefined;
  #historyBytes: number;

  /** Throws DEVICE_WORLD_UNUSABLE. */
  constructor(root: string, clock: Clock) {
    this.#root = root;
    this.#clock = clock;
    this.#historyBytes = this.#touch(() => {
      mkdirSync(join(root, "sensors"), { recursive: true });
      mkdirSync(join(root, "lines"), { recursive: true });
      return statSync(join(root, "history.ndjson"), { throwIfNoEntry: false })?.size ?? 0;
    });
  }

  setSensor(name: string, value: number | undefined): void {
    const path = join(this.#root, "sensors", name);
    this.#touch(() => (value === undefined ? rmSync(path, { force: true }) : writeFileSync(path, `${value}\n`)));
  }

  drive(line: string, level: Level): void {
    this.#writeLevel(line, level);
    this.#refresh(line);
  }

  level(line: string): Level {
    return this.#driven.get(line) ?? this.#refresh(line);
  }

  history(line?: string): readonly Assertion[] {
    const path = join(this.#root, "history.ndjson");
    const text = this.#touch(() => (this.#historyBytes === 0 ? "" : readFileSync(path, "utf8")));
    const all = text.split("\n").filter((one) => one !== "");
    const entries = all.slice(-HISTORY_MAX).map((one) => JSON.parse(one) as Assertion);
    return entries.filter((one) => line === undefined || one.line === line);
  }

  sensor(name: string): Measured | undefined {
    const path = join(this.#root, "sensors", name);
    const text = readTextNow(path, VALUE_MAX);
    if (text === undefined) return undefined;
    if (text.trim() === "") {
      // The world is between truncating and writing.
      const last = this.#lastValues.get(name);
      return last === undefined ? undefined : { value: last, stale: true };
    }
    const value = parseDecimal(text, path);
    this.#lastValues.set(name, value);
    return { value, stale: false };
  }

  assert(line: string, level: Level, why: string): void {
    const event = isEvent(this.#driven.get(line), level, why);
    this.#writeLevel(line, level);
    this.#driven.set(line, level);
    if (event) this.#append({ t: this.#clock.now(), line, level, why });
  }

  onEdge(line: string, listener: (level: Level) => void): Cancel {
    const all = this.#listeners.get(line) ?? new Set();
    this.#listeners.set(line, all.add(listener));
    this.#refresh(line);
    this.#watch();
    return () => void all.delete(listener);
  }

  close(): void {
    this.#watcher?.close();
    this.#stopPolling?.();
    this.#listeners.clear();
  }

  /** Reads an input and tells its listeners when it changed. Anything but 0 or 1 leaves the last level standing. */
  #refresh(line: string): Level {
    const before = this.#seen.get(line);
    const text = readTextNow(join(this.#root, "lines", line), VALUE_MAX)?.trim();
    const level = text === "1" ? 1 : text === "0" ? 0 : (before ?? 0);
    this.#seen.set(line, level);
    if (before !== undefined && before !== level) {
      for (const listener of [...(this.#listeners.get(line) ?? [])]) listener(level);
    }
    return level;
  }

  #watch(): void {
    if (this.#watcher !== undefined || this.#stopPolling !== undefined) return;
    const everyInput = () => {
      for (const line of this.#listeners.keys()) this.#refresh(line);
    };
    const poll = () => {
      everyInput();
      this.#stopPolling = this.#clock.after(POLL_MS, poll);
    };
    try {
      // The file's name is a hint that not every file system gives; a handful of inputs is cheap to read.
      this.#watcher = watch(join(this.#root, "lines"), { persistent: false }, everyInput);
      this.#watcher.on("error", () => {
        this.#watcher?.close();
        poll();
      });
    } catch {
      poll();
    }
  }

  #writeLevel(line: string, level: Level): void {
    this.#touch(() => {
      const fd = openSync(join(this.#root, "lines", line), constants.O_WRONLY | constants.O_CREAT, 0o644);
      try {
        writeSync(fd, `${level}\n`, 0);
      } finally {
        closeSync(fd);
      }
    });
  }

  #append(entry: Assertion): void {
    const path = join(this.#root, "history.ndjson");
    const text = `${JSON.stringify(entry)}\n`;
    this.#touch(() => {
      if (this.#historyBytes + text.length > HISTORY_BYTES_MAX) {
        renameSync(path, join(this.#root, "history.1.ndjson"));
        this.#historyBytes = 0;
      }
      appendFileSync(path, text);
      this.#historyBytes += text.length;
    });
  }

  #touch<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      throw fault("DEVICE_WORLD_UNUSABLE", { directory: this.#root, reason: reasonOf(error) }, error);
    }
  }
}
