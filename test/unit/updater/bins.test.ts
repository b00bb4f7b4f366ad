/** A team's catalogue in hash bins (TAP 15): every verb goes on working, boards read what they need, floors hold. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Updater } from "tuf-js";
import { describe, expect, it, onTestFinished } from "vitest";
import { releasePaths } from "../../../runtime/kernel/authority/manifest.ts";
import type { TeamName } from "../../../runtime/kernel/brand.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { deltasOf } from "../../../updater/delta.ts";
import { verifyChain } from "../../../updater/index.ts";
import {
  copyPublic,
  describeDocuments,
  directoryPlace,
  openPublic,
  readSigning,
  verifyTree,
} from "../../../updater/repository/index.ts";
import { readTree } from "../../../updater/repository/metadata.ts";
import { shelfOf } from "../../../updater/repository/team-shelf.ts";
import { person, signedBy } from "./people.ts";
import { codeOf, DEVICE, desired, FILES, faultOf, makeReadySite, releaseInput, type Site } from "./site.ts";

const TEAM = "acme" as TeamName;

/** A site with one release, whose team's catalogue lies in 2^bits bins. */
async function makeBinnedSite(bits = 3): Promise<Site> {
  const site = await makeReadySite();
  expect(unwrap(await site.repositories.rotate({ what: "bins", team: TEAM, bits })).kind).toBe("published");
  return site;
}

const stateOf = (site: Site) => readTree(site.image) ?? expect.fail("the image repository has metadata");

/** The versions of the team's role and its bins, by role. */
function versions(site: Site): Record<string, number> {
  const { delegated } = stateOf(site);
  return Object.fromEntries([...delegated].map(([role, { version }]) => [role, version]));
}

async function look(site: Site, board = site.board()) {
  return unwrap(await board.refresh());
}

