/**
 * The honest side of a run: both repositories as their owners keep them, and the copy of their public part that boards
 * read. What was ever signed here is remembered, so that whatever a board believes can be held against it.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { releasePaths } from "../../../runtime/kernel/authority/manifest.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import type { Fault } from "../../../runtime/kernel/fault.ts";
import { type Result, unwrap } from "../../../runtime/kernel/result.ts";
import { simplePlan } from "../../../updater/repository/create.ts";
import { type ExpiryDays, openRepositories, type Repositories } from "../../../updater/repository/index.ts";
import { paths } from "../../../updater/repository/layout.ts";
import { readTree } from "../../../updater/repository/metadata.ts";
import { foundRepositories } from "../../../updater/repository/repositories.ts";
import type { Random } from "../../fuzz/random.ts";
import { DAY_MS, DEVICE, desired, OTHER, POLICY, releaseInput, TEAMS } from "../../unit/updater/content.ts";
import { type Person, person } from "../../unit/updater/people.ts";

export const START_MS = Date.parse("2026-06-01T12:00:00Z");
const NAMES = ["thermostat", "lamp"] as const;
/** Offline roles are renewed when they have this many days left. */
const RENEW_DAYS = 20;
/** Short, so that every role expires in some run while the others do not. */
const EXPIRY_DAYS: ExpiryDays = { root: 60, targets: 45, team: 45, snapshot: 20, timestamp: 7, director: 30 };

export interface Published {
  readonly team: string;
  readonly name: string;
  readonly version: string;
  readonly files: ReturnType<typeof releasePaths>;
  readonly module: Uint8Array;
  yanked: boolean;
}

/** What every run starts from: keys, a policy, one release, assigned. Made once, copied for each run. */
export async function makeTemplate(directory: string): Promise<readonly Person[]> {
  const repository = join(directory, "template");
  const now = () => START_MS;
  const options = { tenant: "acme-corp", teams: TEAMS, now };
  unwrap(await foundRepositories(repository, { ...simplePlan(repository, options), expiryDays: EXPIRY_DAYS }, options));
  const repo = unwrap(openRepositories(repository, options));
  unwrap(await repo.putOwnerTargets(new Map([["policy/policy.json", POLICY]])));
  unwrap(await repo.publishRelease(releaseInput("1.0.0")));
  unwrap(await repo.assign(DEVICE, [desired("1.0.0")]));
  unwrap(await repo.assign(OTHER, []));
  return Array.from({ length: 24 }, (_, n) => person(directory, `key-${n}`));
}

export class Publisher {
  readonly directory: string;
  readonly clock = { now: START_MS };
  readonly repo: Repositories;
  readonly releases: Published[] = [];
  /** What the board was last told to run. */
  assigned: readonly Published[] = [];
  /** Digest of every metadata file that was ever signed for this board. */
  readonly signed = { image: new Set<string>(), director: new Set<string>() };
  readonly #seen = new Set<string>();
  readonly #random: Random;
  readonly #people: Person[];
  readonly #owners = ["owner-1", "owner-2", "owner-3"];
  #count = 0;
  #copies = 0;

  constructor(base: string, template: string, people: readonly Person[], random: Random) {
    this.directory = join(base, "truth");
    cpSync(template, this.directory, { recursive: true });
    this.repo = unwrap(openRepositories(this.directory, { now: () => this.clock.now }));
    this.#random = random;
    this.#people = [...people];
    const files = releasePaths("acme", "thermostat", "1.0.0");
    const { module } = releaseInput("1.0.0");
    const first = { team: "acme", name: "thermostat", version: "1.0.0", files, module, yanked: false };
    this.releases.push(first);
    this.assigned = [first];
    this.#remember();
  }

  async release(): Promise<string> {
    this.#count += 1;
    const [team, name] = [this.#random.pick(TEAMS), this.#random.pick(NAMES)];
    const version = `1.${this.#count}.0`;
    const count = this.releases.filter((one) => one.team === team && one.name === name).length + 1;
    const floor = this.#random.chance(0.2) ? { releaseFloor: 1 + this.#random.below(count) } : {};
    const input = releaseInput(version, { team, name, ...floor });
    const done = await this.#did(this.repo.publishRelease(input));
    const files = releasePaths(team, name, version);
    if (done === "done") this.releases.push({ team, name, version, files, module: input.module, yanked: false });
    return `release ${team}/${name} ${version}${"releaseFloor" in floor ? ` floor ${floor.releaseFloor}` : ""}: ${done}`;
  }

  async assign(): Promise<string> {
    const free = this.releases.filter((one) => !one.yanked);
    const chosen = new Map<string, Published>();
    for (let n = this.#random.below(4); n > 0 && free.length > 0; n -= 1) {
      const one = this.#random.pick(free);
      chosen.set(`${one.team}/${one.name}`, one);
    }
    const wanted = [...chosen.values()];
    const done = await this.#did(
      this.repo.assign(
        DEVICE,
        wanted.map(({ team, name, version }) => desired(version, name, team)),
      ),
    );
    if (done === "done") this.assigned = wanted;
    return `assign ${wanted.map((one) => one.files.module).join(", ") || "nothing"}: ${done}`;
  }

  async assignOther(): Promise<string> {
    return `assign the other device: ${await this.#did(this.repo.assign(OTHER, []))}`;
  }

