/**
 * Deltas at publication: from the code of the last few releases of a module to the new one. The files lie beside the
 * targets under names that nothing else has; the list goes into the new target's signed custom metadata.
 */
import { join } from "node:path";
import { MODULE_BYTES_MAX, releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import { sha256Hex } from "../../runtime/kernel/brand.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { readBounded } from "../../runtime/kernel/durable.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { type Delta, deltaPath, makeDelta } from "../delta.ts";
import type { Tree } from "./layout.ts";
import { targetFile, type Write } from "./metadata.ts";
import type { Release } from "./releases.ts";

/** From how many releases back a board gets to the new one by a delta, unless the publisher says otherwise. */
export const DELTAS_DEFAULT = 3;

export interface MadeDeltas {
  readonly list: readonly Delta[];
  readonly writes: readonly Write[];
}

/** The releases from which deltas are looked for: the last `count` of `earlier`, which is oldest first. */
export function deltaSources(earlier: readonly Release[], count: number): readonly Release[] {
  return count === 0 ? [] : earlier.slice(-count);
}

/** The deltas that pay from these releases to `module`; one whose code is gone has none. `step` is called after each. */
export function deltasTo(tree: Tree, sources: readonly Release[], module: Uint8Array, step: () => void): MadeDeltas {
  const to = sha256(module);
  const list: Delta[] = [];
  const writes: Write[] = [];
  const lookAt = (release: Release) => {
    const digest = parseShape(sha256Hex, release.moduleSha256, "a release's digest");
    if (!digest.ok || digest.value === to || list.some((one) => one.from === digest.value)) return;
    const { module: path } = releasePaths(release.team, release.name, release.version);
    const from = readBounded(targetFile(tree, path, digest.value), MODULE_BYTES_MAX);
    const made = from.ok && sha256(from.value) === digest.value ? makeDelta(from.value, module) : undefined;
    if (made === undefined) return;
    list.push(made.delta);
    writes.push({ path: join(tree.targets, deltaPath(to, made.delta.from)), bytes: made.bytes });
  };
  for (const release of sources) {
    lookAt(release);
    step();
  }
  return { list, writes };
}