describe("a team's catalogue in hash bins", () => {
  it("offers what it offered before, from bins that are each named by the snapshot", async () => {
    const site = await makeReadySite();
    await site.release("1.1.0");
    const before = site.repositories.releases();
    unwrap(await site.repositories.rotate({ what: "bins", team: TEAM, bits: 3 }));
    expect(site.repositories.releases()).toEqual(before);
    const { delegated } = stateOf(site);
    const bins = [...delegated.keys()].filter((role) => role.startsWith("bin_acme-"));
    expect(bins).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((n) => `bin_acme-${n}`));
    expect(delegated.get("team-acme")?.targets).toEqual({});
    expect((await look(site)).agreed(FILES.module).ok).toBe(true);
  });

  it("is followed by a board that knew it flat", async () => {
    const site = await makeReadySite();
    const board = site.board();
    await look(site, board);
    unwrap(await site.repositories.rotate({ what: "bins", team: TEAM, bits: 5 }));
    const view = await look(site, board);
    for (const path of Object.values(FILES)) expect(view.agreed(path).ok).toBe(true);
  });

  it("costs a board the team's role and the bins of its release, no others, and its vault and proofs hold them", async () => {
    const site = await makeBinnedSite(5);
    await look(site);
    const chain = site.board().chain() ?? expect.fail("there is a chain");
    const roles = chain.image.delegated.map(({ role }) => role);
    expect(roles[0]).toBe("team-acme");
    expect(roles.length).toBeGreaterThan(1);
    expect(roles.length).toBeLessThanOrEqual(4);
    const view = verifyChain({
      image: { root: site.repositories.imageRoot(), files: chain.image },
      director: { root: site.repositories.directorRoot(), files: chain.director },
      device: DEVICE,
      at: site.clock.now,
    });
    expect(unwrap(view).agreed(FILES.module).ok).toBe(true);
    const without = { ...chain.image, delegated: chain.image.delegated.slice(0, 1) };
    const partial = verifyChain({
      image: { root: site.repositories.imageRoot(), files: without },
      director: { root: site.repositories.directorRoot(), files: chain.director },
      device: DEVICE,
      at: site.clock.now,
    });
    expect(codeOf(unwrap(partial).agreed(FILES.module))).toBe("UPDATE_NOT_RELEASED");
  });

  it("has only the bins of a new release signed, counts on, and lists deltas", async () => {
    const site = await makeBinnedSite(5);
    const before = versions(site);
    const release = await site.release("1.1.0");
    expect(release.releaseCounter).toBe(2);
    const after = versions(site);
    const changed = Object.keys(after).filter((role) => after[role] !== before[role]);
    expect(changed.length).toBeLessThanOrEqual(3);
    expect(changed.every((role) => role.startsWith("bin_acme-"))).toBe(true);
    expect(await site.release("1.1.0")).toEqual(release);

    const code = (n: number) => Uint8Array.from({ length: 9000 }, (_, at) => (at === 5000 ? n : (at * at * 31) & 255));
    for (const n of [1, 2]) await site.release(`2.0.${n}`, { module: code(n) });
    unwrap(await site.repositories.assign(DEVICE, [desired("2.0.2")]));
    const module = "modules/acme/thermostat/2.0.2/module.wasm";
    const froms = deltasOf(unwrap((await look(site)).agreed(module)).custom).map(({ from }) => from);
    expect(froms).toContain(sha256(code(1)));
  });

  it("takes releases back, and assigns only what it offers", async () => {
    const site = await makeBinnedSite();
    const release = { team: "acme", name: "thermostat", version: "1.0.0" };
    unwrap(await site.repositories.yank({ ...release, reason: "drains batteries" }));
    expect(codeOf((await look(site)).agreed(FILES.module))).toBe("UPDATE_YANKED");
    expect(site.repositories.releases()[0]?.yanked).toBe("drains batteries");
    unwrap(await site.repositories.yank({ ...release, reason: undefined }));
    expect((await look(site)).agreed(FILES.module).ok).toBe(true);
    expect(codeOf(await site.repositories.assign(DEVICE, [desired("9.9.9")]))).toBe("REPO_NOT_RELEASED");
  });

  it("tells a raised floor to a board that is held at an older release", async () => {
    const site = await makeBinnedSite(5);
    await site.release("1.1.0", { releaseFloor: 2 });
    expect((await look(site)).releaseFloor("acme", "thermostat")).toBe(2);
    await site.release("1.2.0");
    await site.release("1.3.0", { releaseFloor: 4 });
    expect((await look(site)).releaseFloor("acme", "thermostat")).toBe(4);
    // One entry for each module stays in the team's role, and the one of before lies in its bin again.
    const own = () => Object.keys(stateOf(site).delegated.get("team-acme")?.targets ?? {});
    expect(own()).toEqual(["modules/acme/thermostat/1.3.0/manifest.json"]);
    expect(site.repositories.releases().map(({ version }) => version)).toEqual(["1.0.0", "1.1.0", "1.2.0", "1.3.0"]);
    unwrap(await site.repositories.rotate({ what: "bins", team: TEAM, bits: 4 }));
    expect(own()).toEqual(["modules/acme/thermostat/1.3.0/manifest.json"]);
    expect(unwrap(await site.board("newcomer").refresh()).releaseFloor("acme", "thermostat")).toBe(4);
  });

  it("is spread anew over more bins, over fewer, and goes back into one role", async () => {
    const site = await makeBinnedSite(4);
    const board = site.board();
    await look(site, board);
    for (const bits of [6, 4, 0]) {
      unwrap(await site.repositories.rotate({ what: "bins", team: TEAM, bits }));
      expect((await look(site, board)).agreed(FILES.module).ok).toBe(true);
      expect(site.repositories.releases()).toHaveLength(1);
    }
    expect(stateOf(site).delegated.get("team-acme")?.delegations).toBeUndefined();
    await site.release("1.1.0");
  });

  it("is not spread for a team that is not there, or over more bins than a snapshot should name", async () => {
    const { repositories } = await makeReadySite();
    expect(codeOf(await repositories.rotate({ what: "bins", team: "nobody", bits: 3 }))).toBe("REPO_ROTATION");
    expect(codeOf(await repositories.rotate({ what: "bins", team: TEAM, bits: 11 }))).toBe("REPO_ROTATION");
  });

  it("ends when its first role ends, and is renewed as one", async () => {
    const site = await makeBinnedSite();
    const ends = async () => {
      const { offline } = unwrap(await site.repositories.refresh(0));
      return offline.find(({ role }) => role === "team-acme") ?? expect.fail("the team is listed");
    };
    const first = await ends();
    site.clock.now += 30 * 86_400_000;
    await site.release("1.1.0");
    expect((await ends()).expires).toBe(first.expires);
    expect(unwrap(await site.repositories.refresh(0)).offline.some(({ role }) => role.startsWith("bin_"))).toBe(false);
    unwrap(await site.repositories.rotate({ what: "renew", role: "team-acme" }));
    expect(Date.parse((await ends()).expires)).toBe(Date.parse(first.expires) + 30 * 86_400_000);
  });
});

