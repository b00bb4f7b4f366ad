/** The verbs by which people change and sign what is theirs: rotate, export, merge, drop, and the overview of it all. */
import { unwrap } from "../../runtime/kernel/result.ts";
import type { RepositoryName } from "../client/header.ts";
import { readChange, waitingLeads, writeChange } from "./change.ts";
import { devicesOf } from "./director.ts";
import { fault } from "./faults.ts";
import { type Names, namesIn as namesOf } from "./names.ts";
import { type Missing, missingFrom, quorumIn } from "./quorum.ts";
import { type Expiry, offlineExpiries } from "./refresh.ts";
import { proposeRotation, type Rotation } from "./rotation.ts";
import { conclude, type Settled, settle } from "./settle.ts";
import { mergeSignatures, readSigning, signingBytes } from "./signing-file.ts";
import { readStanding } from "./standing.ts";
import type { Workshop } from "./workshop.ts";

/** Proposes a rotation, signs it with the keys here and publishes it when that is enough. */
export function rotate(shop: Workshop, rotation: Rotation): Promise<Settled> {
  return settle(shop, proposeRotation(readStanding(shop.at), rotation, shop.expires));
}

/** The file by which others sign a waiting change. Throws REPO_NO_CHANGE. */
export function exportChange(shop: Workshop, lead: string): Uint8Array {
  const standing = readStanding(shop.at);
  return signingBytes({ ...readChange(shop.at, lead), tenant: shop.config.tenant, standing });
}

export interface Merged {
  /** Signatures that were new, as `image root` and the key's id. */
  readonly added: readonly { readonly role: string; readonly keyId: string; readonly name: string | undefined }[];
  readonly settled: readonly Settled[];
}

/** Takes signatures from returned files and publishes every change that has enough now; without files, those that had. */
export async function merge(
  shop: Workshop,
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
): Promise<Merged> {
  const read = files.map(({ name, bytes }) => ({ name, file: unwrap(readSigning(bytes, name)) }));
  const added: Merged["added"][number][] = [];
  const settled: Settled[] = [];
  for (const lead of new Set(read.map(({ file }) => file.lead))) {
    const standing = readStanding(shop.at);
    const change = readChange(shop.at, lead);
    const signed = [standing.chains.image.at(-1)?.signed, ...change.documents.map((one) => one.metadata.signed)];
    const names = Object.assign({}, ...signed.map(namesOf)) as Names;
    for (const { name, file } of read.filter((one) => one.file.lead === lead)) {
      if (file.tenant !== shop.config.tenant) {
        throw fault("REPO_SIGNING_FILE", { file: name, reason: `it is of tenant ${file.tenant}` });
      }
      for (const { document, keyId } of mergeSignatures(change, standing, file, name)) {
        added.push({ role: `${document.repository} ${document.role}`, keyId, name: names[keyId] });
      }
    }
    // Kept before anything is tried: whatever stands in the way now, nobody has to sign again.
    shop.stillLocked();
    writeChange(shop.at, change, shop.disk);
    settled.push(await conclude(shop, change, standing));
  }
  for (const lead of files.length > 0 ? [] : waitingLeads(shop.at)) {
    const [standing, change] = [readStanding(shop.at), readChange(shop.at, lead)];
    if (missingFrom(change.documents, standing).length === 0) settled.push(await conclude(shop, change, standing));
  }
  return { added, settled };
}

/** Gives up a waiting change. Its target files stay; nothing names them. Throws REPO_NO_CHANGE. */
export function drop(shop: Workshop, lead: string): void {
  readChange(shop.at, lead);
  shop.disk.remove(shop.at.change(lead));
}

export interface RoleStatus {
  readonly repository: RepositoryName;
  readonly role: string;
  readonly threshold: number;
  readonly keys: readonly {
    readonly id: string;
    readonly name: string | undefined;
    readonly scheme: string;
    readonly here: boolean;
  }[];
  /** Over how many hash bins a team's catalogue is spread, if it is. */
  readonly bins?: number;
}

export interface Status {
  readonly tenant: string;
  readonly roles: readonly RoleStatus[];
  readonly offline: readonly Expiry[];
  readonly waiting: readonly { readonly lead: string; readonly missing: readonly Missing[] }[];
  readonly devices: number;
}

/** Who signs what, what ends when, what waits. Throws REPO_UNREADABLE. */
export function statusOf(shop: Workshop): Status {
  const standing = readStanding(shop.at);
  const roles: RoleStatus[] = [];
  for (const repository of ["image", "director"] as const) {
    const root = standing.chains[repository].at(-1)?.signed;
    const names = namesOf(root);
    for (const role of ["root", "targets", "snapshot", "timestamp"]) {
      const quorum = root === undefined ? undefined : quorumIn(root, role, role);
      if (quorum !== undefined) roles.push({ repository, role, ...keysIn(shop, quorum, names) });
    }
  }
  const targets = standing.roles.get("targets")?.signed;
  for (const role of Object.keys(targets?.delegations?.roles ?? {})) {
    const quorum = targets === undefined ? undefined : quorumIn(targets, role, role);
    const bins = standing.roles.get(role)?.signed.delegations?.succinctRoles?.numberOfBins;
    const spread = bins === undefined ? {} : { bins };
    if (quorum !== undefined) {
      roles.push({ repository: "image", role, ...keysIn(shop, quorum, namesOf(targets)), ...spread });
    }
  }
  const waiting = waitingLeads(shop.at).map((lead) => ({
    lead,
    missing: missingFrom(readChange(shop.at, lead).documents, standing),
  }));
  const offline = standing.chains.image.length === 0 ? [] : offlineExpiries(shop);
  return { tenant: shop.config.tenant, roles, offline, waiting, devices: devicesOf(shop).length };
}

function keysIn(
  shop: Workshop,
  quorum: NonNullable<ReturnType<typeof quorumIn>>,
  names: Readonly<Record<string, string>>,
) {
  const keys = quorum.keyIds.map((id) => ({
    id,
    name: names[id],
    scheme: quorum.keys[id]?.scheme ?? "unknown",
    here: shop.keys.has(id),
  }));
  return { threshold: quorum.threshold, keys };
}
