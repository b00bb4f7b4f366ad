/**
 * Reading `repository.json`. The first version of the document named key files by role; its roles are found in the
 * metadata, in the order in which that version created them, so old repositories open without reading a key.
 */
import { join } from "node:path";
import { Metadata, MetadataKind } from "@tufjs/models";
import { teamName, tenantId } from "../../runtime/kernel/brand.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { readBounded } from "../../runtime/kernel/durable.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result, unwrap } from "../../runtime/kernel/result.ts";
import {
  anything,
  array,
  type Infer,
  object,
  oneOf,
  parseJson,
  record,
  string,
  variants,
} from "../../runtime/kernel/shape.ts";
import type { Disk } from "./disk.ts";
import { fault } from "./faults.ts";
import { expiryDaysShape, keyFileName, paths, type RepositoryConfig, repositoryShape, teamRole } from "./layout.ts";
import { readTree } from "./metadata.ts";

const CONFIG_BYTES_MAX = 1_000_000;
const ROOT_BYTES_MAX = 512_000;

const firstShape = object({
  schema: oneOf("sallyport.repository/1"),
  tenant: tenantId,
  teams: array(teamName, { min: 1, max: 100 }),
  thresholds: anything,
  keys: object({
    owner: array(keyFileName, { min: 1, max: 16 }),
    imageOnline: keyFileName,
    directorOnline: keyFileName,
    teams: record(string({ max: 63 }), keyFileName, { max: 100 }),
  }),
  expiryDays: expiryDaysShape,
});
const anyShape = variants("schema", {
  "sallyport.repository/1": firstShape,
  "sallyport.repository/2": repositoryShape,
});

/** The settings of a repository, brought to the newest form. REPO_UNREADABLE. */
export function readConfig(directory: string): Result<RepositoryConfig> {
  const bytes = readBounded(paths(directory).config, CONFIG_BYTES_MAX);
  const config = bytes.ok ? parseJson(anyShape, bytes.value, "repository.json", CONFIG_BYTES_MAX) : bytes;
  try {
    const found = unwrap(config);
    return ok(found.schema === "sallyport.repository/2" ? found : upgrade(directory, found));
  } catch (error) {
    return err(fault("REPO_UNREADABLE", { directory, reason: reasonOf(error) }, error));
  }
}

export function writeConfig(directory: string, config: RepositoryConfig, disk: Disk): void {
  disk.write(paths(directory).config, utf8(`${JSON.stringify(config, null, 2)}\n`));
}

function upgrade(directory: string, first: Infer<typeof firstShape>): RepositoryConfig {
  const at = paths(directory);
  const root = (folder: string) => {
    const bytes = unwrap(readBounded(join(folder, "1.root.json"), ROOT_BYTES_MAX));
    return Metadata.fromJSON(MetadataKind.Root, JSON.parse(Buffer.from(bytes).toString("utf8"))).signed.roles;
  };
  const image = root(at.image.metadata);
  const delegated = readTree(at.image)?.targets.delegations?.roles ?? {};
  const keys: Record<string, string> = {};
  const name = (keyIDs: readonly string[] | undefined, files: readonly string[]) => {
    for (const [index, file] of files.entries()) {
      const keyId = keyIDs?.[index];
      if (keyId !== undefined) keys[keyId] = file;
    }
  };
  name(image["root"]?.keyIDs, first.keys.owner);
  name(image["timestamp"]?.keyIDs, [first.keys.imageOnline]);
  name(root(at.directorRoot)["timestamp"]?.keyIDs, [first.keys.directorOnline]);
  for (const [team, file] of Object.entries(first.keys.teams)) name(delegated[teamRole(team)]?.keyIDs, [file]);
  const { tenant, expiryDays } = first;
  const next = { schema: "sallyport.repository/2", tenant, keys, expiryDays };
  return unwrap(parseJson(repositoryShape, utf8(JSON.stringify(next)), "repository.json", CONFIG_BYTES_MAX));
}