describe("a board that reads bins", () => {
  it("reads those of thirty modules in one look", async () => {
    const site = await makeBinnedSite(8);
    const modules = Array.from({ length: 30 }, (_, at) => `module-${at}`);
    for (const name of modules) await site.release("1.0.0", { name });
    const all = modules.map((name) => desired("1.0.0", name));
    unwrap(await site.repositories.assign(DEVICE, all));
    const board = site.board();
    const view = await look(site, board);
    for (const { name } of all) expect(view.agreed(`modules/acme/${name}/1.0.0/module.wasm`).ok).toBe(true);
    expect(board.chain()?.image.delegated.length).toBeGreaterThan(64);
  }, 30_000);

  it("takes from a bin only what belongs into it, of its team", async () => {
    const site = await makeBinnedSite(4);
    const { bins } = shelfOf(stateOf(site), TEAM);
    const own = bins?.getRoleForTarget(FILES.module) ?? expect.fail("there are bins");
    const other = [...(bins?.getRoles() ?? [])].find((bin) =>
      Object.values(FILES).every((path) => bins?.getRoleForTarget(path) !== bin),
    );
    const entry = shelfOf(stateOf(site), TEAM).find(FILES.manifest)?.toJSON();
    const facts = { kind: "manifest", team: "acme", name: "thermostat", version: "1.0.0", releaseCounter: 1 };
    const strange = { ...entry, custom: { sallyport: { ...facts, releaseFloor: 99, hardware: ["any/core-v1"] } } };
    const add = (bin: string, path: string) =>
      site.forge(site.image, bin, ["team-acme.pem"], ({ targets }) => Object.assign(targets, { [path]: strange }));
    await add(other ?? "", FILES.manifest);
    await add(own, "modules/umbrella/valve/1.0.0/manifest.json");
    await add(own, "modules/acme/elsewhere/1.0.0/manifest.json");
    const view = await look(site);
    expect(view.releaseFloor("acme", "thermostat")).toBe(0);
    expect(view.agreed(FILES.manifest).ok).toBe(true);
    expect(view.releaseFloor("umbrella", "valve")).toBe(0);
  });
});

describe("the keys of a team in hash bins", () => {
  it("change for its role and for every bin at once, and the old key publishes nothing more", async () => {
    const site = await makeBinnedSite();
    const board = site.board();
    await look(site, board);
    const next = person(site.directory, "next");
    unwrap(await site.repositories.addKey(next.file));
    const edit = { add: [next.named], remove: [], replace: true } as const;
    expect(unwrap(await site.repositories.rotate({ what: "team", team: TEAM, edit })).kind).toBe("published");
    expect((await look(site, board)).agreed(FILES.module).ok).toBe(true);
    await site.release("1.1.0");
    await look(site, board);
    const [bin = ""] = Object.keys(versions(site)).filter((role) => role.startsWith("bin_"));
    await site.forge(site.image, bin, ["team-acme.pem"], () => {});
    const { findings } = await verifyTree(site.directory, { now: () => site.clock.now });
    expect(findings.map(({ fault }) => fault.code)).toContain("UPDATE_SIGNATURE");
  });

  it("may be elsewhere: spreading, releasing and renewing wait for their signatures", async () => {
    const site = await makeReadySite();
    const [anna, bob] = [person(site.directory, "anna"), person(site.directory, "bob")];
    const edit = { add: [anna.named, bob.named], remove: [], replace: true, threshold: 2 } as const;
    const { repositories } = site;
    const brought = async (lead: string) => {
      const file = await signedBy(unwrap(await repositories.exportChange(lead)), anna, bob);
      return unwrap(await repositories.merge([{ name: "file", bytes: file }])).settled;
    };
    expect(unwrap(await repositories.rotate({ what: "team", team: TEAM, edit })).kind).toBe("pending");
    expect(await brought("targets")).toMatchObject([{ kind: "published" }]);
    expect(unwrap(await repositories.rotate({ what: "bins", team: TEAM, bits: 6 })).kind).toBe("pending");
    const waiting = unwrap(readSigning(unwrap(await repositories.exportChange("team-acme")), "the file"));
    const told = describeDocuments(waiting.documents, waiting.standing);
    expect(told.join("\n")).toContain("hash bins: ");
    expect(told.length).toBeLessThan(30);
    expect(await brought("team-acme")).toMatchObject([{ kind: "published" }]);

    unwrap(await repositories.rotate({ what: "renew", role: "team-acme" }));
    const renewal = unwrap(readSigning(unwrap(await repositories.exportChange("team-acme")), "the file"));
    const lines = describeDocuments(renewal.documents, renewal.standing);
    expect(lines).toHaveLength(4);
    expect(lines[2]).toMatch(/^image 64 hash bins, bin_acme-00 to bin_acme-3f: each one version on, until /);
    expect(await brought("team-acme")).toMatchObject([{ kind: "published" }]);

    expect(faultOf(await repositories.publishRelease(releaseInput("1.1.0"))).code).toBe("REPO_UNSIGNED");
    // Another release of the module would take the same number, though it lies in other bins.
    const { bins } = shelfOf(stateOf(site), TEAM);
    const binsOf = (version: string) =>
      Object.values(releasePaths("acme", "thermostat", version)).map((path) => bins?.getRoleForTarget(path));
    expect(binsOf("1.1.0").filter((bin) => binsOf("1.2.0").includes(bin))).toEqual([]);
    expect(codeOf(await repositories.publishRelease(releaseInput("1.2.0")))).toBe("REPO_PENDING");
    expect(await brought("team-acme")).toMatchObject([{ kind: "published" }]);
    expect(repositories.releases().map(({ releaseCounter }) => releaseCounter)).toEqual([1, 2]);
    expect((await look(site)).agreed(FILES.module).ok).toBe(true);
  });
});

