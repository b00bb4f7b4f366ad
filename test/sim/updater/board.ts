/**
 * The board of a run: the real client on real files, started, stopped, cut off at any change to its disk, with a clock
 * that may be wrong. Its disk stands before node:fs for this whole process (test/fakes/failing-disk.ts); outside a
 * failure it changes nothing.
 */
import fs, { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openUpdater, type Updater } from "../../../updater/index.ts";
import { disk, type Remains } from "../../fakes/failing-disk.ts";
import type { Random } from "../../fuzz/random.ts";
import { DEVICE } from "../../unit/updater/content.ts";

const PATCHED = [
  "openSync",
  "closeSync",
  "writeSync",
  "ftruncateSync",
  "fsyncSync",
  "renameSync",
  "linkSync",
  "rmSync",
  "mkdirSync",
] as const;

/** Puts the failing disk before node:fs, once in a process. */
export function installDisk(): void {
  const failing = disk.before({ ...fs });
  for (const name of PATCHED) Object.assign(fs, { [name]: failing[name] });
  syncBuiltinESMExports();
}

export interface BoardOptions {
  readonly directory: string;
  /** Where the board reads: each of them a copy of the public part of both repositories. */
  readonly places: readonly string[];
  readonly roots: { readonly image: Uint8Array; readonly director: Uint8Array };
  /** Whether commits are counted outside the updater's directory. */
  readonly counted: boolean;
  now(): number;
}

export class Board {
  readonly #options: BoardOptions;
  #updater: Updater | undefined;
  #boots = 0;
  #generation = 0;

  constructor(options: BoardOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true });
  }

  /** Starts it when it is off. Throws what the start throws. */
  get updater(): Updater {
    this.#updater ??= this.#start();
    return this.#updater;
  }

  get isCounted(): boolean {
    return this.#options.counted;
  }

  stop(): void {
    this.#updater?.close();
    this.#updater = undefined;
  }

  /** Its files, below its directory. */
  files(): readonly string[] {
    const { directory } = this.#options;
    const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
    const names = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
    return names.filter((one) => !/\/lock\.\d+$/.test(one)).sort();
  }

  /** From now on the n-th change to its disk fails, and all after it as the failure says. */
  failAt(n: number, failure: Parameters<typeof disk.watch>[2]): void {
    disk.watch(this.#options.directory, n, failure);
  }

  heal(): void {
    disk.heal();
  }

  /** The process is gone, and what it wrote is there. */
  kill(): void {
    this.stop();
    disk.heal();
  }

  /** The power is gone: of what was not synced, the worst is left. */
  cut(remains: Remains): void {
    this.stop();
    const { directory } = this.#options;
    this.#generation += 1;
    const left = `${directory}-${this.#generation}`;
    disk.cutTo(left, remains);
    disk.heal();
    rmSync(directory, { recursive: true });
    renameSync(left, directory);
  }

  /** A backup of the updater's directory; what it answers puts it back. */
  backup(): () => void {
    this.stop();
    const inside = join(this.#options.directory, "updater");
    if (!existsSync(inside)) return () => undefined;
    this.#generation += 1;
    const kept = `${this.#options.directory}-${this.#generation}`;
    cpSync(inside, kept, { recursive: true });
    return () => {
      this.stop();
      rmSync(inside, { recursive: true, force: true });
      cpSync(kept, inside, { recursive: true });
    };
  }

  #start(): Updater {
    this.#boots += 1;
    const self = { pid: 1, boot: `boot ${this.#boots}`, started: "1" };
    const { directory, places, roots, counted, now } = this.#options;
    const address = (folder: string, root: Uint8Array) => {
      const [first, ...mirrors] = places.map((place) => ({
        metadataUrl: `${pathToFileURL(join(place, folder)).href}/metadata/`,
        targetsUrl: `${pathToFileURL(join(place, folder)).href}/targets/`,
      }));
      return { metadataUrl: first?.metadataUrl ?? "", targetsUrl: first?.targetsUrl ?? "", mirrors, root };
    };
    return openUpdater({
      directory: join(directory, "updater"),
      image: address("image", roots.image),
      director: address(join("director", DEVICE), roots.director),
      device: DEVICE,
      hardware: { profile: "sim", abi: "core-v1" },
      now,
      processes: { self, isAlive: (holder) => holder.boot === self.boot },
      ...(counted ? { counterFile: join(directory, "elsewhere", "counter") } : {}),
    });
  }
}

/** What somebody, or a worn medium, makes of a file's bytes. */
export function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.byteLength + 1);
  switch (random.below(6)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      return new Uint8Array();
    case 2:
      return new Uint8Array(bytes.byteLength);
    case 3:
      return Uint8Array.from({ length: random.below(4000) }, () => random.below(256));
    case 4:
      return new Uint8Array([...bytes, ...bytes.slice(at)]);
    default:
      return bytes.map((byte, where) => (where === at ? byte ^ (1 << random.below(8)) : byte));
  }
}
