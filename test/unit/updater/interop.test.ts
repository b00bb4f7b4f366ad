/**
 * What we publish is TUF to others: golden files pin the bytes that each kind of key signs, and the library's own client,
 * without any code of ours, follows a repository whose owners hold keys of all kinds through their replacement.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Metadata, MetadataKind } from "@tufjs/models";
import { Updater } from "tuf-js";
import { describe, expect, it, onTestFinished } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { KEY_KINDS, type KeyKind } from "../../../updater/repository/index.ts";
import { canonicalBytes, fileOf } from "../../../updater/repository/metadata.ts";
import { parseRolePublicKey } from "../../../updater/repository/tuf-key.ts";
import { person } from "./people.ts";
import { DEVICE, FILES, makeReadySite, releaseInput, type Site } from "./site.ts";

const golden = (name: string) => readFileSync(new URL(`golden/${name}`, import.meta.url));
const goldenRoot = (kind: KeyKind) => {
  const file = golden(`${kind}.root`);
  return { file, root: Metadata.fromJSON(MetadataKind.Root, JSON.parse(file.toString("utf8"))) };
};

describe.each(KEY_KINDS)("a golden root signed with %s", (kind) => {
  it("is canonical to the byte, and written to the byte", () => {
    const { file, root } = goldenRoot(kind);
    expect(Buffer.from(canonicalBytes(root.signed)).equals(golden(`${kind}.canonical`))).toBe(true);
    expect(Buffer.from(fileOf(root)).equals(file)).toBe(true);
  });

  it("verifies, and names its key by the key's own digest", () => {
    const { root } = goldenRoot(kind);
    root.verifyDelegate("root", root);
    const [key] = Object.values(root.signed.keys);
    const pem = key?.keyVal["public"] ?? "";
    if (kind !== "ed25519") expect(unwrap(parseRolePublicKey(pem, "the key")).key.toJSON()).toEqual(key?.toJSON());
    expect(key?.keyID).toBe(Object.keys(root.signatures)[0]);
  });

  it("does not verify when one signed byte is another", () => {
    const { file } = goldenRoot(kind);
    const json = JSON.parse(file.toString("utf8").replace('"anna"', '"eve0"'));
    const altered = Metadata.fromJSON(MetadataKind.Root, json);
    expect(() => altered.verifyDelegate("root", altered)).toThrow(/signed by 0\/1/);
  });
});

describe("the library's own client", () => {
  /** A client of tuf-js that was given the first root. */
  function stock(root: Uint8Array, at: { metadataUrl: string; targetsUrl: string }): Updater {
    const folder = mkdtempSync(join(tmpdir(), "sallyport-stock-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    for (const name of ["metadata", "targets"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "metadata", "root.json"), root);
    return new Updater({
      metadataDir: join(folder, "metadata"),
      targetDir: join(folder, "targets"),
      metadataBaseUrl: at.metadataUrl.replace(/\/$/, ""),
      targetBaseUrl: at.targetsUrl.replace(/\/$/, ""),
    });
  }
  const image = (site: Site) => {
    const { imageMetadataUrl: metadataUrl, imageTargetsUrl: targetsUrl } = site.server;
    return stock(site.repositories.imageRoot(), { metadataUrl, targetsUrl });
  };

  it("follows owners, online keys and teams of every kind of key, in both repositories", async () => {
    const site = await makeReadySite();
    site.clock.now = Date.now(); // The library has no clock but the machine's.
    const { rotate, addKey, resign } = site.repositories;
    const join_ = async (name: string, kind: KeyKind) => {
      const one = person(site.directory, name, kind);
      const file = join(site.directory, `${name}.pem`);
      writeFileSync(file, readFileSync(one.file));
      unwrap(await addKey(file));
      return one.named;
    };
    const [anna, bob] = [await join_("anna", "p256"), await join_("bob", "rsa")];
    unwrap(await rotate({ what: "owners", edit: { add: [anna, bob], remove: ["owner-1", "owner-2"] } }));
    for (const [repository, roles] of [
      ["image", ["timestamp", "snapshot"]],
      ["director", ["timestamp", "snapshot", "targets"]],
    ] as const) {
      const edit = { add: [await join_(`${repository}-rsa`, "rsa")], remove: [], replace: true } as const;
      unwrap(await rotate({ what: "online", repository, roles, edit }));
    }
    const edit = { add: [await join_("ci", "p256")], remove: [], replace: true } as const;
    unwrap(await rotate({ what: "team", team: "acme", edit }));
    for (const role of ["targets", "team-acme", "team-umbrella"]) unwrap(await rotate({ what: "renew", role }));
    unwrap(await resign());

    const client = image(site);
    await client.refresh();
    const target = await client.getTargetInfo(FILES.module);
    if (target === undefined) return expect.fail("the release is not found");
    const path = await client.downloadTarget(target);
    expect(new Uint8Array(readFileSync(path))).toEqual(releaseInput("1.0.0").module);
    expect(await client.getTargetInfo("policy/policy.json")).toBeDefined();

    const director = stock(site.repositories.directorRoot(), site.server.directorUrl(DEVICE));
    await director.refresh();
    expect(await director.getTargetInfo(FILES.module)).toBeDefined();
  });

  it("sees nothing wrong at any version of a growing repository", async () => {
    const site = await makeReadySite();
    site.clock.now = Date.now();
    const { rotate } = site.repositories;
    for (const role of ["root", "targets", "team-acme", "team-umbrella"]) unwrap(await rotate({ what: "renew", role }));
    const client = image(site);
    for (const version of ["1.1.0", "1.2.0"]) {
      await site.release(version);
      await image(site).refresh();
    }
    await client.refresh();
    expect(await client.getTargetInfo(FILES.module.replace("1.0.0", "1.2.0"))).toBeDefined();
  });
});
