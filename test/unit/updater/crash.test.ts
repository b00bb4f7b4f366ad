/**
 * A publisher's machine that dies at any write of any verb: what boards read is whole at that moment, and the next verb
 * finishes or forgets what was begun. The disk is real until the write at which it is gone for good.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { fault } from "../../../runtime/kernel/durable.ts";
import { type Result, unwrap } from "../../../runtime/kernel/result.ts";
import { restore } from "../../../updater/client/refresh.ts";
import { type Disk, realDisk } from "../../../updater/repository/disk.ts";
import { createRepositories, openRepositories, type Repositories } from "../../../updater/repository/index.ts";
import { paths } from "../../../updater/repository/layout.ts";
import { readTree } from "../../../updater/repository/metadata.ts";
import { person, signedBy } from "./people.ts";
import { DEVICE, desired, OTHER, releaseInput } from "./site.ts";

const now = () => Date.parse("2026-06-01T12:00:00Z");
const base = mkdtempSync(join(tmpdir(), "sallyport-crash-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

interface Scenario {
  readonly name: string;
  /** Brings the repository to where the verb begins. */
  prepare(repo: Repositories, directory: string): Promise<void>;
  verb(repo: Repositories, directory: string): Promise<Result<unknown>>;
}

const policy = (text: string) => new Map([["policy/policy.json", utf8(text)]]);
const newcomer = person(base, "newcomer");
const addNewcomer = async (repo: Repositories, directory: string) => {
  const file = join(directory, "newcomer.pem");
  cpSync(newcomer.file, file);
  unwrap(await repo.addKey(file));
};
const nothing = async () => {};

const scenarios: readonly Scenario[] = [
  { name: "the owner's targets", prepare: nothing, verb: (repo) => repo.putOwnerTargets(policy("2")) },
  { name: "a release", prepare: nothing, verb: (repo) => repo.publishRelease(releaseInput("2.0.0")) },
  { name: "an assignment", prepare: nothing, verb: (repo) => repo.assign(DEVICE, []) },
  { name: "a device's first assignment", prepare: nothing, verb: (repo) => repo.assign(OTHER, [desired("1.0.0")]) },
  { name: "a renewal", prepare: nothing, verb: (repo) => repo.resign() },
  {
    name: "a change of owners",
    prepare: addNewcomer,
    verb: (repo) => repo.rotate({ what: "owners", edit: { add: [newcomer.named], remove: ["owner-1"] } }),
  },
  {
    name: "new online keys",
    prepare: addNewcomer,
    verb: (repo) => {
      const edit = { add: [newcomer.named], remove: [], replace: true } as const;
      return repo.rotate({ what: "online", repository: "image", roles: ["timestamp", "snapshot"], edit });
    },
  },
  {
    name: "a new director's key",
    prepare: addNewcomer,
    verb: (repo) => {
      const edit = { add: [newcomer.named], remove: [], replace: true } as const;
      return repo.rotate({ what: "online", repository: "director", roles: ["timestamp", "snapshot", "targets"], edit });
    },
  },
  {
    name: "a team's new key",
    prepare: addNewcomer,
    verb: (repo) =>
      repo.rotate({ what: "team", team: "acme", edit: { add: [newcomer.named], remove: [], replace: true } }),
  },
  {
    name: "the last signature's arrival",
    async prepare(repo, directory) {
      const home = join(base, "taken-home");
      cpSync(join(directory, "keys"), home, { recursive: true });
      for (const name of ["owner-1.pem", "owner-2.pem"]) rmSync(join(directory, "keys", name));
      await repo.putOwnerTargets(policy("3"));
    },
    async verb(repo) {
      const sent = await repo.exportChange("targets");
      if (!sent.ok) return sent;
      const { readKey } = await import("../../../updater/repository/index.ts");
      const keys = ["owner-1.pem", "owner-2.pem"].map((name) =>
        unwrap(readKey(join(base, "taken-home", name), undefined)),
      );
      const people = keys.map((key) => ({ ...newcomer, key }));
      return repo.merge([{ name: "f", bytes: await signedBy(sent.value, ...people) }]);
    },
  },
];

