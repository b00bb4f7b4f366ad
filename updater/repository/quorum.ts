/**
 * Who has to sign a document, and who has: pure functions over metadata. A root needs the quorum of the root before it
 * and its own (TUF 5.3.4); every other role needs the quorum that its delegator names. Keys are counted by id, each
 * once, and only when the signature verifies.
 */
import type { Key, Metadata, Root, Snapshot, Targets, Timestamp } from "@tufjs/models";
import type { RepositoryName } from "../client/header.ts";
import { type Names, namesIn } from "./names.ts";
import { delegatorsIn, overlay, type Roles } from "./roles.ts";

/** A document that people sign: a root of either repository, or a targets role of the image repository. */
export interface Document {
  readonly repository: RepositoryName;
  readonly role: string;
  readonly metadata: Metadata<Root> | Metadata<Targets>;
}

/** What is in force: every root from version 1 on (none before a ceremony has ended) and the targets roles. */
export interface Standing {
  readonly chains: Readonly<Record<RepositoryName, readonly Metadata<Root>[]>>;
  /** `targets` and the delegated roles of the image repository. */
  readonly roles: Roles<Metadata<Targets>>;
  /** What names them as current; absent before anything was published, and for a signer elsewhere. */
  readonly top?: Top;
}

export interface Top {
  readonly timestamp: Metadata<Timestamp>;
  readonly snapshot: Metadata<Snapshot>;
}

export interface Quorum {
  /** For people: whose signatures these are. */
  readonly of: string;
  readonly keyIds: readonly string[];
  readonly keys: Readonly<Record<string, Key>>;
  readonly threshold: number;
  /** What its delegator calls the keys. */
  readonly names: Names;
}

/** The quorum that a root or a delegating role names for a role; undefined when it names none. */
export function quorumIn(delegator: Root | Targets, role: string, of: string): Quorum | undefined {
  const names = namesIn(delegator);
  if ("roles" in delegator) {
    const found = Object.hasOwn(delegator.roles, role) ? delegator.roles[role] : undefined;
    return found && { of, keyIds: [...new Set(found.keyIDs)], keys: delegator.keys, threshold: found.threshold, names };
  }
  const { delegations } = delegator;
  const named = delegations?.roles !== undefined && Object.hasOwn(delegations.roles, role);
  const succinct = delegations?.succinctRoles?.isDelegatedRole(role) === true ? delegations.succinctRoles : undefined;
  const found = named ? delegations.roles?.[role] : succinct;
  if (delegations === undefined || found === undefined) return undefined;
  return { of, keyIds: [...new Set(found.keyIDs)], keys: delegations.keys, threshold: found.threshold, names };
}

/** The ids in a quorum whose signature on the document verifies. */
export function signersIn(quorum: Quorum, metadata: Document["metadata"]): readonly string[] {
  return quorum.keyIds.filter((keyId) => {
    const key = Object.hasOwn(quorum.keys, keyId) ? quorum.keys[keyId] : undefined;
    if (key === undefined || metadata.signatures[keyId] === undefined) return false;
    try {
      key.verifySignature(metadata);
      return true;
    } catch {
      return false;
    }
  });
}

/** The quorums without which a document may not be published, given what is proposed along with it. */
export function requiredQuorums(document: Document, standing: Standing, along: readonly Document[]): readonly Quorum[] {
  const { repository, role, metadata } = document;
  if (role === "root") {
    const before = standing.chains[repository].at(-1)?.signed;
    const inForce = before === undefined ? undefined : quorumIn(before, "root", "the owners in force");
    const named = quorumIn(
      metadata.signed as Root,
      "root",
      before === undefined ? "the owners" : "the owners proposed",
    );
    return [inForce, named].filter((one) => one !== undefined);
  }
  const found = delegatedQuorum(document, standing, along);
  return found === undefined ? [] : [found];
}

/** The quorum in force, where another is proposed: with it, clients that have the old root or delegation see no gap. */
export function courtesyQuorums(document: Document, standing: Standing): readonly Quorum[] {
  if (document.role === "root") return [];
  const found = delegatedQuorum(document, standing, []);
  return found === undefined ? [] : [found];
}

function delegatedQuorum(document: Document, standing: Standing, along: readonly Document[]): Quorum | undefined {
  const { repository, role } = document;
  if (role === "targets") {
    const proposed = along.find((one) => one.role === "root" && one.repository === repository)?.metadata.signed;
    const root = (proposed as Root | undefined) ?? standing.chains[repository].at(-1)?.signed;
    return root && quorumIn(root, "targets", "the owners");
  }
  for (const [, { signed }] of delegatorsIn(rolesAfter(standing, along))) {
    const found = quorumIn(signed, role, role);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The image's targets roles as they stand once these documents are in force. */
export function rolesAfter({ roles }: Standing, documents: readonly Document[]): Roles<Metadata<Targets>> {
  const changed = documents.filter((one) => one.role !== "root");
  return overlay(roles, new Map(changed.map(({ role, metadata }) => [role, metadata as Metadata<Targets>])));
}

/** One quorum that is not reached yet. */
export interface Missing {
  readonly repository: RepositoryName;
  readonly role: string;
  readonly version: number;
  readonly of: string;
  readonly have: number;
  readonly threshold: number;
  /** Who could still sign, by key id, with the name that signed metadata gives the key. */
  readonly waiting: readonly { readonly id: string; readonly name?: string | undefined }[];
}

/** What a set of documents lacks before it may be published. */
export function missingFrom(documents: readonly Document[], standing: Standing): readonly Missing[] {
  return documents.flatMap((document) => {
    const { repository, role, metadata } = document;
    const quorums = requiredQuorums(document, standing, documents);
    const base = { repository, role, version: metadata.signed.version };
    // Nobody may sign a role that nothing delegates to.
    if (quorums.length === 0) return [{ ...base, of: "nobody", have: 0, threshold: 1, waiting: [] }];
    const missing = quorums.flatMap((quorum): readonly Missing[] => {
      const signed = signersIn(quorum, metadata);
      const { of, threshold, names } = quorum;
      if (signed.length >= threshold) return [];
      const nameOf = (id: string) => (Object.hasOwn(names, id) ? names[id] : undefined);
      const waiting = quorum.keyIds.filter((id) => !signed.includes(id)).map((id) => ({ id, name: nameOf(id) }));
      return [{ ...base, of, have: signed.length, threshold, waiting }];
    });
    return isTwice(missing) ? missing.slice(1).map((one) => ({ ...one, of: "the owners" })) : missing;
  });
}

/** Owners who stay as they are need not be told twice whose signatures are missing. */
function isTwice([one, other]: readonly Missing[]): boolean {
  const lacks = ({ have, threshold, waiting }: Missing) => JSON.stringify([have, threshold, waiting]);
  return one !== undefined && other !== undefined && lacks(one) === lacks(other);
}

/** One line for people, e.g. `image root 2: 1 of 2 signatures of the owners proposed`. */
export function sayMissing(one: Missing): string {
  return `${one.repository} ${one.role} ${one.version}: ${one.have} of ${one.threshold} signatures of ${one.of}`;
}
