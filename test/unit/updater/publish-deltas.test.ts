/** Deltas from publication to the board: made for the last releases, listed under signature, taken when they help. */
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { releasePaths } from "../../../runtime/kernel/authority/manifest.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { deltasOf } from "../../../updater/delta.ts";
import type { Updater } from "../../../updater/index.ts";
import { codeOf, DEVICE, desired, makeReadySite, releaseInput, type Site } from "./site.ts";

/** Code of a few kilobytes that differs from version to version in one place. */
function codeOfVersion(version: number): Uint8Array {
  const bytes = Uint8Array.from({ length: 9000 }, (_, at) => (at * at * 31 + (at >> 3)) & 255);
  bytes[4000 + version] = version;
  return bytes;
}

async function publish(site: Site, version: number, deltas?: number): Promise<void> {
  await site.release(`2.0.${version}`, { module: codeOfVersion(version), ...(deltas === undefined ? {} : { deltas }) });
}

const pathOf = (version: number) => releasePaths("acme", "thermostat", `2.0.${version}`).module;

async function assigned(site: Site, board: Updater, version: number) {
  unwrap(await site.repositories.assign(DEVICE, [desired(`2.0.${version}`)]));
  return unwrap(unwrap(await board.refresh()).agreed(pathOf(version)));
}

describe("a published release", () => {
  it("lists deltas from the last three releases, and a board that has one of them fetches only the delta", async () => {
    const site = await makeReadySite();
    for (const version of [1, 2, 3, 4]) await publish(site, version);
    const board = site.board();
    unwrap(await board.fetchTarget(await assigned(site, board, 2)));
    const target = await assigned(site, board, 4);
    const froms = deltasOf(target.custom).map(({ from }) => from);
    expect(froms).toEqual([1, 2, 3].map((version) => sha256(codeOfVersion(version))));

    const whole = join(site.image.targets, pathOf(4).replace("module.wasm", `${target.sha256}.module.wasm`));
    expect(existsSync(whole)).toBe(true);
    rmSync(whole);
    expect(unwrap(await board.fetchTarget(target))).toEqual(codeOfVersion(4));
    const newcomer = site.board("newcomer");
    unwrap(await newcomer.refresh());
    expect(codeOf(await newcomer.fetchTarget(target))).toBe("UPDATE_HTTP_STATUS");
  });

  it("lists none where none were asked for or none pay, and says no to too many", async () => {
    const site = await makeReadySite();
    for (const version of [1, 2]) await publish(site, version, 0);
    const board = site.board();
    expect(deltasOf((await assigned(site, board, 2)).custom)).toEqual([]);
    expect(existsSync(join(site.image.targets, "deltas"))).toBe(false);
    const input = releaseInput("3.0.0", { deltas: 9 });
    expect(codeOf(await site.repositories.publishRelease(input))).toBe("REPO_DELTAS");
  });

  it("whose delta was altered on the server costs the board the whole file, nothing else", async () => {
    const site = await makeReadySite();
    for (const version of [1, 2]) await publish(site, version);
    const notices: string[] = [];
    const board = site.board("board", { onNotice: (why) => void notices.push(why.code) });
    unwrap(await board.fetchTarget(await assigned(site, board, 1)));
    const target = await assigned(site, board, 2);
    const folder = join(site.image.targets, "deltas", target.sha256);
    for (const name of readdirSync(folder))
      writeFileSync(join(folder, name), new Uint8Array(statSync(join(folder, name)).size));
    expect(unwrap(await board.fetchTarget(target))).toEqual(codeOfVersion(2));
    expect(notices).toEqual(["UPDATE_DELTA"]);
  });
});

describe("what the director repeats of a release", () => {
  it("leaves the deltas out: they are their publisher's word, and a board's download stays small", async () => {
    const site = await makeReadySite();
    for (const version of [1, 2]) await publish(site, version);
    const board = site.board();
    await assigned(site, board, 2);
    const chain = board.chain();
    const text = Buffer.from(chain?.director.targets ?? new Uint8Array()).toString();
    expect(text).toContain(pathOf(2));
    expect(text).not.toContain("deltas");
  });
});
