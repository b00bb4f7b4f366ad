/** The next version of a document, and which documents need one because those who may sign them change. */
import { Metadata, Root, Targets } from "@tufjs/models";
import type { RepositoryName } from "../client/header.ts";
import { fault } from "./faults.ts";
import { type Document, quorumIn, type Standing, signersIn } from "./quorum.ts";

/** The same one version on, with a new end. */
export function successor(current: Targets, expires: string): Targets {
  return Targets.fromJSON({ ...current.toJSON(), version: current.version + 1, expires });
}

/** The successor of a role whose signatures the new delegator does not accept; nothing when it accepts them. */
export function outgrown(
  standing: Standing,
  delegator: Root | Targets,
  role: string,
  expires: string,
): readonly Document[] {
  const current = standing.roles.get(role);
  const quorum = quorumIn(delegator, role, role);
  if (current === undefined || quorum === undefined) return [];
  if (signersIn(quorum, current).length >= quorum.threshold) return [];
  return [document("image", role, successor(current.signed, expires))];
}

export function document(repository: RepositoryName, role: string, signed: Root | Targets): Document {
  const metadata = signed instanceof Root ? new Metadata(signed) : new Metadata(signed);
  return { repository, role, metadata };
}

export function refused(role: string, reason: string) {
  return fault("REPO_ROTATION", { role, reason });
}
