/** Keys are replaced while boards read: every rotation is followed by a board from the very first root on. */
import { copyFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { attemptSync, unwrap } from "../../../runtime/kernel/result.ts";
import { refuseBroken } from "../../../updater/repository/client-check.ts";
import { type Rotation, readPublicHalf } from "../../../updater/repository/index.ts";
import { paths } from "../../../updater/repository/layout.ts";
import { readTree } from "../../../updater/repository/metadata.ts";
import { readStanding } from "../../../updater/repository/standing.ts";
import { person } from "./people.ts";
import { codeOf, DEVICE, desired, FILES, faultOf, makeReadySite, OTHER, type Site } from "./site.ts";

const policy = (text: string) => new Map([["policy/policy.json", utf8(text)]]);

async function rotated(site: Site, rotation: Rotation) {
  const settled = unwrap(await site.repositories.rotate(rotation));
  expect(settled).toMatchObject({ kind: "published", seamless: true });
}

describe("owners", () => {
  it("come and go, and what they sign from then on is believed, by old boards and by new ones", async () => {
    const site = await makeReadySite();
    const old = site.board("old");
    unwrap(await old.refresh());
    const anna = person(site.directory, "anna", "p256");
    unwrap(await site.repositories.addKey(renamed(site, anna.file, "anna.pem")));
    await rotated(site, { what: "owners", edit: { add: [anna.named], remove: ["owner-1"] } });
    rmSync(join(site.directory, "keys", "owner-1.pem"));
    rmSync(join(site.directory, "keys", "owner-2.pem"));
    unwrap(await site.repositories.putOwnerTargets(policy("signed by anna and owner-3")));
    for (const board of [old, site.board("new")]) {
      const view = unwrap(await board.refresh());
      expect(view.versions.image.root).toBe(2);
      expect(view.versions.director.root).toBe(2);
      expect(view.owner("policy/policy.json").ok).toBe(true);
    }
  });

  it("who leave take their signature on the targets with them: the others sign the next version", async () => {
    const site = await makeReadySite();
    await rotated(site, { what: "owners", edit: { add: [], remove: ["owner-1"] } });
    expect(readTree(site.image)?.targets.version).toBe(3);
    expect(unwrap(await site.board().refresh()).versions.image.targets).toBe(3);
  });

  it("may need more signatures from now on", async () => {
    const site = await makeReadySite();
    await rotated(site, { what: "owners", edit: { add: [], remove: [], threshold: 3 }, targetsThreshold: 3 });
    const { roles } = unwrap(site.repositories.status());
    expect(roles.find((one) => one.role === "root")?.threshold).toBe(3);
    expect((await site.board().refresh()).ok).toBe(true);
    rmSync(join(site.directory, "keys", "owner-3.pem"));
    expect(faultOf(await site.repositories.putOwnerTargets(policy("{}"))).message).toContain("2 of 3 signatures");
  });

  it.each([
    ["a threshold that they cannot reach", { add: [], remove: [], threshold: 4 }, "nobody could ever sign again"],
    ["a threshold of nothing", { add: [], remove: [], threshold: 0 }, "no signature at all"],
    ["fewer keys than the threshold", { add: [], remove: ["owner-1", "owner-2"] }, "nobody could ever sign again"],
    ["the removal of somebody who is none", { add: [], remove: ["mallory"] }, "names 0 of its keys"],
  ])("are refused %s", async (_, edit, reason) => {
    const site = await makeReadySite();
    const fault = faultOf(await site.repositories.rotate({ what: "owners", edit }));
    expect(fault.code).toBe("REPO_ROTATION");
    expect(fault.message).toContain(reason);
    expect(existsSync(join(site.image.metadata, "2.root.json"))).toBe(false);
  });

  it("are counted once: the same key again, an online key, or a team's, is refused", async () => {
    const site = await makeReadySite();
    const again = (file: string) => {
      const { key } = unwrap(readPublicHalf(join(site.directory, "keys", file), undefined));
      return site.repositories.rotate({ what: "owners", edit: { add: [{ name: "again", key }], remove: [] } });
    };
    expect(faultOf(await again("owner-2.pem")).message).toContain("already one of its keys");
    expect(faultOf(await again("image-online.pem")).message).toContain("an owner's and an online key");
    expect(faultOf(await again("director-online.pem")).message).toContain("an owner's and an online key");
    expect(faultOf(await again("team-acme.pem")).message).toContain("is a team's");
  });
});

describe("online keys", () => {
  it.each([
    ["both", ["timestamp", "snapshot"]],
    ["the timestamp's", ["timestamp"]],
    ["the snapshot's", ["snapshot"]],
  ] as const)("of the image are replaced: %s", async (_, roles) => {
    const site = await makeReadySite();
    const board = site.board();
    unwrap(await board.refresh());
    await replaceOnline(site, "image", roles);
    expect(unwrap(await board.refresh()).versions.image.root).toBe(2);
    unwrap(await site.repositories.resign());
    expect((await site.board("new").refresh()).ok).toBe(true);
  });

  it("of the director are replaced for every device, those of before and those to come", async () => {
    const site = await makeReadySite();
    unwrap(await site.repositories.assign(OTHER, []));
    const board = site.board();
    unwrap(await board.refresh());
    await replaceOnline(site, "director", ["timestamp", "snapshot", "targets"]);
    rmSync(join(site.directory, "keys", "director-online.pem"));
    expect(unwrap(await board.refresh()).versions.director.root).toBe(2);
    expect(existsSync(join(site.director(OTHER).metadata, "2.root.json"))).toBe(true);
    unwrap(await site.repositories.assign(DEVICE, [desired("1.0.0")]));
    expect(unwrap(await board.refresh()).agreed(FILES.module).ok).toBe(true);
    expect((await site.board("new").refresh()).ok).toBe(true);
  });

  it("that a thief drove ahead are replaced, and boards come back to the honest versions", async () => {
    const site = await makeReadySite();
    const board = site.board();
    const honest = site.backup(site.image);
    for (let i = 0; i < 5; i += 1) unwrap(await site.repositories.resign()); // The thief's versions.
    const ahead = unwrap(await board.refresh()).versions.image.timestamp;
    honest();
    expect(codeOf(await board.refresh())).toBe("UPDATE_ROLLBACK");
    await replaceOnline(site, "image", ["timestamp", "snapshot"]);
    const { image } = unwrap(await board.refresh()).versions;
    expect(image.timestamp).toBeLessThan(ahead);
  });

  it("that are lost are replaced without them", async () => {
    const site = await makeReadySite();
    rmSync(join(site.directory, "keys", "image-online.pem"));
    expect(codeOf(await site.repositories.resign())).toBe("REPO_NO_ONLINE_KEY");
    await replaceOnline(site, "image", ["timestamp", "snapshot"], false);
    expect((await site.board().refresh()).ok).toBe(true);
  });
});

describe("a team", () => {
  it("gets another key: what it released stays, what it releases next is signed with the new one", async () => {
    const site = await makeReadySite();
    const board = site.board();
    unwrap(await board.refresh());
    const eve = person(site.directory, "eve", "rsa");
    unwrap(await site.repositories.addKey(renamed(site, eve.file, "eve.pem")));
    await rotated(site, { what: "team", team: "acme", edit: { add: [eve.named], remove: ["team-acme"] } });
    rmSync(join(site.directory, "keys", "team-acme.pem"));
    expect(unwrap(await board.refresh()).agreed(FILES.module).ok).toBe(true);
    await site.release("1.1.0");
    unwrap(await site.repositories.assign(DEVICE, [desired("1.1.0")]));
    expect((await board.refresh()).ok).toBe(true);
  });

  it("is new: it begins with its first release", async () => {
    const site = await makeReadySite();
    const zoe = person(site.directory, "zoe");
    unwrap(await site.repositories.addKey(renamed(site, zoe.file, "zoe.pem")));
    await rotated(site, { what: "team", team: "hooli", edit: { add: [zoe.named], remove: [] } });
    await site.release("1.0.0", { team: "hooli", name: "door" });
    unwrap(await site.repositories.assign(DEVICE, [desired("1.0.0", "door", "hooli")]));
    expect((await site.board().refresh()).ok).toBe(true);
  });

  it("that is dropped can release nothing more", async () => {
    const site = await makeReadySite();
    await site.release("1.0.0", { team: "umbrella", name: "door" });
    await rotated(site, { what: "drop-team", team: "umbrella" });
    const next = site.release("1.1.0", { team: "umbrella", name: "door" });
    await expect(next).rejects.toMatchObject({ code: "REPO_UNKNOWN_TEAM" });
    expect(site.repositories.releases().map((one) => one.team)).toEqual(["acme"]);
    const assigned = await site.repositories.assign(DEVICE, [desired("1.0.0", "door", "umbrella")]);
    expect(codeOf(assigned)).toBe("REPO_NOT_RELEASED");
    expect((await site.board().refresh()).ok).toBe(true);
  });
});

describe("an expired root", () => {
  it("is renewed, and boards that slept follow", async () => {
    const site = await makeReadySite();
    const board = site.board();
    unwrap(await board.refresh());
    site.clock.now += 800 * 86_400_000;
    expect(codeOf(await board.refresh())).toBe("UPDATE_STALE");
    for (const role of ["root", "targets", "team-acme", "team-umbrella"]) await rotated(site, { what: "renew", role });
    unwrap(await site.repositories.resign());
    expect(unwrap(await board.refresh()).versions.image.root).toBe(2);
  });

  it("is renewed together with all that ended meanwhile, in one change", async () => {
    const site = await makeReadySite();
    const board = site.board();
    unwrap(await board.refresh());
    site.clock.now += 800 * 86_400_000;
    const also = ["targets", "team-acme", "team-umbrella", "targets"];
    await rotated(site, { what: "renew", role: "root", also });
    unwrap(await site.repositories.resign());
    expect(unwrap(await board.refresh()).versions.image).toMatchObject({ root: 2, targets: 3 });
    const unknown = await site.repositories.rotate({ what: "renew", role: "root", also: ["team-nobody"] });
    expect(codeOf(unknown)).toBe("REPO_ROTATION");
  });
});

describe("what a client would refuse", () => {
  it("is not published: here a timestamp and a snapshot of another repository", async () => {
    const [site, other] = [await makeReadySite(), await makeReadySite()];
    const { chains, roles } = readStanding(paths(site.directory));
    const file = (of: Site, name: string) => new Uint8Array(readFileSync(join(of.image.metadata, name)));
    const version = readTree(site.image)?.snapshot.version ?? 0;
    const proposed = (of: Site) => ({
      timestamp: file(of, "timestamp.json"),
      snapshot: file(of, `${version}.snapshot.json`),
      roles,
    });
    refuseBroken({ repository: "image" }, chains.image, proposed(site));
    const refusal = attemptSync(() => refuseBroken({ repository: "image" }, chains.image, proposed(other)));
    expect(faultOf(refusal)).toMatchObject({ code: "REPO_WOULD_BREAK", cause: { code: "UPDATE_SIGNATURE" } });
  });
});

describe("any sequence of rotations", { timeout: 60_000 }, () => {
  it.each([1, 2, 3])("is followed by boards that look now and then (seed %i)", async (seed) => {
    const site = await makeReadySite();
    const board = site.board("old");
    const { rotate, addKey } = site.repositories;
    let state = seed;
    const below = (count: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 16) % count;
    };
    const replaced = { owners: "owner-1", acme: "team-acme" };
    const fresh = async (step: number) => {
      const one = person(site.directory, `key-${step}`, below(2) === 0 ? "ed25519" : "p256");
      unwrap(await addKey(renamed(site, one.file, `key-${step}.pem`)));
      return one.named;
    };
    const steps: readonly ((step: number) => Promise<unknown>)[] = [
      async (step) => {
        const edit = { add: [await fresh(step)], remove: [replaced.owners] };
        replaced.owners = `key-${step}`;
        return unwrap(await rotate({ what: "owners", edit }));
      },
      async (step) => {
        const edit = { add: [await fresh(step)], remove: [], replace: true } as const;
        return unwrap(await rotate({ what: "online", repository: "image", roles: ["timestamp", "snapshot"], edit }));
      },
      async (step) => {
        const edit = { add: [await fresh(step)], remove: [], replace: true } as const;
        const roles = ["timestamp", "snapshot", "targets"] as const;
        return unwrap(await rotate({ what: "online", repository: "director", roles, edit }));
      },
      async (step) => {
        const edit = { add: [await fresh(step)], remove: [replaced.acme] };
        replaced.acme = `key-${step}`;
        return unwrap(await rotate({ what: "team", team: "acme", edit }));
      },
      async (step) => site.release(`2.${step}.0`),
      async () => unwrap(await rotate({ what: "renew", role: ["root", "targets", "team-acme"][below(3)] ?? "root" })),
      async () => unwrap(await site.repositories.resign()),
    ];
    for (let step = 0; step < 14; step += 1) {
      await steps[below(steps.length)]?.(step);
      if (below(3) === 0) unwrap(await board.refresh());
    }
    const seen = unwrap(await board.refresh()).versions;
    expect(unwrap(await site.board("new").refresh()).versions).toEqual(seen);
  });
});

async function replaceOnline(
  site: Site,
  repository: "image" | "director",
  roles: readonly ("timestamp" | "snapshot" | "targets")[],
  seamless = true,
): Promise<void> {
  const fresh = person(site.directory, "fresh");
  unwrap(await site.repositories.addKey(renamed(site, fresh.file, "fresh.pem")));
  const edit = { add: [fresh.named], remove: [`${repository}-online`] };
  const settled = unwrap(await site.repositories.rotate({ what: "online", repository, roles, edit }));
  expect(settled).toMatchObject({ kind: "published", seamless });
}

/** The file of a person's key, under the name that the repository will know it by. */
function renamed(site: Site, file: string, name: string): string {
  const copy = join(site.directory, name);
  copyFileSync(file, copy);
  return copy;
}
