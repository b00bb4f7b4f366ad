/**
 * Taking a release back: its entries stay, because somewhere it runs, and say from now on that nobody should begin with
 * it. Directors do not assign it, boards do not start it anew; a board that runs it goes on and reports.
 */
import { TargetFile } from "@tufjs/models";
import { releaseCustomShape, releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { fault } from "./faults.ts";
import { imageState, propose } from "./image.ts";
import { shelfOf } from "./team-shelf.ts";
import type { Workshop } from "./workshop.ts";

export interface Yank {
  readonly team: string;
  readonly name: string;
  readonly version: string;
  /** Why, in a sentence that boards will report; undefined puts the release back. */
  readonly reason: string | undefined;
}

/** Throws REPO_NOT_RELEASED for a release that is not there. */
export async function yank(shop: Workshop, { team, name, version, reason }: Yank): Promise<void> {
  const shelf = shelfOf(imageState(shop), team);
  const entries: Record<string, TargetFile> = {};
  for (const path of Object.values(releasePaths(team, name, version))) {
    const entry = shelf.find(path);
    if (entry === undefined) throw fault("REPO_NOT_RELEASED", { team, name, version });
    entries[path] = marked(entry, reason);
  }
  await propose(shop, shelf.role, shelf.put(entries, shop.expires("team")), new Map());
}

function marked(entry: TargetFile, reason: string | undefined): TargetFile {
  const { sallyport, ...others } = entry.custom;
  const { yanked: _, ...facts } = unwrap(parseShape(releaseCustomShape, sallyport, `custom metadata of ${entry.path}`));
  const next = reason === undefined ? facts : { ...facts, yanked: reason };
  const sound = unwrap(parseShape(releaseCustomShape, next, "the reason"));
  // Custom facts are JSON by construction; the copy says so to the library's type.
  const custom = JSON.parse(JSON.stringify({ ...others, sallyport: sound }));
  return new TargetFile({ ...entry, unrecognizedFields: { ...entry.unrecognizedFields, custom } });
}
