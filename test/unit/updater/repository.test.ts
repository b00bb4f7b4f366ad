/** What publishers and operators are kept from doing by mistake, and what their keys are needed for. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { releaseCustomShape } from "../../../runtime/kernel/authority/manifest.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { parseShape } from "../../../runtime/kernel/shape.ts";
import { createRepositories, openRepositories } from "../../../updater/repository/index.ts";
import { readTree } from "../../../updater/repository/metadata.ts";
import { codeOf, DEVICE, desired, FILES, faultOf, makeReadySite, makeSite, OTHER, releaseInput } from "./site.ts";

describe("a repository", () => {
  it("is never created over another one", async () => {
    const site = await makeSite();
    const again = await createRepositories(site.directory, { tenant: "acme-corp", teams: ["acme"], now: () => 0 });
    expect(codeOf(again)).toBe("REPO_EXISTS");
  });

  it("keeps every private key readable for its owner only", async () => {
    const { directory } = await makeSite();
    const keys = join(directory, "keys");
    expect(readdirSync(keys)).toHaveLength(7);
    for (const name of readdirSync(keys)) expect(statSync(join(keys, name)).mode & 0o777).toBe(0o600);
  });

  it("whose keys are encrypted signs with the passphrase and not without", async () => {
    const site = await makeSite();
    const directory = join(site.directory, "encrypted");
    const options = { now: () => site.clock.now };
    const create = { ...options, tenant: "acme-corp", teams: ["acme"], passphrase: "correct horse", scryptLogN: 14 };
    unwrap(await createRepositories(directory, create));
    expect(readFileSync(join(directory, "keys", "owner-1.pem"), "utf8")).toContain("ENCRYPTED");
    const policy = new Map([["policy/policy.json", utf8("{}")]]);
    for (const wrong of [options, { ...options, passphrase: "wrong" }]) {
      expect(codeOf(await unwrap(openRepositories(directory, wrong)).putOwnerTargets(policy))).toBe("KEY_UNREADABLE");
    }
    expect((await unwrap(openRepositories(directory, create)).putOwnerTargets(policy)).ok).toBe(true);
  });

  it("that is not there, or damaged, is not opened", async () => {
    const site = await makeSite();
    const now = () => 0;
    expect(codeOf(openRepositories(join(site.directory, "nowhere"), { now }))).toBe("REPO_UNREADABLE");
    rmSync(join(site.image.metadata, "1.snapshot.json"));
    expect(codeOf(await site.reopen().resign())).toBe("REPO_UNREADABLE");
  });

  it("renews what expires soon without any offline key", async () => {
    const site = await makeReadySite();
    unwrap(await site.repositories.assign(OTHER, []));
    const keys = join(site.directory, "keys");
    for (const name of readdirSync(keys)) if (!name.endsWith("online.pem")) rmSync(join(keys, name));
    site.clock.now += 6 * 86_400_000;
    expect(unwrap(await site.reopen().resign())).toMatchObject({ image: "snapshot", devices: 2 });
    site.clock.now += 6 * 86_400_000;
    expect((await site.board().refresh()).ok).toBe(true);
    expect(codeOf(await site.reopen().putOwnerTargets(new Map([["policy/p.json", utf8("{}")]])))).toBe("REPO_UNSIGNED");
  });

  it("that an earlier version described is opened as it was", async () => {
    const site = await makeReadySite();
    const file = join(site.directory, "repository.json");
    const described = JSON.parse(readFileSync(file, "utf8"));
    const earlier = {
      schema: "sallyport.repository/1",
      tenant: "acme-corp",
      teams: ["acme", "umbrella"],
      thresholds: { root: 2, targets: 2 },
      keys: {
        owner: ["owner-1.pem", "owner-2.pem", "owner-3.pem"],
        imageOnline: "image-online.pem",
        directorOnline: "director-online.pem",
        teams: { acme: "team-acme.pem", umbrella: "team-umbrella.pem" },
      },
      expiryDays: described.expiryDays,
    };
    writeFileSync(file, JSON.stringify(earlier));
    const repositories = site.reopen();
    expect(JSON.parse(JSON.stringify(repositories.config))).toEqual(described);
    unwrap(await repositories.putOwnerTargets(new Map([["policy/policy.json", utf8("{}")]])));
    unwrap(await repositories.publishRelease(releaseInput("1.1.0")));
    unwrap(await repositories.assign(DEVICE, [desired("1.1.0")]));
    expect((await site.board().refresh()).ok).toBe(true);
  });

  it("serves two handles that come at once one after the other", async () => {
    const site = await makeReadySite();
    const [one, two] = [site.reopen(), site.reopen()];
    const all = [one, two, one, two].map((repo, at) => repo.publishRelease(releaseInput(`1.${at + 1}.0`)));
    for (const result of await Promise.all(all)) unwrap(result);
    const counters = site.repositories.releases().map((release) => release.releaseCounter);
    expect(counters).toEqual([1, 2, 3, 4, 5]);
    expect((await site.board().refresh()).ok).toBe(true);
  });

  it("serves two verbs that come at once one after the other", async () => {
    const site = await makeReadySite();
    const all = await Promise.all(["1.1.0", "1.2.0", "1.3.0"].map((version) => site.release(version)));
    expect(all.map((one) => one.releaseCounter)).toEqual([2, 3, 4]);
    expect(site.repositories.releases().map((one) => one.version)).toEqual(["1.0.0", "1.1.0", "1.2.0", "1.3.0"]);
  });
});

describe("a release", () => {
  it("is described for devices in its signed custom record, part by part", async () => {
    const site = await makeReadySite();
    const targets = readTree(site.image)?.delegated.get("team-acme")?.targets ?? {};
    for (const [kind, path] of Object.entries(FILES)) {
      const { sallyport } = targets[path]?.custom ?? {};
      const custom = unwrap(parseShape(releaseCustomShape, sallyport, path));
      expect(custom).toMatchObject({ kind, team: "acme", name: "thermostat", version: "1.0.0", releaseFloor: 0 });
    }
  });

  it("that exists is not replaced by other bytes; the same again is answered, not published", async () => {
    const site = await makeReadySite();
    const before = readTree(site.image)?.timestamp.version;
    expect((await site.release("1.0.0")).releaseCounter).toBe(1);
    expect(readTree(site.image)?.timestamp.version).toBe(before);
    const other = releaseInput("1.0.0", { module: utf8("other code") });
    expect(codeOf(await site.repositories.publishRelease(other))).toBe("REPO_VERSION_EXISTS");
    const bundle = releaseInput("1.0.0", { bundle: utf8("{}") });
    expect(codeOf(await site.repositories.publishRelease(bundle))).toBe("REPO_VERSION_EXISTS");
  });

  it("needs a manifest that pins exactly its code", async () => {
    const { repositories } = await makeSite();
    const input = releaseInput("1.0.0");
    const code = input.module.map((byte) => byte ^ 1);
    const wrong = faultOf(await repositories.publishRelease({ ...input, module: code }));
    expect(wrong.code).toBe("REPO_MANIFEST_MISMATCH");
    expect(wrong.facts["field"]).toBe("entry.sha256");
    const longer = { ...input, module: new Uint8Array([...input.module, 0]) };
    expect(faultOf(await repositories.publishRelease(longer)).facts["field"]).toBe("entry.size");
    const elsewhere = utf8(Buffer.from(input.manifest).toString().replace("module.wasm", "other.wasm"));
    expect(faultOf(await repositories.publishRelease({ ...input, manifest: elsewhere })).facts["field"]).toBe(
      "entry.path",
    );
    expect(codeOf(await repositories.publishRelease({ ...input, manifest: utf8("{}") }))).toBe("SHAPE_MISMATCH");
    expect(repositories.releases()).toEqual([]);
  });

  it("of a team that the owner does not know is refused", async () => {
    const { repositories } = await makeSite();
    const input = releaseInput("1.0.0", { team: "nobody" });
    expect(codeOf(await repositories.publishRelease(input))).toBe("REPO_UNKNOWN_TEAM");
  });

  it("cannot set a floor above itself, and a floor never falls", async () => {
    const site = await makeReadySite();
    const input = releaseInput("1.1.0", { releaseFloor: 3 });
    expect(codeOf(await site.repositories.publishRelease(input))).toBe("REPO_FLOOR");
    expect((await site.release("1.1.0", { releaseFloor: 2 })).releaseFloor).toBe(2);
    expect((await site.release("1.2.0")).releaseFloor).toBe(2);
  });
});

describe("an assignment", () => {
  it("of what is not released is refused and changes nothing", async () => {
    const site = await makeReadySite();
    expect(codeOf(await site.repositories.assign(DEVICE, [desired("9.9.9")]))).toBe("REPO_NOT_RELEASED");
    expect(codeOf(await site.repositories.assign(DEVICE, [desired("1.0.0", "x", "y")]))).toBe("REPO_NOT_RELEASED");
    expect(site.repositories.desired(DEVICE)).toMatchObject({ rev: 1 });
  });

  it("to a device name that leads elsewhere writes nothing", async () => {
    const site = await makeSite();
    expect(codeOf(await site.repositories.assign("../evil" as never, []))).toBe("SHAPE_MISMATCH");
    expect(existsSync(join(site.directory, "evil"))).toBe(false);
    expect(site.repositories.devices()).toEqual([]);
  });

  it("counts its revisions per device", async () => {
    const site = await makeReadySite();
    expect(unwrap(await site.repositories.assign(DEVICE, []))).toEqual({ rev: 2 });
    expect(unwrap(await site.repositories.assign(OTHER, []))).toEqual({ rev: 1 });
    expect(site.repositories.devices()).toEqual([DEVICE, OTHER]);
  });
});

describe("the owner's targets", () => {
  it("are policy and trust only", async () => {
    const { repositories } = await makeSite();
    for (const path of ["modules/acme/a/1.0.0/module.wasm", "policy/../keys", "policy/", "desired.json"]) {
      expect(codeOf(await repositories.putOwnerTargets(new Map([[path, utf8("{}")]])))).toBe("REPO_PATH");
    }
  });
});