  async yank(): Promise<string> {
    const one = this.#random.pick(this.releases);
    const reason = one.yanked ? undefined : "it was bad";
    const { team, name, version } = one;
    const done = await this.#did(this.repo.yank({ team, name, version, reason }));
    if (done === "done") one.yanked = reason !== undefined;
    return `${reason !== undefined ? "take back" : "put back"} ${one.files.module}: ${done}`;
  }

  async policy(): Promise<string> {
    this.#count += 1;
    const files = new Map([["policy/policy.json", utf8(`{"policy":${this.#count}}`)]]);
    return `policy: ${await this.#did(this.repo.putOwnerTargets(files))}`;
  }

  async renewOnline(): Promise<string> {
    const before = this.#random.pick([undefined, 2 * DAY_MS, 20 * DAY_MS]);
    return `renew: ${await this.#did(before === undefined ? this.repo.resign() : this.repo.refresh(before))}`;
  }

  /** Replaces or adds keys of a role that the chance of the run picks. */
  async rotate(): Promise<string> {
    const next = this.#people.pop();
    if (next === undefined) return "no key is left to rotate to";
    const file = join(this.directory, "..", `${next.name}.pem`);
    cpSync(next.file, file);
    unwrap(await this.repo.addKey(file));
    const add = [next.named];
    const replace = { add, remove: [], replace: true } as const;
    const only = { add, remove: [] };
    const keep = this.#random.chance(0.3);
    const edit = keep ? only : replace;
    switch (this.#random.below(5)) {
      case 0: {
        const leaver = this.#random.chance(0.6) ? this.#owners.shift() : undefined;
        this.#owners.push(next.name);
        const owners = { add, remove: leaver === undefined ? [] : [leaver] };
        const done = await this.#did(this.repo.rotate({ what: "owners", edit: owners }));
        return `new owner ${next.name}${leaver === undefined ? "" : ` for ${leaver}`}: ${done}`;
      }
      case 1: {
        const roles = this.#random.pick([["timestamp"], ["snapshot"], ["timestamp", "snapshot"]] as const);
        const done = await this.#did(this.repo.rotate({ what: "online", repository: "image", roles, edit }));
        return `${keep ? "more" : "new"} ${roles.join(" and ")} key of the image: ${done}`;
      }
      case 2: {
        const roles = ["timestamp", "snapshot", "targets"] as const;
        const done = await this.#did(this.repo.rotate({ what: "online", repository: "director", roles, edit }));
        return `${keep ? "more" : "new"} key of the director: ${done}`;
      }
      case 3: {
        const team = this.#random.pick(TEAMS);
        return `new key of team ${team}: ${await this.#did(this.repo.rotate({ what: "team", team, edit }))}`;
      }
      default:
        return `root renewed: ${await this.#did(this.repo.rotate({ what: "renew", role: "root" }))}`;
    }
  }

  /** Everything that expires soon is renewed, by whoever has to. */
  async maintain(): Promise<void> {
    const { offline } = unwrap(await this.repo.refresh(3 * DAY_MS));
    const due = new Set(offline.filter((one) => one.daysLeft < RENEW_DAYS).map((one) => one.role));
    // Root first: what else is renewed is judged under it.
    for (const role of [...due].sort((a) => (a === "root" ? -1 : 1))) {
      unwrap(await this.repo.rotate({ what: "renew", role }));
    }
    unwrap(await this.repo.refresh(3 * DAY_MS));
    this.#remember();
  }

  /** The versions that a board with everything has. */
  versions() {
    const at = paths(this.directory);
    const of = (folder: string, tree: ReturnType<typeof readTree>) => ({
      root: Math.max(...readdirSync(folder).flatMap((name) => Number(/^(\d+)\.root\.json$/.exec(name)?.[1] ?? 0))),
      timestamp: tree?.timestamp.version,
      snapshot: tree?.snapshot.version,
      targets: tree?.targets.version,
    });
    const director = at.director(DEVICE);
    return {
      image: of(at.image.metadata, readTree(at.image)),
      director: of(director.metadata, readTree(director)),
    };
  }

  /** Brings the public part to where boards read it, and nothing else is there. */
  serveTo(place: string): void {
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place, { recursive: true });
    for (const part of ["image", "director"])
      cpSync(join(this.directory, part), join(place, part), { recursive: true });
  }

  /** A copy as it is now, to be served again later. */
  keepCopy(): string {
    this.#copies += 1;
    const place = join(this.directory, "..", `old-${this.#copies}`);
    this.serveTo(place);
    return place;
  }

  async #did(verb: Promise<Result<unknown, Fault>>): Promise<string> {
    const result = await verb;
    if (!result.ok) return result.error.line();
    this.#remember();
    const { value } = result;
    return typeof value === "object" && value !== null && "kind" in value ? String(value.kind) : "done";
  }

  #remember(): void {
    const at = paths(this.directory);
    const folders = [["image", at.image.metadata] as const, ["director", at.director(DEVICE).metadata] as const];
    for (const [repository, folder] of folders) {
      for (const name of readdirSync(folder)) {
        const path = join(folder, name);
        if (this.#seen.has(path) || !name.endsWith(".json")) continue;
        if (basename(path) !== "timestamp.json") this.#seen.add(path);
        this.signed[repository].add(sha256(readFileSync(path)));
      }
    }
  }
}