describe("a repository with hash bins", () => {
  it("is looked over whole, and copied whole", async () => {
    const site = await makeBinnedSite(4);
    await site.release("1.1.0");
    const now = () => site.clock.now;
    const found = await verifyTree(site.directory, { now });
    expect(found.findings).toEqual([]);
    expect(found.roles).toBe(2 + 1 + 16 + 1); // Owner and two teams, bins, and the device's own.
    expect(found.targets).toBe(1 + 6 + 1);
    const mirror = mkdtempSync(join(tmpdir(), "sallyport-mirror-"));
    onTestFinished(() => rmSync(mirror, { recursive: true, force: true }));
    const { repositories } = site;
    const base = pathToFileURL(site.directory).href;
    await copyPublic(
      {
        image: { source: openPublic(base, "image"), root: repositories.imageRoot() },
        devices: [DEVICE],
        director: (device) => ({
          source: openPublic(base, `director/${device}`),
          root: repositories.directorRoot(),
        }),
        assignedOnly: false,
        now,
      },
      directoryPlace(mirror),
    );
    expect(await verifyTree(mirror, { now })).toMatchObject({
      findings: [],
      roles: found.roles,
      targets: found.targets,
    });
  });

  it("serves the library's own client", async () => {
    const site = await makeReadySite();
    site.clock.now = Date.now(); // The library has no clock but the machine's.
    unwrap(await site.repositories.rotate({ what: "renew", role: "targets", also: ["team-umbrella"] }));
    unwrap(await site.repositories.rotate({ what: "bins", team: TEAM, bits: 5 }));
    unwrap(await site.repositories.resign());
    const folder = mkdtempSync(join(tmpdir(), "sallyport-stock-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    for (const name of ["metadata", "targets"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "metadata", "root.json"), site.repositories.imageRoot());
    const client = new Updater({
      metadataDir: join(folder, "metadata"),
      targetDir: join(folder, "targets"),
      metadataBaseUrl: site.server.imageMetadataUrl.replace(/\/$/, ""),
      targetBaseUrl: site.server.imageTargetsUrl.replace(/\/$/, ""),
    });
    await client.refresh();
    for (const path of Object.values(FILES)) {
      const info = (await client.getTargetInfo(path)) ?? expect.fail(`${path} is found`);
      expect(existsSync(await client.downloadTarget(info))).toBe(true);
    }
    expect(await client.getTargetInfo("modules/acme/nothing/1.0.0/module.wasm")).toBeUndefined();
  });
});
