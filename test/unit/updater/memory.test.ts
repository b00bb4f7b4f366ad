/**
 * What the board remembers when a part of its memory was damaged, put back from a backup or taken away: which state is
 * shown, below which versions nothing is taken, and that the next honest refresh always succeeds.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { attemptSync, unwrap } from "../../../runtime/kernel/result.ts";
import { sealed } from "../../../updater/client/sealed.ts";
import type { Updater } from "../../../updater/index.ts";
import { codeOf, DEVICE, desired, FILES, type ForgedRoot, faultOf, makeReadySite, type Site } from "./site.ts";

const OWNERS = ["owner-1.pem", "owner-2.pem"];

/** A board that has committed two states; `rollBack` makes the image repository serve the first one again. */
async function makeTwice() {
  const site = await makeReadySite();
  const board = site.board();
  const first = unwrap(await board.refresh()).versions;
  const rollBack = site.backup(site.image);
  unwrap(await site.repositories.resign());
  await site.release("1.1.0");
  const second = unwrap(await board.refresh()).versions;
  board.close();
  const damage = (...names: readonly string[]) => {
    for (const name of names) truncateSync(join(site.boardDirectory(), name), 100);
  };
  return { site, first, second, rollBack, damage };
}

const codes = (board: Updater) => board.notices.map((one) => one.code);

describe("with a damaged vault", () => {
  it("the generation before is a base, but what lies below the floors is neither shown nor taken", async () => {
    const { site, second, rollBack, damage } = await makeTwice();
    const honest = site.backup(site.image);
    damage("vault");
    rollBack();
    const board = site.board();
    expect(board.vaultFault?.code).toBe("UPDATE_VAULT_TORN");
    expect(board.vaultFault?.facts).toMatchObject({ base: "vault.before" });
    expect(board.view()).toBeUndefined();
    const fault = faultOf(await board.refresh());
    expect(fault.code).toBe("UPDATE_ROLLBACK");
    expect(fault.facts).toMatchObject({ repository: "image", trusted: expect.any(Number) });
    honest();
    expect(unwrap(await board.refresh()).versions).toEqual(second);
    expect(codes(site.board())).toEqual([]);
  });

  it("and a damaged generation before, the record of floors still holds", async () => {
    const { site, second, rollBack, damage } = await makeTwice();
    const honest = site.backup(site.image);
    damage("vault", "vault.before");
    rollBack();
    const board = site.board();
    expect(codes(board)).toEqual(["UPDATE_VAULT_TORN"]);
    expect(codeOf(await board.refresh())).toBe("UPDATE_ROLLBACK");
    honest();
    expect(unwrap(await board.refresh()).versions).toEqual(second);
  });

  it("and both copies of the floors damaged, the board says so and comes up again", async () => {
    const { site, second, damage } = await makeTwice();
    damage("vault", "vault.before", "floors.0", "floors.1");
    const board = site.board();
    expect(codes(board)).toEqual(["UPDATE_FLOORS_LOST", "UPDATE_VAULT_TORN"]);
    expect(board.vaultFault?.facts).toMatchObject({ vault: "is damaged as well" });
    expect(unwrap(await board.refresh()).versions).toEqual(second);
    expect(codes(site.board())).toEqual([]);
  });

  it("what was admitted before is still given out, without a network", async () => {
    const { site, damage } = await makeTwice();
    const board = site.board();
    const target = unwrap((board.view() ?? expect.fail("no view")).agreed(FILES.module));
    const bytes = unwrap(await board.fetchTarget(target));
    await site.server.close();
    damage("vault", "vault.before");
    expect(unwrap(await site.board().fetchTarget(target))).toEqual(bytes);
  });
});

