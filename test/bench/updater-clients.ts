/**
 * The clients that `npm run bench -- updater` sets side by side: ours over both repositories, stock tuf-js over the image
 * repository, and a plain download. Each is asked for a target of the board's and answers its bytes.
 */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Updater as StockUpdater } from "tuf-js";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { openUpdater, type Updater } from "../../updater/index.ts";
import { hashedPath } from "../../updater/layout.ts";
import { type BenchSite, BOARD } from "./updater-site.ts";

export interface Client {
  /** Looks for news. */
  check(): Promise<void>;
  /** Looks for news and brings the target. */
  update(path: string): Promise<Uint8Array>;
  close(): void;
}

export type MakeClient = (site: BenchSite, base: string, folder: string) => Client;

/** A new board each time: its state lies in a folder of its own below `folder`. */
export const CLIENTS = {
  sallyport: (site, base, folder) => ours(site, base, mkdtempSync(join(folder, "ours-"))),
  "tuf-js": (site, base, folder) => stock(site, base, mkdtempSync(join(folder, "stock-"))),
} as const satisfies Readonly<Record<string, MakeClient>>;

/** `fetch` and a hash, when somebody has said where and what. */
export async function plainDownload(base: string, path: string, digest: string): Promise<Uint8Array> {
  const response = await fetch(`${base}image/targets/${hashedPath(path, sha256Of(digest))}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (sha256(bytes) !== digest) throw new Error("the plain download has another hash");
  return bytes;
}

function sha256Of(digest: string): ReturnType<typeof sha256> {
  return digest as ReturnType<typeof sha256>;
}

/** The board's updater on a directory, for whoever measures a second start. */
export function boardOn(site: Pick<BenchSite, "repositories">, base: string, directory: string): Updater {
  return openUpdater({
    directory,
    image: {
      metadataUrl: `${base}image/metadata/`,
      targetsUrl: `${base}image/targets/`,
      root: site.repositories.imageRoot(),
    },
    director: {
      metadataUrl: `${base}director/${BOARD}/metadata/`,
      targetsUrl: `${base}director/${BOARD}/targets/`,
      root: site.repositories.directorRoot(),
    },
    device: BOARD,
    hardware: { profile: "sim", abi: "core-v1" },
    now: () => Date.now(),
  });
}

function ours(site: BenchSite, base: string, directory: string): Client {
  const updater = boardOn(site, base, directory);
  return {
    async check() {
      unwrap(await updater.refresh());
    },
    update: async (path) => unwrap(await updater.fetchTarget(unwrap(unwrap(await updater.refresh()).agreed(path)))),
    close: () => updater.close(),
  };
}

/** A new `Updater` for each look, as its documentation has it. */
function stock(site: BenchSite, base: string, directory: string): Client {
  const [metadataDir, targetDir] = [join(directory, "metadata"), join(directory, "targets")];
  mkdirSync(metadataDir);
  mkdirSync(targetDir);
  writeFileSync(join(metadataDir, "root.json"), site.repositories.imageRoot());
  const open = async () => {
    const updater = new StockUpdater({
      metadataDir,
      metadataBaseUrl: `${base}image/metadata`,
      targetDir,
      targetBaseUrl: `${base}image/targets`,
    });
    await updater.refresh();
    return updater;
  };
  return {
    async check() {
      await open();
    },
    async update(path) {
      const updater = await open();
      const info = await updater.getTargetInfo(path);
      if (info === undefined) throw new Error(`tuf-js does not find ${path}`);
      const file = (await updater.findCachedTarget(info)) ?? (await updater.downloadTarget(info));
      return new Uint8Array(readFileSync(file));
    },
    close: () => undefined,
  };
}
