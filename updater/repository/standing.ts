/** Reads what is in force from the disk, with its signatures: the roots from version 1 on, and the image's roles as they are needed. */
import { join } from "node:path";
import { Metadata, MetadataKind, type Root, type Targets } from "@tufjs/models";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { readIfThere } from "./disk.ts";
import { fault } from "./faults.ts";
import type { paths } from "./layout.ts";
import type { Standing } from "./quorum.ts";
import { lazyRoles } from "./roles.ts";

const METADATA_BYTES_MAX = 16 * 1024 * 1024;
const ROOT_BYTES_MAX = 512_000;

/** Throws REPO_UNREADABLE. */
export function readStanding(at: ReturnType<typeof paths>): Standing {
  return {
    chains: { image: readChain(at.image.metadata), director: readChain(at.directorRoot) },
    ...readRoles(at.image.metadata),
  };
}

/** The roots in a folder, from version 1 to the first that is not there. Throws REPO_UNREADABLE. */
export function readChain(folder: string): readonly Metadata<Root>[] {
  const chain: Metadata<Root>[] = [];
  for (;;) {
    const name = `${chain.length + 1}.root.json`;
    const bytes = readIfThere(join(folder, name), ROOT_BYTES_MAX);
    if (bytes === undefined) return chain;
    chain.push(parsed(folder, name, () => Metadata.fromJSON(MetadataKind.Root, json(bytes))));
  }
}

/** The roles that the folder's timestamp leads to. Throws REPO_UNREADABLE. */
export function readRoles(folder: string): Pick<Standing, "roles" | "top"> {
  const none = new Map<string, Metadata<Targets>>();
  const read = (name: string) => {
    const bytes = readIfThere(join(folder, name), METADATA_BYTES_MAX);
    if (bytes === undefined) throw fault("REPO_UNREADABLE", { directory: folder, reason: `${name} is not there` });
    return json(bytes);
  };
  if (readIfThere(join(folder, "timestamp.json"), METADATA_BYTES_MAX) === undefined) return { roles: none };
  return parsed(folder, "timestamp.json", () => {
    const timestamp = Metadata.fromJSON(MetadataKind.Timestamp, read("timestamp.json"));
    const { version } = timestamp.signed.snapshotMeta;
    const snapshot = Metadata.fromJSON(MetadataKind.Snapshot, read(`${version}.snapshot.json`));
    const files = new Map(
      Object.entries(snapshot.signed.meta).map(([file, of]) => [file.replace(/\.json$/, ""), `${of.version}.${file}`]),
    );
    const roles = lazyRoles(files.keys(), (role) => {
      const name = files.get(role) ?? "";
      return parsed(folder, name, () => Metadata.fromJSON(MetadataKind.Targets, read(name)));
    });
    return { roles, top: { timestamp, snapshot } };
  });
}

function parsed<T>(directory: string, name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw fault("REPO_UNREADABLE", { directory, reason: `${name}: ${reasonOf(error)}` }, error);
  }
}

function json(bytes: Uint8Array) {
  return JSON.parse(Buffer.from(bytes).toString("utf8"));
}