describe("the record of floors", () => {
  it("with one of its copies damaged holds by the other, and is whole again after the next commit", async () => {
    const { site, rollBack, damage } = await makeTwice();
    for (const slot of ["floors.0", "floors.1"]) {
      const board = site.board();
      unwrap(await site.repositories.resign());
      unwrap(await board.refresh());
      board.close();
      damage(slot);
      expect(codes(site.board())).toEqual([]);
    }
    damage("vault", "vault.before");
    rollBack();
    expect(codeOf(await site.board().refresh())).toBe("UPDATE_ROLLBACK");
  });

  it("lost beside a whole vault is made anew from it", async () => {
    const { site, second, damage } = await makeTwice();
    damage("floors.0", "floors.1");
    const board = site.board();
    expect(codes(board)).toEqual(["UPDATE_FLOORS_LOST"]);
    expect(board.view()?.versions).toEqual(second);
    unwrap(await board.refresh());
    damage("vault", "vault.before");
    expect(codes(site.board())).toEqual(["UPDATE_VAULT_TORN"]);
  });

  it("forgets the versions of a key that root took away, also when nothing else is left", async () => {
    const { site, first, rollBack } = await makeTwice();
    rollBack();
    const { key } = site.newKey("image-online-2.pem");
    await site.forgeRoot(2, OWNERS, (signed: ForgedRoot) => {
      signed.keys[key.keyID] = key.toJSON();
      signed.roles.timestamp.keyids = [key.keyID];
      signed.roles.snapshot.keyids = [key.keyID];
    });
    unwrap(await site.repositories.addKey(join(site.directory, "keys", "image-online-2.pem")));
    unwrap(await site.reopen().resign());
    for (const name of ["vault", "vault.before"]) rmSync(join(site.boardDirectory(), name));
    const board = site.board();
    expect(codes(board)).toEqual(["UPDATE_RESTORED"]);
    expect(unwrap(await board.refresh()).versions.image.timestamp).toBe(first.image.timestamp + 1);
  });

  it("keeps the release floors even then", async () => {
    const site = await makeReadySite();
    await site.release("1.1.0", { releaseFloor: 2 });
    unwrap(await site.repositories.assign(DEVICE, [desired("1.1.0")]));
    unwrap(await site.board().refresh());
    for (const name of ["vault", "roots"]) rmSync(join(site.boardDirectory(), name), { recursive: true });
    const view = unwrap(await site.board().refresh());
    expect(view.releaseFloor("acme", "thermostat")).toBe(2);
  });
});

describe("a version far ahead", () => {
  it("is refused by name, and what was trusted stays", async () => {
    const site = await makeReadySite();
    const board = site.board();
    const before = unwrap(await board.refresh()).versions;
    const honest = site.backup(site.director());
    await site.forge(site.director(), "targets", ["director-online.pem"], (signed) => {
      signed.version += 2 ** 20 + 1;
    });
    const fault = faultOf(await board.refresh());
    expect(fault.code).toBe("UPDATE_FAST_FORWARD");
    expect(fault.kind).toBe("attack");
    expect(fault.facts).toMatchObject({ repository: "director", role: "targets", trusted: before.director.targets });
    expect(board.view()?.versions).toEqual(before);
    honest();
    expect((await board.refresh()).ok).toBe(true);
  });

  it("close to where numbers end is refused on the first day too", async () => {
    const site = await makeReadySite();
    await site.forge(site.director(), "targets", ["director-online.pem"], (signed) => {
      signed.version = 2 ** 53 - 2;
    });
    expect(codeOf(await site.board().refresh())).toBe("UPDATE_FAST_FORWARD");
  });
});

describe("roots on their own", () => {
  const rotate = (site: Site) => site.forgeRoot(2, OWNERS, () => {});

  it("are kept the moment they are verified, though the refresh is refused", async () => {
    const site = await makeReadySite();
    const board = site.board();
    unwrap(await board.refresh());
    await rotate(site);
    const honest = site.backup(site.image);
    rmSync(join(site.image.metadata, "timestamp.json"));
    expect(codeOf(await board.refresh())).toBe("UPDATE_METADATA_MISSING");
    expect(existsSync(join(site.boardDirectory(), "roots", "image", "2.root.json"))).toBe(true);
    honest();
    rmSync(join(site.image.metadata, "2.root.json")); // The mirror would have the board stay on the old root.
    expect(unwrap(await site.board().refresh()).versions.image.root).toBe(2);
  });

  it("survive when everything else is damaged", async () => {
    const { site, damage } = await makeTwice();
    await rotate(site);
    unwrap(await site.board().refresh());
    damage("vault", "vault.before", "floors.0", "floors.1");
    rmSync(join(site.image.metadata, "2.root.json"));
    const board = site.board();
    expect(board.notices.at(-1)?.facts).toMatchObject({ base: "the roots that were kept on their own" });
    expect(unwrap(await board.refresh()).versions.image.root).toBe(2);
  });

  it("that were damaged are fetched again", async () => {
    const { site, damage } = await makeTwice();
    await rotate(site);
    unwrap(await site.board().refresh());
    damage("roots/image/2.root.json", "vault", "vault.before");
    expect(unwrap(await site.board().refresh()).versions.image.root).toBe(2);
  });
});

