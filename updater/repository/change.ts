/**
 * A change that people sign: the documents that become the next versions together. It lies in `pending/` under the name
 * of its leading role until it has its signatures, and a role is in one change at a time, because two proposals for the
 * same next version cannot both come true.
 */
import { Metadata, MetadataKind } from "@tufjs/models";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { anything, array, object, oneOf, parseJson, string } from "../../runtime/kernel/shape.ts";
import { type RepositoryName, readHeader } from "../client/header.ts";
import { type Disk, namesIn, readIfThere, refuseLarger } from "./disk.ts";
import { fault } from "./faults.ts";
import { BINS_MAX, type paths } from "./layout.ts";
import type { Document } from "./quorum.ts";

export const CHANGE_BYTES_MAX = 32 * 1024 * 1024;
/** A team's role with all its bins, and the owner's targets. */
export const DOCUMENTS_MAX = BINS_MAX + 128;

export interface Change {
  /** The role that the change is about: `root`, `targets`, or a team's role. */
  readonly lead: string;
  readonly documents: readonly Document[];
}

export const documentShape = object({
  repository: oneOf("image", "director"),
  role: string({ min: 1, max: 81 }),
  metadata: anything,
});
const changeShape = object({
  schema: oneOf("sallyport.change/1"),
  lead: string({ min: 1, max: 81 }),
  documents: array(documentShape, { min: 1, max: DOCUMENTS_MAX }),
});

/** A document from JSON of unknown origin, bounded before the library reads it. Throws a Fault or the library's error. */
export function readDocument(from: { repository: RepositoryName; role: string; metadata: unknown }): Document {
  const { repository, role } = from;
  readHeader(utf8(JSON.stringify(from.metadata ?? null)), { repository, role });
  const data = from.metadata as Parameters<typeof Metadata.fromJSON>[1];
  const metadata =
    role === "root" ? Metadata.fromJSON(MetadataKind.Root, data) : Metadata.fromJSON(MetadataKind.Targets, data);
  return { repository, role, metadata };
}

export function documentJson({ repository, role, metadata }: Document) {
  return { repository, role, metadata: metadata.toJSON() };
}

/** The change that waits under this name. Throws REPO_NO_CHANGE, REPO_UNREADABLE. */
export function readChange(at: ReturnType<typeof paths>, lead: string): Change {
  const known = waitingLeads(at).includes(lead);
  const bytes = known ? readIfThere(at.change(lead), CHANGE_BYTES_MAX) : undefined;
  if (bytes === undefined) throw fault("REPO_NO_CHANGE", { lead });
  const parsed = parseJson(changeShape, bytes, `the change of ${lead}`, CHANGE_BYTES_MAX);
  try {
    if (!parsed.ok) throw parsed.error;
    return { lead, documents: parsed.value.documents.map(readDocument) };
  } catch (error) {
    throw fault("REPO_UNREADABLE", { directory: at.change(lead), reason: reasonOf(error) }, error);
  }
}

/** The names of all changes that wait. */
export function waitingLeads(at: ReturnType<typeof paths>): readonly string[] {
  return namesIn(at.pending).flatMap((name) => /^([a-z][a-z0-9_-]*)\.json$/.exec(name)?.[1] ?? []);
}

/** Throws DISK_WRITE, and DISK_TOO_LARGE for one that no verb could read again. */
export function writeChange(at: ReturnType<typeof paths>, change: Change, disk: Disk): void {
  const { lead, documents } = change;
  const text = JSON.stringify({ schema: "sallyport.change/1", lead, documents: documents.map(documentJson) });
  const bytes = utf8(text);
  refuseLarger(at.change(lead), bytes, CHANGE_BYTES_MAX);
  disk.write(at.change(lead), bytes, 0o600);
}

/**
 * Throws REPO_PENDING when another change has one of these roles. A waiting root holds the owner's targets as well: new
 * targets could be signed by an owner who is about to leave, and the root would then break what is in force.
 */
export function refuseOverlap(at: ReturnType<typeof paths>, change: Change): void {
  for (const lead of waitingLeads(at)) {
    const other = readChange(at, lead);
    const held = new Set(other.documents.flatMap(heldBy));
    const both =
      change.documents.find((one) => heldBy(one).some((name) => held.has(name))) ??
      // Changes of one team's bins may concern different documents, and still count releases one after the other.
      (lead === change.lead ? change.documents[0] : undefined);
    if (both !== undefined) throw fault("REPO_PENDING", { role: `${both.repository} ${both.role}`, lead });
  }
}

function heldBy({ repository, role }: Document): readonly string[] {
  return role === "root" && repository === "image" ? ["image root", "image targets"] : [`${repository} ${role}`];
}
