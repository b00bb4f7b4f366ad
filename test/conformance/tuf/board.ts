/**
 * A board with its two repositories, both simulated: the image repository with a team's delegated role, the director's
 * for this device. The updater is the board's own, in this process, under its own strict profile; the stock client looks
 * at each repository by itself, which is all it can do.
 */
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { releasePaths } from "../../../runtime/kernel/authority/manifest.ts";
import { deviceId } from "../../../runtime/kernel/brand.ts";
import { attemptSync, type Result, unwrap } from "../../../runtime/kernel/result.ts";
import { parseShape } from "../../../runtime/kernel/shape.ts";
import { openUpdater, type Updater, type UpdaterOptions } from "../../../updater/index.ts";
import { DEVICE_FIELD } from "../../../updater/layout.ts";
import type { BoardRun } from "./board-refresh.ts";
import type { Mount, SimulatorServer } from "./server.ts";
import { Repository, START_MS, type TargetsDocument } from "./simulator.ts";
import { type Stock, stockClient } from "./stock.ts";

export const DEVICE = unwrap(parseShape(deviceId, "board-1", "the device"));
export const OTHER = "board-2";
export const TEAM = "team-acme";
export const FILES = releasePaths("acme", "thermostat", "1.0.0");

/** What a board needs of the case that it is in. */
export interface Host {
  readonly directory: string;
  readonly verdicts: { ours: string; stock: boolean }[];
  same(actual: unknown, expected: unknown, what: string): void;
  isTrue(fact: boolean, what: string): void;
}

export class Board {
  readonly image = new Repository();
  readonly director = new Repository();
  readonly imageMount: Mount;
  readonly directorMount: Mount;
  now = START_MS;
  updater: Updater;
  readonly #t: Host;
  readonly #stock: readonly Stock[];

