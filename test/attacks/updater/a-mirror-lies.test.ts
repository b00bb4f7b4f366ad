/** Key compromise: none. A mirror or a neighbour's cache withholds, lags, alters or crosses files; the next one serves. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { serveRepositories } from "../../../updater/repository/index.ts";
import { DEVICE, desired, FILES, makeReadySite, OTHER, type Site } from "../../unit/updater/site.ts";
import { boardAt } from "./impostor.ts";
import { sees } from "./sees.ts";

/** A copy of what is published now, on a server of its own. */
async function copyOf(site: Site): Promise<{ url: string; directory: string }> {
  const directory = join(site.directory, "..", "mirror");
  cpSync(site.directory, directory, { recursive: true });
  const server = await serveRepositories(directory);
  onTestFinished(() => server.close());
  return { url: server.url, directory };
}

/** A board that asks the mirror first. */
function mirrored(site: Site, url: string) {
  const below = (base: string, folder: string) => ({
    metadataUrl: `${base}${folder}/metadata/`,
    targetsUrl: `${base}${folder}/targets/`,
  });
  const address = (folder: string, root: Uint8Array) => ({
    ...below(url, folder),
    mirrors: [below(site.server.url, folder)],
    root,
  });
  const left: string[] = [];
  const board = site.board("mirrored", {
    image: address("image", site.repositories.imageRoot()),
    director: address(`director/${DEVICE}`, site.repositories.directorRoot()),
    limits: { attempts: 1 },
    transport: { onLeft: (_, why) => left.push(why.code) },
  });
  return { board, left };
}

describe("a lying mirror", () => {
  it("that is the only one is told by what it does, and steers nothing", async () => {
    const site = await makeReadySite();
    unwrap(await site.repositories.assign(OTHER, []));
    const mirror = await copyOf(site);
    cpSync(join(mirror.directory, "director", OTHER), join(mirror.directory, "director", DEVICE), { recursive: true });
    const text = `director timestamp was made for ${OTHER}, this is ${DEVICE}`;
    sees(await boardAt(site, mirror.url).refresh(), "UPDATE_WRONG_DEVICE", "attack", text);
  });

  it("beside an honest one costs a look: other bytes, an older state, another board's files", async () => {
    const site = await makeReadySite();
    unwrap(await site.repositories.assign(OTHER, []));
    const mirror = await copyOf(site);
    const { board, left } = mirrored(site, mirror.url);
    const folder = join(mirror.directory, "image", "targets", FILES.module, "..");
    for (const name of readdirSync(folder)) {
      writeFileSync(join(folder, name), Buffer.from(readFileSync(join(folder, name))).fill("!"));
    }
    const target = unwrap(unwrap(await board.refresh()).agreed(FILES.module));
    expect((await board.fetchTarget(target)).ok).toBe(true);
    expect(left).toEqual(["UPDATE_TARGET_HASH"]);
    board.close();

    await site.release("1.1.0");
    unwrap(await site.repositories.assign(DEVICE, [desired("1.1.0")]));
    unwrap(await site.board("mirrored").refresh());
    const late = mirrored(site, mirror.url);
    unwrap(await late.board.refresh());
    expect(late.left).toEqual(["UPDATE_ROLLBACK", "UPDATE_ROLLBACK"]);
    late.board.close();

    cpSync(join(mirror.directory, "director", OTHER), join(mirror.directory, "director", DEVICE), { recursive: true });
    const crossed = mirrored(site, mirror.url);
    unwrap(await crossed.board.refresh());
    expect(crossed.left[0]).toBe("UPDATE_WRONG_DEVICE");
  });
});
