/**
 * A change on its way to a signer who has no repository: one file with the proposed documents and the evidence by which
 * they can be judged, that is every root from version 1 on and the roles in force. Reading it checks the evidence, so
 * what a signer is shown is derived from signed metadata and never from words that came along.
 */
import { type Metadata, MetadataKind, type Root, type Targets } from "@tufjs/models";
import { type TenantId, tenantId } from "../../runtime/kernel/brand.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import { anything, array, object, oneOf, parseJson, string } from "../../runtime/kernel/shape.ts";
import type { RepositoryName } from "../client/header.ts";
import { type Change, DOCUMENTS_MAX, documentJson, documentShape, readDocument } from "./change.ts";
import { fault } from "./faults.ts";
import { addSignatures, signedDigest } from "./metadata.ts";
import { courtesyQuorums, type Document, quorumIn, requiredQuorums, type Standing, signersIn } from "./quorum.ts";
import { delegatorsIn } from "./roles.ts";
import { isHonestKey, type RoleKey } from "./tuf-key.ts";

export const SIGNING_BYTES_MAX = 64 * 1024 * 1024;
const ROOTS_MAX = 1_000;

const chainShape = array(anything, { max: ROOTS_MAX });
const signingShape = object({
  schema: oneOf("sallyport.signing/1"),
  tenant: tenantId,
  lead: string({ min: 1, max: 81 }),
  /** Every root in force, version 1 first; none before a ceremony has ended. */
  chains: object({ image: chainShape, director: chainShape }),
  /** The image's roles in force that the documents replace or are delegated by. */
  roles: array(object({ role: string({ min: 1, max: 81 }), metadata: anything }), { max: DOCUMENTS_MAX }),
  documents: array(documentShape, { min: 1, max: DOCUMENTS_MAX }),
});

export interface SigningFile extends Change {
  readonly tenant: TenantId;
  readonly standing: Standing;
}

export function signingBytes({ tenant, lead, documents, standing }: SigningFile): Uint8Array {
  // What is replaced, and who says who may sign it.
  const delegators = [...delegatorsIn(standing.roles)].filter(([, { signed }]) =>
    documents.some(({ role }) => role !== "root" && quorumIn(signed, role, role) !== undefined),
  );
  const wanted = new Set(["targets", ...delegators.map(([role]) => role), ...documents.map(({ role }) => role)]);
  const roles = [...wanted].flatMap((role) => {
    const metadata = standing.roles.get(role);
    return metadata === undefined ? [] : [{ role, metadata: metadata.toJSON() }];
  });
  const chain = (repository: RepositoryName) => standing.chains[repository].map((root) => root.toJSON());
  const document = {
    schema: "sallyport.signing/1",
    tenant,
    lead,
    chains: { image: chain("image"), director: chain("director") },
    roles,
    documents: documents.map(documentJson),
  };
  return utf8(`${JSON.stringify(document, null, 1)}\n`);
}

/** Reads and checks a file for signing. REPO_SIGNING_FILE, SHAPE_*. */
export function readSigning(bytes: Uint8Array, file: string): Result<SigningFile> {
  const parsed = parseJson(signingShape, bytes, file, SIGNING_BYTES_MAX);
  if (!parsed.ok) return parsed;
  const { tenant, lead } = parsed.value;
  try {
    const standing: Standing = {
      chains: {
        image: chainOf("image", parsed.value.chains.image),
        director: chainOf("director", parsed.value.chains.director),
      },
      roles: rolesOf(parsed.value.roles),
    };
    const documents = parsed.value.documents.map(readDocument);
    checkRoles(standing);
    checkDocuments(documents, standing);
    return ok({ tenant, lead, documents, standing });
  } catch (error) {
    const reason = error instanceof Fault ? error.line() : reasonOf(error);
    return err(fault("REPO_SIGNING_FILE", { file, reason }, error));
  }
}

/** Signs every document that the key may sign; the ids of those it did. Throws REPO_KEY_UNUSED and what a signer throws. */
export async function signFile(file: SigningFile, key: RoleKey, name: string): Promise<readonly Document[]> {
  const mine = file.documents.filter((document) =>
    [...requiredQuorums(document, file.standing, file.documents), ...courtesyQuorums(document, file.standing)].some(
      (quorum) => quorum.keyIds.includes(key.key.keyID),
    ),
  );
  if (mine.length === 0) throw fault("REPO_KEY_UNUSED", { key: key.key.keyID, file: name });
  for (const { metadata } of mine) await addSignatures(metadata, [key]);
  return mine;
}

