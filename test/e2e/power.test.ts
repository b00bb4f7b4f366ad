/**
 * What a failing disk or a power cut can do to a board at every single change that a refresh and a download make to its
 * files, and what it cannot: afterwards the board has the old state or the new one, works, and is no older than it was.
 */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { Fault } from "../../runtime/kernel/fault.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import type { TrustedView, Updater } from "../../updater/index.ts";
import { disk, type Failure } from "../fakes/failing-disk.ts";
import { codeOf, DEVICE, desired, FILES, faultOf, makeReadySite, releaseInput } from "../unit/updater/site.ts";

vi.mock("node:fs", async (original) => {
  const { disk: failing } = await import("../fakes/failing-disk.ts");
  return failing.before(await original());
});

const NEW = releasePaths("acme", "thermostat", "1.1.0");

interface Scene {
  readonly old: TrustedView["versions"];
  readonly now: TrustedView["versions"];
  /** The module that runs. */
  readonly module: { readonly length: number; readonly sha256: Sha256 };
  /** Opens the board whose files are under `name`, in a boot of its own. */
  open(name: string): Updater;
  folder(name: string): string;
  /** Runs `look` while the image repository serves its old state again. */
  whileRolledBack(look: () => Promise<void>): Promise<void>;
}

/** A board that is one release and one root behind; its files are under `base`. */
async function makeScene(): Promise<Scene> {
  const site = await makeReadySite();
  let boots = 0;
  const folder = (name: string) => site.boardDirectory(name);
  const open = (name: string) => {
    boots += 1;
    const self = { pid: 1, boot: `boot ${boots}`, started: "1" };
    return site.board(name, {
      directory: join(folder(name), "updater"),
      counterFile: join(folder(name), "elsewhere", "counter"),
      processes: { self, isAlive: (holder) => holder.boot === self.boot },
    });
  };
  const board = open("base");
  const old = unwrap(await board.refresh()).versions;
  await fetchAll(board, FILES);
  board.close();
  const rollBack = site.backup(site.image);
  await site.forgeRoot(2, ["owner-1.pem", "owner-2.pem"], () => {});
  await site.release("1.1.0");
  unwrap(await site.repositories.assign(DEVICE, [desired("1.1.0")]));
  const fresh = open("fresh");
  const now = unwrap(await fresh.refresh()).versions;
  const goOn = site.backup(site.image);
  const whileRolledBack = async (look: () => Promise<void>) => {
    rollBack();
    await look();
    goOn();
  };
  const { module: code } = releaseInput("1.0.0");
  const module = { length: code.byteLength, sha256: sha256(code) };
  return { old, now, module, open, folder, whileRolledBack };
}

/** A refresh with the download of what it assigns; the code of what refused it, or `done`. */
async function update(board: Updater): Promise<string> {
  const view = await board.refresh();
  if (!view.ok) return view.error.code;
  const target = view.value.agreed(NEW.module);
  const bytes = target.ok ? await board.fetchTarget(target.value) : target;
  return bytes.ok ? "done" : bytes.error.code;
}

async function fetchAll(board: Updater, files: typeof FILES): Promise<void> {
  const view = board.view() ?? expect.fail("no view");
  for (const path of Object.values(files)) unwrap(await board.fetchTarget(unwrap(view.agreed(path))));
}

/** Runs the update on a copy of `base` with a failure at the n-th change; answers as `update` does. */
async function updateWith(scene: Scene, name: string, failAt: number, failure: Failure): Promise<string> {
  cpSync(scene.folder("base"), scene.folder(name), { recursive: true });
  disk.watch(scene.folder(name), failAt, failure);
  let board: Updater | undefined;
  try {
    board = scene.open(name);
    return await update(board);
  } catch (error) {
    return error instanceof Fault ? error.code : expect.fail(String(error));
  } finally {
    board?.close();
  }
}

/** Every n of a change that the update makes. */
async function everyChange(scene: Scene): Promise<readonly number[]> {
  expect(await updateWith(scene, "counted", Number.POSITIVE_INFINITY, { kind: "power" })).toBe("done");
  const { changes } = disk;
  disk.heal();
  expect(changes).toBeGreaterThan(30);
  return Array.from({ length: changes }, (_, n) => n + 1);
}

/** What holds after every failure, whatever it was; answers the versions found. */
async function isSound(scene: Scene, name: string, at: string): Promise<unknown> {
  const board = scene.open(name);
  expect(board.notices, at).toEqual([]);
  const versions = board.view()?.versions;
  expect([scene.old, scene.now], at).toContainEqual(versions);
  // What runs can start again without any network.
  const target = { path: FILES.module, ...scene.module, custom: undefined, repository: "image" } as const;
  expect((await board.fetchTarget(target)).ok, at).toBe(true);
  if (canonicalJson(versions) === canonicalJson(scene.now)) {
    // Nothing below what it has seen.
    await scene.whileRolledBack(async () => expect(codeOf(await board.refresh()), at).toBe("UPDATE_ROLLBACK"));
  }
  expect(await update(board), at).toBe("done");
  expect(board.view()?.versions, at).toEqual(scene.now);
  board.close();
  return versions;
}

describe("at every change to the disk", () => {
  it("a power cut leaves the old state or the new one, and a board that works", async () => {
    const scene = await makeScene();
    for (const n of await everyChange(scene)) {
      const said = await updateWith(scene, `run-${n}`, n, { kind: "power" });
      for (const remains of ["names before", "names after"] as const) {
        const cut = `cut-${n}-${remains}`;
        disk.cutTo(scene.folder(cut), remains);
        const versions = await isSound(scene, cut, `power cut at change ${n}, ${remains}`);
        // What was said to be done is done: only the lock's own file changes after that.
        if (said === "done") expect(versions).toEqual(scene.now);
        else expect(said).toBe("UPDATE_DISK");
      }
      disk.heal();
    }
  }, 120_000);

  it("a disk that refuses is named as such, not as a network, and is good again once it takes changes", async () => {
    const scene = await makeScene();
    const codes = ["ENOSPC", "EIO", "EROFS"];
    const seen = new Set<string>();
    for (const n of await everyChange(scene)) {
      const code = codes[n % codes.length] ?? "EIO";
      seen.add(await updateWith(scene, `run-${n}`, n, { kind: "errno", code, lasting: n % 2 === 0 }));
      disk.heal();
      await isSound(scene, `run-${n}`, `${code} at change ${n}`);
    }
    // Some changes are of no consequence: a draft that cannot be removed, the lock's file at the end.
    expect([...seen].sort()).toEqual(["UPDATE_DISK", "done"]);
  }, 120_000);

  it("a refused commit names path and errno, and leaves the board as it was", async () => {
    const scene = await makeScene();
    await everyChange(scene);
    cpSync(scene.folder("base"), scene.folder("full"), { recursive: true });
    const board = scene.open("full");
    disk.watch(scene.folder("full"), 1, { kind: "errno", code: "ENOSPC", lasting: true });
    const fault = faultOf(await board.refresh());
    disk.heal();
    expect(fault.code).toBe("UPDATE_DISK");
    expect(fault.kind).toBe("disk");
    expect(fault.facts).toMatchObject({
      errno: "ENOSPC",
      path: join(scene.folder("full"), "updater", "roots", "image", "2.root.json"),
    });
    expect(board.view()?.versions).toEqual(scene.old);
    expect(unwrap(await board.refresh()).versions).toEqual(scene.now);
  });
});
