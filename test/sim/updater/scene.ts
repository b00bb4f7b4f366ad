/**
 * One run: a publisher, one or two places from which a board reads, the board, and the model of what the board may not
 * fall below. The verbs here are the steps of a run that judge; chance decides which of them come when (run.ts).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { Fault } from "../../../runtime/kernel/fault.ts";
import type { Updater } from "../../../updater/index.ts";
import type { Random } from "../../fuzz/random.ts";
import type { Person } from "../../unit/updater/people.ts";
import { Board, damaged } from "./board.ts";
import { type Floors, floorsOf, judgeFresh, judgeShown, must, named, noFloors } from "./judge.ts";
import { Publisher } from "./publisher.ts";

interface Backup {
  readonly put: () => void;
  readonly floors: Floors;
  readonly damages: number;
  readonly lost: readonly ("vault" | "record")[];
  readonly commits: number;
}

export class Scene {
  readonly publisher: Publisher;
  readonly places: readonly string[];
  readonly olds: string[] = [];
  readonly board: Board;
  /** By how much the board's clock is wrong, ms. */
  skewMs = 0;
  readonly #random: Random;
  readonly #count: (code: string) => void;
  #floors: Floors = noFloors;
  /** Files of the board that were damaged since it last took a state. */
  #damages = 0;
  readonly #lost = new Set<"vault" | "record">();
  #isCounterDamaged = false;
  #backup: Backup | undefined;
  /** How many commits the counter outside must remember, when the directory was put back. */
  #restoredFrom: number | undefined;

  constructor(
    base: string,
    template: { readonly directory: string; readonly people: readonly Person[] },
    random: Random,
    count: (code: string) => void,
  ) {
    this.#random = random;
    this.#count = count;
    this.publisher = new Publisher(base, template.directory, template.people, random);
    this.places = random.chance(0.3) ? [join(base, "served"), join(base, "mirror")] : [join(base, "served")];
    for (const place of this.places) this.publisher.serveTo(place);
    const { repo, clock } = this.publisher;
    this.board = new Board({
      directory: join(base, "board"),
      places: this.places,
      roots: { image: repo.imageRoot(), director: repo.directorRoot() },
      counted: random.chance(0.5),
      now: () => clock.now + this.skewMs,
    });
  }

  /** The board as it is after a start on a healthy disk: that must come up, and show nothing that it may not. */
  on(): Updater {
    const { board } = this;
    try {
      const { updater } = board;
      judgeShown(updater, this.#floors, this.publisher.signed);
      this.#isRestoreNoticed(updater);
      return updater;
    } catch (error) {
      if (error instanceof Fault) must(false, `the board does not start: ${error.line()}`);
      throw error;
    }
  }

  async refresh(): Promise<string> {
    const updater = this.on();
    const before = updater.view()?.versions;
    const result = await updater.refresh();
    if (result.ok) return this.#took(updater);
    const code = named(result.error);
    must(code !== "UPDATE_DISK", `a healthy disk is blamed: ${result.error.message}`);
    this.#count(code);
    must(
      JSON.stringify(updater.view()?.versions) === JSON.stringify(before),
      "a refused refresh changed what is shown",
    );
    return result.error instanceof Fault ? result.error.line() : code;
  }

  /** Everything that is assigned and shown, from the store or the place it is served at. */
  async fetch(): Promise<string> {
    const updater = this.on();
    const view = updater.view();
    if (view === undefined) return "nothing to fetch";
    const said: string[] = [];
    for (const { files } of this.publisher.assigned) {
      for (const path of Object.values(files)) {
        const target = view.agreed(path);
        const bytes = target.ok ? await updater.fetchTarget(target.value) : target;
        if (bytes.ok) must(target.ok && sha256(bytes.value) === target.value.sha256, `${path} has other bytes`);
        const code = bytes.ok ? "ok" : named(bytes.error);
        this.#count(code);
        said.push(code);
      }
    }
    return said.join(" ");
  }

  /** A refresh and a download during which the process or the power goes, at some change to the disk. */
  async interrupted(): Promise<string> {
    const { board } = this;
    const how = this.#random.pick(["kill", "names before", "names after"] as const);
    if (this.#random.chance(0.5)) board.stop();
    else this.on();
    const at = 1 + this.#random.below(60);
    board.failAt(at, { kind: "power" });
    let taken: string | undefined;
    let code = "ok";
    try {
      const result = await board.updater.refresh();
      if (result.ok) {
        taken = this.#took(board.updater);
        const [first] = this.publisher.assigned;
        const target = first === undefined ? undefined : result.value.agreed(first.files.module);
        if (target?.ok) await board.updater.fetchTarget(target.value);
      } else code = named(result.error);
    } catch (error) {
      code = named(error);
    }
    this.#count(code);
    const versions = taken === undefined ? undefined : board.updater.view()?.versions;
    if (how === "kill") board.kill();
    else board.cut(how);
    const after = this.on().view()?.versions;
    if (versions !== undefined) {
      must(JSON.stringify(after) === JSON.stringify(versions), "what was said to be done is not there after the cut");
    }
    return `${how} at change ${at}: ${code}`;
  }

  /** A disk that refuses one change, or all from one on, while the process lives. */
  async refused(): Promise<string> {
    const { board } = this;
    this.on();
    const code = this.#random.pick(["ENOSPC", "EIO", "EROFS"]);
    const at = 1 + this.#random.below(30);
    board.failAt(at, { kind: "errno", code, lasting: this.#random.chance(0.5) });
    const result = await board.updater.refresh();
    board.heal();
    const outcome = result.ok ? this.#took(board.updater) : named(result.error);
    this.#count(outcome);
    judgeShown(board.updater, this.#floors, this.publisher.signed);
    return `${code} at change ${at}: ${outcome}`;
  }

  /** Something on the board's disk goes bad while it is off. */
  damage(): string {
    this.board.stop();
    const files = this.board.files();
    if (files.length === 0) return "the board has no files yet";
    const memory = files.filter((one) => basename(one).startsWith("vault"));
    const file = this.#random.pick(memory.length > 0 && this.#random.chance(0.4) ? memory : files);
    writeFileSync(file, damaged(readFileSync(file), this.#random));
    this.#damages += 1;
    if (basename(file) === "counter") this.#isCounterDamaged = true;
    if (basename(file).startsWith("vault")) this.#lost.add("vault");
    if (basename(file).startsWith("floors")) this.#lost.add("record");
    // The vault and the record of floors know what is too old without each other; damage to both may cost it.
    if (this.#lost.size > 1) this.#floors = noFloors;
    return `damage ${basename(file)}`;
  }

  backup(): string {
    const commits = this.on().commits();
    this.#backup = {
      put: this.board.backup(),
      floors: this.#floors,
      damages: this.#damages,
      lost: [...this.#lost],
      commits,
    };
    return `back the board up at commit ${commits}`;
  }

  restore(): string {
    const backup = this.#backup;
    if (backup === undefined) return "there is no backup of the board";
    const commits = this.on().commits();
    const isKnown = this.board.isCounted && !this.#isCounterDamaged && this.#damages === 0 && backup.damages === 0;
    if (isKnown && commits > backup.commits) this.#restoredFrom = Math.max(commits, this.#restoredFrom ?? 0);
    backup.put();
    this.#floors = backup.floors;
    this.#damages = backup.damages;
    this.#lost.clear();
    for (const one of backup.lost) this.#lost.add(one);
    return `restore the board's backup of commit ${backup.commits} at ${commits}`;
  }

  /** Everything is mended: from here the board must come to the newest state, at once. */
  async repair(): Promise<string> {
    const { publisher, board } = this;
    board.heal();
    this.skewMs = 0;
    await publisher.maintain();
    for (const place of this.places) publisher.serveTo(place);
    if (this.#random.chance(0.5)) board.stop();
    const updater = this.on();
    const result = await updater.refresh();
    must(result.ok, `stuck, with everything repaired: ${result.ok ? "" : String(result.error)}`);
    this.#took(updater);
    const [is, should] = [JSON.stringify(result.value.versions), JSON.stringify(publisher.versions())];
    must(is === should, `not at the newest state: ${is}, published is ${should}`);
    const { desired } = result.value;
    must(desired !== undefined && (await updater.fetchTarget(desired)).ok, "the desired state cannot be had");
    for (const release of publisher.assigned) await this.#canRun(updater, release);
    return "ok";
  }

  async #canRun(updater: Updater, { files, module, yanked }: Publisher["assigned"][number]): Promise<void> {
    for (const path of Object.values(files)) {
      const target = updater.view()?.agreed(path);
      if (yanked) {
        must(target?.ok === false && named(target.error) === "UPDATE_YANKED", `${path} was taken back`);
        continue;
      }
      must(target?.ok === true, `${path} is assigned and released: ${target?.ok === false ? target.error : ""}`);
      const bytes = await updater.fetchTarget(target.value);
      must(bytes.ok, `${path} cannot be had: ${bytes.ok ? "" : String(bytes.error)}`);
      if (path === files.module) must(sha256(bytes.value) === sha256(module), `${path} is not what was released`);
    }
  }

  /** A refresh came through. */
  #took(updater: Updater): string {
    judgeShown(updater, this.#floors, this.publisher.signed);
    judgeFresh(updater, this.publisher.clock.now + this.skewMs);
    const modules = new Set(this.publisher.releases.map(({ team, name }) => `${team}/${name}`));
    this.#floors = floorsOf(updater, this.#floors, modules);
    this.#damages = 0;
    this.#lost.clear();
    this.#isCounterDamaged = false;
    this.#restoredFrom = undefined;
    this.#count("ok");
    return "ok";
  }

  #isRestoreNoticed(updater: Updater): void {
    if (this.#restoredFrom === undefined || this.#isCounterDamaged || this.#damages > 0) return;
    // Cut off in the middle of the commit that was the way out: the new state is there already.
    if (updater.commits() > this.#restoredFrom) return;
    const isNoticed = updater.notices.some(({ code }) => code === "UPDATE_RESTORED");
    must(isNoticed, `an older copy of the board's memory was not noticed: commit ${this.#restoredFrom} was seen`);
    must(updater.view() === undefined, "what an older copy of the memory says is shown");
  }
}