// Each death is a repository of its own: seconds of durable writes on a slow disk.
describe("a machine that dies during", { timeout: 60_000 }, () => {
  it.each(scenarios)("$name leaves what boards can read, and the next verb goes on", async ({ prepare, verb }) => {
    const start = mkdtempSync(join(base, "start-"));
    const repo = unwrap(await createRepositories(start, { tenant: "acme-corp", teams: ["acme"], now }));
    unwrap(await repo.putOwnerTargets(policy("1")));
    unwrap(await repo.publishRelease(releaseInput("1.0.0")));
    unwrap(await repo.assign(DEVICE, [desired("1.0.0")]));
    await prepare(repo, start);

    let died = 0;
    for (let at = 0; ; at += 1) {
      const directory = join(base, "run");
      cpSync(start, directory, { recursive: true });
      const disk = dyingDisk(at);
      const result = await verb(unwrap(openRepositories(directory, { now, disk })), directory);
      readAsClients(directory);
      const next = unwrap(openRepositories(directory, { now }));
      unwrap(await next.resign());
      readAsClients(directory);
      const again = await verb(next, directory);
      // Either it is done now, or it was done by the verb that came after the crash.
      if (!again.ok) expect(["REPO_ROTATION", "REPO_NO_CHANGE", "REPO_PENDING"]).toContain(again.error.code);
      readAsClients(directory);
      expect(existsSync(paths(directory).journal)).toBe(false);
      rmSync(directory, { recursive: true });
      if (result.ok) break;
      expect(result.error.code).toBe("DISK_WRITE");
      died += 1;
    }
    expect(died).toBeGreaterThanOrEqual(3);
  });

  it("the ceremony leaves no repository, or one that the next verb finishes", async () => {
    let begun = 0;
    for (let at = 0; ; at += 1) {
      const directory = join(base, "run");
      const options = { tenant: "acme-corp", teams: ["acme"], now };
      const result = await createRepositories(directory, { ...options, disk: dyingDisk(at) });
      if (result.ok) break;
      if (existsSync(paths(directory).config)) {
        begun += 1;
        unwrap(await unwrap(openRepositories(directory, { now })).resign());
      } else unwrap(await createRepositories(directory, options));
      readAsClients(directory);
      rmSync(directory, { recursive: true });
    }
    expect(begun).toBeGreaterThanOrEqual(3);
  });
});

/** Writes until the N-th; from then on nothing is written any more. */
function dyingDisk(lives: number): Disk {
  let left = lives;
  const last = (path: string) => {
    if (left === 0) throw fault("DISK_WRITE", { path, reason: "the machine is off" });
    left -= 1;
  };
  return {
    write(path, bytes, mode) {
      last(path);
      realDisk.write(path, bytes, mode);
    },
    remove(path) {
      last(path);
      realDisk.remove(path);
    },
  };
}

/** Verifies everything that is public as clients do who were provisioned with the first roots. */
function readAsClients(directory: string): void {
  const at = paths(directory);
  const read = (file: string) => new Uint8Array(readFileSync(file));
  const tree = (folder: string) => {
    const roots = readdirSync(folder)
      .flatMap((name) => /^(\d+)\.root\.json$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b)
      .map((version) => read(join(folder, `${version}.root.json`)));
    const state = readTree({ metadata: folder, targets: "" });
    return { roots, state };
  };
  const verify = (folder: string, of: { repository: "image" } | { repository: "director"; device: typeof DEVICE }) => {
    const { roots, state } = tree(folder);
    const [pinned, ...later] = roots;
    if (pinned === undefined || state === undefined) return;
    const file = (version: number, role: string) => read(join(folder, `${version}.${role}.json`));
    const trust = restore(
      { ...of, pinned, at: now() },
      {
        roots: later,
        timestamp: read(join(folder, "timestamp.json")),
        snapshot: file(state.snapshot.version, "snapshot"),
        targets: file(state.targets.version, "targets"),
        delegated: [...state.delegated].map(([role, one]) => ({
          role,
          delegator: "targets",
          bytes: file(one.version, role),
        })),
      },
    );
    expect(trust.rootVersion).toBe(roots.length);
  };
  verify(at.image.metadata, { repository: "image" });
  for (const device of [DEVICE, OTHER]) {
    const folder = at.director(device).metadata;
    if (existsSync(folder)) verify(folder, { repository: "director", device });
  }
}
