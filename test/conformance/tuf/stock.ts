/**
 * The client that ours is compared with: tuf-js as it is published, over a directory of its own and the same served
 * repository. Only its clock and its patience are set.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Updater } from "tuf-js";
import type { Mount } from "./server.ts";

export interface Stock {
  readonly directory: string;
  init(root: Uint8Array): void;
  /** Whether it accepts all of it. */
  run(names: readonly string[], at: number, patienceMs?: number): Promise<boolean>;
}

export function stockClient(directory: string, mount: Mount): Stock {
  const metadataDir = join(directory, "metadata");
  const targetDir = join(directory, "targets");
  return {
    directory: metadataDir,
    init(root) {
      for (const one of [metadataDir, targetDir]) mkdirSync(one, { recursive: true });
      writeFileSync(join(metadataDir, "root.json"), root);
    },
    async run(names, at, patienceMs = 30_000) {
      try {
        const updater = new Updater({
          metadataDir,
          metadataBaseUrl: mount.metadataUrl,
          targetDir,
          targetBaseUrl: mount.targetsUrl,
          config: { fetchTimeout: patienceMs, fetchRetries: 0 },
        });
        const trusted: unknown = Reflect.get(updater, "trustedSet");
        Object.assign(trusted as object, { referenceTime: new Date(at) });
        await updater.refresh();
        for (const name of names) {
          const target = await updater.getTargetInfo(name);
          if (target === undefined) return false;
          if ((await updater.findCachedTarget(target)) === undefined) await updater.downloadTarget(target);
        }
        return true;
      } catch {
        return false;
      }
    },
  };
}