/** Copies the signatures of a returned file into the change that waits. Throws REPO_SIGNING_FILE, REPO_BAD_SIGNATURE. */
export function mergeSignatures(
  change: Change,
  standing: Standing,
  file: SigningFile,
  name: string,
): readonly { readonly document: Document; readonly keyId: string }[] {
  const added: { document: Document; keyId: string }[] = [];
  for (const offered of file.documents) {
    const { repository, role } = offered;
    const document = change.documents.find((one) => one.repository === repository && one.role === role);
    if (document === undefined || signedDigest(document.metadata) !== signedDigest(offered.metadata)) {
      throw fault("REPO_SIGNING_FILE", { file: name, reason: `its ${repository} ${role} is not what waits here` });
    }
    const quorums = [...requiredQuorums(document, standing, change.documents), ...courtesyQuorums(document, standing)];
    for (const [keyId, signature] of Object.entries(offered.metadata.signatures)) {
      if (!quorums.some((quorum) => signersIn(quorum, offered.metadata).includes(keyId))) {
        throw fault("REPO_BAD_SIGNATURE", { file: name, key: keyId, role: `${repository} ${role}` });
      }
      const known = quorums.some((quorum) => signersIn(quorum, document.metadata).includes(keyId));
      if (known) continue;
      document.metadata.signatures[keyId] = signature;
      added.push({ document, keyId });
    }
  }
  return added;
}

/** TUF 5.3: each root is signed by the one before it and by itself. */
function chainOf(repository: RepositoryName, items: readonly unknown[]): readonly Metadata<Root>[] {
  const chain: Metadata<Root>[] = [];
  for (const metadata of items) {
    const root = readDocument({ repository, role: "root", metadata }).metadata as Metadata<Root>;
    if (root.signed.version !== chain.length + 1)
      throw new Error(`${repository} root ${root.signed.version} is out of order`);
    chain.at(-1)?.verifyDelegate("root", root);
    root.verifyDelegate("root", root);
    chain.push(root);
  }
  return chain;
}

function rolesOf(
  items: readonly { readonly role: string; readonly metadata: unknown }[],
): ReadonlyMap<string, Metadata<Targets>> {
  const roles = new Map<string, Metadata<Targets>>();
  for (const { role, metadata } of items) {
    if (roles.has(role) || role === "root") throw new Error(`${role} is there twice`);
    roles.set(role, readDocument({ repository: "image", role, metadata }).metadata as Metadata<Targets>);
  }
  return roles;
}

/** What is said to be in force has its delegator's signatures. */
function checkRoles(standing: Standing): void {
  for (const [role, metadata] of standing.roles) {
    const [quorum] = courtesyQuorums({ repository: "image", role, metadata }, standing);
    if (quorum === undefined || signersIn(quorum, metadata).length < quorum.threshold) {
      throw new Error(`the ${role} that is said to be in force is not signed as it must be`);
    }
  }
}

/** Each document is the direct successor of what is in force. */
function checkDocuments(documents: readonly Document[], standing: Standing): void {
  const seen = new Set<string>();
  for (const document of documents) {
    const { repository, role, metadata } = document;
    const name = `${repository} ${role}`;
    if (seen.has(name)) throw new Error(`${name} is proposed twice`);
    seen.add(name);
    if (repository === "director" && role !== "root") throw new Error(`${name} is not signed by people`);
    const before =
      role === "root" ? standing.chains[repository].length : (standing.roles.get(role)?.signed.version ?? 0);
    const { version } = metadata.signed;
    if (version !== before + 1) throw new Error(`${name} ${version} is proposed, ${before} is in force`);
    if (role === "root") refuseUnreachable(metadata.signed as Root, name);
    refuseFalseKeys(metadata.signed, name);
    signedDigest(metadata); // What has no canonical form cannot be signed.
    if (requiredQuorums(document, standing, documents).length === 0) throw new Error(`nobody may sign ${name}`);
  }
}

/** A key under another id than its own would be counted twice, or be another than the one that is shown. */
function refuseFalseKeys(signed: Root | Targets, name: string): void {
  const keys = "roles" in signed ? signed.keys : (signed.delegations?.keys ?? {});
  for (const [keyId, key] of Object.entries(keys)) {
    if (!isHonestKey(key)) throw new Error(`${name} holds a key ${keyId} that is not what its id says`);
  }
}

/** A signer is not shown a root that nobody could replace again. */
function refuseUnreachable(root: Root, name: string): void {
  for (const role of Object.values(MetadataKind)) {
    const quorum = quorumIn(root, role, role);
    const known = quorum?.keyIds.filter((keyId) => Object.hasOwn(quorum.keys, keyId)).length ?? 0;
    if (quorum === undefined || quorum.threshold < 1 || known < quorum.threshold) {
      throw new Error(`${name} would leave ${role} without a quorum`);
    }
  }
}