  constructor(t: Host, server: SimulatorServer) {
    this.#t = t;
    this.image.delegate(TEAM, { paths: ["modules/acme/*/*/*"], terminating: true });
    this.image.addTarget("policy/policy.json", Buffer.from('{"policy":1}'));
    this.release("1.0.0");
    this.bind(DEVICE);
    this.assign("1.0.0");
    this.publishImage();
    this.publishDirector();
    this.imageMount = server.mount(this.image);
    this.directorMount = server.mount(this.director);
    this.#stock = [this.image, this.director].map((one, at) => {
      const stock = stockClient(join(t.directory, `stock-${at}`), server.mount(one));
      stock.init(one.pinned);
      return stock;
    });
    this.updater = this.open();
  }

  get directory(): string {
    return join(this.#t.directory, "board");
  }

  open(changes: Partial<UpdaterOptions> = {}): Updater {
    return openUpdater({
      directory: this.directory,
      image: { ...this.imageMount, root: this.image.pinned },
      director: { ...this.directorMount, root: this.director.pinned },
      device: DEVICE,
      hardware: { profile: "sim", abi: "core-v1" },
      now: () => this.now,
      ...changes,
    });
  }

  restart(changes: Partial<UpdaterOptions> = {}): void {
    this.updater.close();
    this.updater = this.open(changes);
  }

  /** Keeps a copy of the memory of a board, and of files beside it; the answer puts it back while the board is off. */
  backup(...beside: readonly string[]): () => void {
    const copy = `${this.directory}-copy`;
    const isLock = (name: string) => /lock\.\d+$/.test(name);
    cpSync(this.directory, copy, { recursive: true, filter: (name) => !isLock(name) });
    for (const file of beside) cpSync(file, `${file}-copy`);
    return () => {
      rmSync(this.directory, { recursive: true });
      cpSync(copy, this.directory, { recursive: true });
      for (const file of beside) cpSync(`${file}-copy`, file);
    };
  }

  versions(): unknown {
    return this.updater.view()?.versions;
  }

  /** The same board for `board-refresh.ts`. */
  processOptions(counterFile: string): BoardRun {
    const address = (which: "image" | "director", { metadataUrl, targetsUrl }: Mount) => {
      const rootFile = join(this.#t.directory, `${which}-root.json`);
      writeFileSync(rootFile, this[which].pinned);
      return { metadataUrl, targetsUrl, rootFile };
    };
    return {
      directory: this.directory,
      counterFile,
      device: DEVICE,
      at: this.now,
      image: address("image", this.imageMount),
      director: address("director", this.directorMount),
    };
  }

  /** Every director file says whose it is. */
  bind(device: string | undefined, ...roles: readonly ("timestamp" | "snapshot" | "targets")[]): void {
    const { timestamp, snapshot } = this.director;
    const documents = { timestamp, snapshot, targets: this.director.targets() };
    for (const role of roles.length === 0 ? (["timestamp", "snapshot", "targets"] as const) : roles) {
      if (device === undefined) delete documents[role][DEVICE_FIELD];
      else documents[role][DEVICE_FIELD] = device;
    }
  }

  /** Puts a release into the team's role, unpublished. */
  release(version: string, facts: Readonly<Record<string, unknown>> = {}): void {
    const counter = Number(version.split(".")[0]);
    for (const [kind, path] of Object.entries(releasePaths("acme", "thermostat", version))) {
      const entry = this.image.addTarget(path, Buffer.from(`${kind} ${version}`), TEAM);
      const common = { team: "acme", name: "thermostat", version, hardware: ["any/core-v1"] };
      entry.custom = { sallyport: { kind, ...common, releaseCounter: counter, releaseFloor: 0, ...facts } };
    }
  }

  /** Makes the director name a release as the team describes it, unpublished. */
  assign(version: string): void {
    const released = this.image.targets(TEAM).targets;
    const targets: TargetsDocument["targets"] = {};
    for (const path of Object.values(releasePaths("acme", "thermostat", version))) {
      const entry = released[path];
      if (entry !== undefined) targets[path] = structuredClone(entry);
    }
    this.director.targets().targets = targets;
    this.director.addTarget("desired.json", Buffer.from(`{"version":"${version}"}`));
  }

  publishImage(): void {
    this.image.publish(TEAM, "targets", "snapshot", "timestamp");
  }

  publishDirector(): void {
    this.director.publish("targets", "snapshot", "timestamp");
  }

  /** `alone`: the stock client has seen this state already. */
  async refresh(expected: string, { alone = false } = {}): Promise<void> {
    const result = await this.updater.refresh();
    if (!alone) {
      const stock = await Promise.all(this.#stock.map((one) => one.run([], this.now)));
      this.#t.verdicts.push({ ours: codeOf(result), stock: stock.every((one) => one) });
    }
    this.#t.same(codeOf(result), expected, "refresh");
  }

  /** Whether the board would run this path: `ok` or the code. */
  agreed(expected: string, path: string = FILES.module): void {
    this.#t.same(codeOf(this.#view().agreed(path)), expected, `agreement about ${path}`);
  }

  owner(expected: string, path: string): void {
    this.#t.same(codeOf(this.#view().owner(path)), expected, `the owner's ${path}`);
  }

  async fetch(expected: string, path: string = FILES.module): Promise<string> {
    const result = await this.updater.fetchTarget(unwrap(this.#view().agreed(path)));
    this.#t.same(codeOf(result), expected, `fetching ${path}`);
    return result.ok ? Buffer.from(result.value).toString() : "";
  }

  opensWith(changes: Partial<UpdaterOptions> = {}): string {
    return codeOf(attemptSync(() => this.open(changes).close()));
  }

  #view() {
    const view = this.updater.view();
    this.#t.isTrue(view !== undefined, "the board has a view");
    return view ?? unreachable();
  }
}

function codeOf(result: Result<unknown>): string {
  return result.ok ? "ok" : result.error.code;
}

function unreachable(): never {
  throw new Error("the view was asked for");
}
