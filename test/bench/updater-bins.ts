/**
 * What a catalogue of 20 000 releases costs in hash bins: the bytes that a board downloads for one more assignment, and
 * the publisher's CPU time for one more release, beside a team's single role, near the 666 releases that it can hold.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TargetFile } from "@tufjs/models";
import { releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { createRepositories, type Repositories } from "../../updater/repository/index.ts";
import { openKeyring } from "../../updater/repository/keys.ts";
import { paths, teamRole } from "../../updater/repository/layout.ts";
import { bindTo, publish, readTree, targetEntry } from "../../updater/repository/metadata.ts";
import { shelfOf } from "../../updater/repository/team-shelf.ts";
import type { Row } from "./row.ts";
import { boardOn } from "./updater-clients.ts";
import type { Asked, Said } from "./updater-server.ts";
import { BOARD, desired, releaseOf, TEAM } from "./updater-site.ts";

const SERVER_FILE = fileURLToPath(new URL("./updater-server.ts", import.meta.url));
const FAR = "2040-01-01T00:00:00Z";
const HARDWARE = ["any/core-v1"];
const TURNS = 5;

interface Catalogue {
  readonly modules: number;
  readonly releasesOfEach: number;
  /** Hash bins, as a power of two; 0 for the team's role alone. */
  readonly bits: number;
}

export async function benchBins(short: boolean): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const large: Catalogue = short
    ? { modules: 20, releasesOfEach: 100, bits: 6 }
    : { modules: 200, releasesOfEach: 100, bits: 9 };
  for (const catalogue of [{ modules: 6, releasesOfEach: 110, bits: 0 }, large]) {
    const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
    try {
      rows.push(...(await measured(catalogue, folder)));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return rows;
}

async function measured(catalogue: Catalogue, folder: string): Promise<readonly Row[]> {
  const directory = join(folder, "repository");
  const now = () => Date.now();
  const repositories = unwrap(await createRepositories(directory, { tenant: "bench", teams: [TEAM], now }));
  if (catalogue.bits > 0) unwrap(await repositories.rotate({ what: "bins", team: TEAM, bits: catalogue.bits }));
  await fill(directory, catalogue);
  const { modules, releasesOfEach, bits } = catalogue;
  const name = `${modules * releasesOfEach} releases in ${bits === 0 ? "one role" : `${2 ** bits} bins`}`;
  return [...(await boardOf(repositories, name, folder)), await publisherOf(repositories, name)];
}

/** Every release at once, signed as the verbs sign: one after the other would take an hour. */
async function fill(directory: string, { modules, releasesOfEach }: Catalogue): Promise<void> {
  const tree = paths(directory).image;
  const before = readTree(tree);
  if (before === undefined) throw new Error("the bench's repository has no metadata");
  const entries: Record<string, TargetFile> = {};
  for (let at = 0; at < modules * releasesOfEach; at += 1) {
    const [module, number] = [`module-${at % modules}`, Math.floor(at / modules) + 1];
    const version = `1.0.${number}`;
    const facts = { team: TEAM, name: module, version, releaseCounter: number, releaseFloor: 0, hardware: HARDWARE };
    for (const [kind, path] of Object.entries(releasePaths(TEAM, module, version))) {
      entries[path] = targetEntry(path, utf8(path), { sallyport: { kind, ...facts } });
    }
  }
  const keyring = openKeyring(directory, undefined);
  const keys = [keyring(`${teamRole(TEAM)}.pem`)];
  const online = [keyring("image-online.pem")];
  await publish({
    tree,
    before,
    files: new Map(),
    roles: [...shelfOf(before, TEAM).put(entries, FAR)].map(([role, targets]) => ({ role, targets, keys })),
    online: { snapshot: online, timestamp: online },
    expires: { snapshot: FAR, timestamp: FAR },
    extra: bindTo(undefined),
  });
}

/** A board that knows the catalogue and is assigned something else of it. */
async function boardOf(repositories: Repositories, name: string, folder: string): Promise<Row[]> {
  const server = fork(SERVER_FILE, [repositories.directory], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const next = async () => ((await once(server, "message")) as [Said])[0];
  const started = await next();
  const down = async () => {
    server.send({ ask: "counts" } satisfies Asked);
    const said = await next();
    return "counts" in said ? said.counts.down : Number.NaN;
  };
  const board = boardOn({ repositories }, "direct" in started ? started.direct : "", join(folder, "board"));
  const bytes = async (work: () => Promise<unknown>): Promise<number> => {
    await work();
    await down();
    unwrap(await board.refresh());
    return down();
  };
  try {
    const assign = async (module: string) => unwrap(await repositories.assign(BOARD, [desired(module, "1.0.7")]));
    const first = await bytes(() => assign("module-1"));
    const second = await bytes(() => assign("module-2"));
    const third = await bytes(() => publishOne(repositories, 0));
    return [
      { name, subject: "first look of a new board", value: first, unit: "bytes" },
      { name, subject: "another assignment", value: second, unit: "bytes" },
      { name, subject: "after the release of another module", value: third, unit: "bytes" },
    ];
  } finally {
    board.close();
    server.send({ ask: "stop" } satisfies Asked);
  }
}

async function publishOne(repositories: Repositories, number: number): Promise<void> {
  const code = utf8(`code of release ${number}`);
  unwrap(await repositories.publishRelease(releaseOf("module-3", `2.0.${number}`, code)));
}

async function publisherOf(repositories: Repositories, name: string): Promise<Row> {
  // The first release of this process is not counted: programs get faster as they run.
  const all: number[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const before = process.cpuUsage();
    await publishOne(repositories, turn + 1);
    const { user, system } = process.cpuUsage(before);
    all.push((user + system) / 1000);
  }
  const sorted = all.slice(1).sort((a, b) => a - b);
  return { name, subject: "one more release, CPU", value: sorted[sorted.length >> 1] ?? Number.NaN, unit: "ms" };
}