describe("a restored backup", () => {
  /** Commits, backs the board's files up, commits twice more, and puts the backup back. */
  async function makeRestored(options: { readonly whole: boolean; readonly counted: boolean }) {
    const site = await makeReadySite();
    const changes = options.counted ? { counterFile: join(site.boardDirectory("elsewhere"), "counter") } : {};
    const open = () => site.board("board", changes);
    const files = options.whole ? "" : "vault";
    const kept = site.boardDirectory("kept");
    unwrap(await open().refresh());
    open().close();
    cpSync(join(site.boardDirectory(), files), kept, { recursive: true });
    for (let i = 0; i < 2; i += 1) {
      unwrap(await site.repositories.resign());
      unwrap(await open().refresh());
    }
    open().close();
    if (options.whole) rmSync(site.boardDirectory(), { recursive: true });
    cpSync(kept, join(site.boardDirectory(), files), { recursive: true });
    return { site, open };
  }

  it.each([
    ["of the whole directory, by the counter outside", { whole: true, counted: true }],
    ["of the vault alone, by the record of floors", { whole: false, counted: false }],
  ])("is noticed: %s; nothing of it is shown, and the next refresh is the way out", async (_, options) => {
    const { site, open } = await makeRestored(options);
    const board = open();
    expect(codes(board)).toEqual(["UPDATE_RESTORED"]);
    expect(board.vaultFault?.kind).toBe("attack");
    expect(board.vaultFault?.facts).toMatchObject({ found: 1, seen: 3 });
    expect(board.view()).toBeUndefined();
    const view = unwrap(await board.refresh());
    expect(view.versions).toEqual(unwrap(await site.board("fresh").refresh()).versions);
    expect(board.commits()).toBe(4);
    expect(codes(open())).toEqual([]);
  });

  it("whose counter is damaged says so, and counts on", async () => {
    const { open, site } = await makeRestored({ whole: true, counted: true });
    truncateSync(join(site.boardDirectory("elsewhere"), "counter"), 3);
    const board = open();
    expect(codes(board)).toEqual(["UPDATE_COUNTER"]);
    unwrap(await board.refresh());
    expect(codes(open())).toEqual([]);
  });
});

describe("an updater", () => {
  it("keeps a second one off its directory, and lets the next one in when it is closed", async () => {
    const site = await makeReadySite();
    const directory = site.boardDirectory();
    const first = site.board("board");
    const second = attemptSync(() => site.board("other name", { directory }));
    expect(faultOf(second).code).toBe("UPDATE_LOCKED");
    expect(faultOf(second).facts).toEqual({ directory, pid: process.pid });
    first.close();
    expect((await site.board("other name", { directory }).refresh()).ok).toBe(true);
  });

  it("that is closed while it refreshes commits nothing afterwards", async () => {
    const site = await makeReadySite();
    const board = site.board();
    unwrap(await board.refresh());
    const vault = readFileSync(join(site.boardDirectory(), "vault"));
    unwrap(await site.repositories.resign());
    const refreshing = board.refresh();
    board.close();
    expect((await refreshing).ok).toBe(false);
    expect(readFileSync(join(site.boardDirectory(), "vault"))).toEqual(vault);
  });

  it("believes a vault that was written before commits were counted, and counts from there", async () => {
    const site = await makeReadySite();
    const { versions } = unwrap(await site.board().refresh());
    site.board().close();
    const file = join(site.boardDirectory(), "vault");
    const { commit: _, ...document } = JSON.parse(readFileSync(file, "utf8").slice(64));
    rmSync(site.boardDirectory(), { recursive: true });
    mkdirSync(site.boardDirectory());
    writeFileSync(file, sealed(document));
    const board = site.board();
    expect(codes(board)).toEqual([]);
    expect(board.view()?.versions).toEqual(versions);
    unwrap(await board.refresh());
    expect(board.commits()).toBe(1);
  });
});
