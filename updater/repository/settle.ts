/**
 * A proposed change on its way into force: signed with the keys that this machine has, published when every quorum is
 * reached, otherwise left in `pending/` for the others' signatures. Before it is published it is verified as a client
 * would, from the first root on.
 *
 * Order: clients read at any moment, so the root and the rest replace each other in the order in which what is there
 * verifies throughout: first the rest, when the old root accepts it too (the old keys have signed along); otherwise
 * first the root, when it accepts what is in force.
 */
import { join } from "node:path";
import { Metadata, MetadataKind, type Root, type Targets } from "@tufjs/models";
import { assert } from "../../runtime/kernel/assert.ts";
import { fromUtf8 } from "../../runtime/kernel/bytes.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { defaultLimits } from "../client/source.ts";
import { type Change, refuseOverlap, writeChange } from "./change.ts";
import { refuseBroken } from "./client-check.ts";
import { renewDevices } from "./director.ts";
import { fault } from "./faults.ts";
import { replayJournal, writeJournal } from "./journal.ts";
import { addSignatures, bindTo, edition, fileOf, type Named, type Write } from "./metadata.ts";
import { keyIfUsable, onlineKeys, type TopFiles, verifiesUnder } from "./online.ts";
import {
  courtesyQuorums,
  type Document,
  type Missing,
  missingFrom,
  type Quorum,
  requiredQuorums,
  rolesAfter,
  type Standing,
  sayMissing,
  signersIn,
} from "./quorum.ts";
import { delegatorsIn, type Roles } from "./roles.ts";
import { readStanding } from "./standing.ts";
import type { Workshop } from "./workshop.ts";

export type Settled =
  | {
      readonly kind: "published";
      readonly lead: string;
      /** False when clients that read at the very moment may have to read again. */
      readonly seamless: boolean;
    }
  | { readonly kind: "pending"; readonly lead: string; readonly missing: readonly Missing[] };

/** Signs a new change with the keys here and publishes it, or leaves it waiting. Throws a Fault. */
export async function settle(shop: Workshop, change: Change): Promise<Settled> {
  refuseOverlap(shop.at, change);
  const standing = readStanding(shop.at);
  await signHere(shop, change, standing);
  return conclude(shop, change, standing);
}

/** The same for a verb that promises publication: a change that has to wait is a refusal that says so. */
export async function settleNow(shop: Workshop, change: Change): Promise<void> {
  const settled = await settle(shop, change);
  if (settled.kind === "pending") {
    const missing = settled.missing.map(sayMissing).join("; ");
    throw fault("REPO_UNSIGNED", { lead: change.lead, missing });
  }
}

/** Publishes a change if it has all its signatures, else keeps it waiting. Throws a Fault. */
export async function conclude(shop: Workshop, change: Change, standing: Standing): Promise<Settled> {
  const { lead } = change;
  const missing = missingFrom(change.documents, standing);
  if (missing.length > 0) {
    shop.stillLocked();
    writeChange(shop.at, change, shop.disk);
    return { kind: "pending", lead, missing };
  }
  return { kind: "published", lead, seamless: await publishChange(shop, change, standing) };
}

/** Adds what the keys here can add to a change. */
export async function signHere(shop: Workshop, change: Change, standing: Standing): Promise<void> {
  for (const document of change.documents) {
    const required = requiredQuorums(document, standing, change.documents);
    for (const quorum of required) await fillUp(shop, document, quorum, required, true);
    const isRequired = (one: Quorum) =>
      required.some(
        ({ keyIds, threshold }) => one.threshold <= threshold && keyIds.every((id) => one.keyIds.includes(id)),
      );
    for (const quorum of courtesyQuorums(document, standing)) {
      if (!isRequired(quorum)) await fillUp(shop, document, quorum, [quorum], false);
    }
  }
}

/** Adds signatures until a quorum is reached or the keys here are used up, keys that count in more quorums first. */
async function fillUp(
  shop: Workshop,
  { metadata }: Document,
  quorum: Quorum,
  all: readonly Quorum[],
  must: boolean,
): Promise<void> {
  const weight = (keyId: string) => all.filter((one) => one.keyIds.includes(keyId)).length;
  const signed = signersIn(quorum, metadata);
  const open = quorum.keyIds.filter((keyId) => !signed.includes(keyId) && shop.keys.has(keyId));
  const keys = open
    .sort((a, b) => weight(b) - weight(a))
    .slice(0, Math.max(0, quorum.threshold - signed.length))
    .map((keyId) => (must ? shop.keys.get(keyId) : keyIfUsable(shop, keyId)))
    .filter((key) => key !== undefined);
  await addSignatures(metadata, keys);
}

async function publishChange(shop: Workshop, change: Change, standing: Standing): Promise<boolean> {
  const rootOf = (repository: Document["repository"]) =>
    change.documents.find((one) => one.role === "root" && one.repository === repository)?.metadata as
      | Metadata<Root>
      | undefined;
  const [newRoot, newDirector] = [rootOf("image"), rootOf("director")];
  const touchesImage = newRoot !== undefined || change.documents.some(({ role }) => role !== "root");
  const image = touchesImage ? await nextImage(shop, change, standing, newRoot) : { order: [], seamless: true };
  shop.stillLocked();
  if (newRoot === undefined && newDirector === undefined) {
    for (const write of image.order) shop.disk.write(write.path, write.bytes);
    shop.disk.remove(shop.at.change(change.lead));
    return true;
  }
  const director = newDirector === undefined ? [] : [rootWrite(shop.at.directorRoot, newDirector)];
  const order = [...image.order, ...director];
  writeJournal(shop.directory, shop.at.journal, order, [shop.at.change(change.lead)], shop.disk);
  await recover(shop);
  return image.seamless;
}

/** The image repository's next state, verified, as writes in the order in which clients see no gap. */
async function nextImage(
  shop: Workshop,
  change: Change,
  standing: Standing,
  newRoot: Metadata<Root> | undefined,
): Promise<{ readonly order: readonly Write[]; readonly seamless: boolean }> {
  const rootBefore = standing.chains.image.at(-1);
  const root = newRoot ?? rootBefore;
  if (root === undefined) throw fault("REPO_UNFINISHED", { directory: shop.directory, reason: "there is no root yet" });
  const before = stateOf(standing);
  const changed = change.documents.filter((one) => one.role !== "root");
  const roots = { now: root.signed, before: newRoot === undefined ? undefined : rootBefore?.signed };
  const made = await edition(
    {
      tree: shop.at.image,
      before,
      online: {
        snapshot: onlineKeys(shop, "image", "snapshot", roots),
        timestamp: onlineKeys(shop, "image", "timestamp", roots),
      },
      expires: { snapshot: shop.expires("snapshot"), timestamp: shop.expires("timestamp") },
      extra: bindTo(undefined),
    },
    changed.map(({ role, metadata }) => ({ role, version: metadata.signed.version, bytes: fileOf(metadata) })),
  );
  refuseLarge(made.snapshot);
  const roles = rolesAfter(standing, changed);
  const chain = [...standing.chains.image, ...(newRoot === undefined ? [] : [newRoot])];
  refuseBroken({ repository: "image" }, chain, { ...made, roles: concerned(standing, roles, changed, newRoot) });

  if (newRoot === undefined) return { order: made.writes, seamless: true };
  const rootFirst = [rootWrite(shop.at.image.metadata, newRoot), ...made.writes];
  const { top } = standing;
  const targets = standing.roles.get("targets");
  if (rootBefore === undefined || top === undefined || targets === undefined)
    return { order: rootFirst, seamless: true };
  const next = topFiles(made.timestamp, made.snapshot, roles.get("targets"));
  if (!verifiesUnder(rootBefore, next)) {
    return { order: rootFirst, seamless: verifiesUnder(root, { ...top, targets }) };
  }
  return { order: [...made.writes, rootWrite(shop.at.image.metadata, newRoot)], seamless: true };
}

/** Finishes what a journal began: its writes, then every device that has not got the director's newest root. */
export async function recover(shop: Workshop): Promise<void> {
  if (!replayJournal(shop.directory, shop.at, shop.disk)) return;
  await renewDevices(shop);
  shop.disk.remove(shop.at.journal);
}

function rootWrite(folder: string, root: Metadata<Root>): Write {
  return { path: join(folder, `${root.signed.version}.root.json`), bytes: fileOf(root) };
}

/** What is in force, as the next edition continues it. */
function stateOf({ top, roles }: Standing): Named | undefined {
  if (top === undefined || !roles.has("targets")) return undefined;
  return { timestamp: top.timestamp.signed, snapshot: top.snapshot.signed };
}

/**
 * The roles whose standing a change can alter: all of them when keys or delegations change, else those that change and
 * those that delegate. (A full role takes the library a third of a second to read.)
 */
function concerned(
  standing: Standing,
  roles: Roles<Metadata<Targets>>,
  changed: readonly Document[],
  newRoot: Metadata<Root> | undefined,
): Roles<Metadata<Targets>> {
  const delegations = (one: Metadata<Targets> | undefined) => canonicalJson(one?.signed.delegations?.toJSON() ?? null);
  const asBefore = changed.every(({ role }) => delegations(roles.get(role)) === delegations(standing.roles.get(role)));
  if (newRoot !== undefined || !asBefore) return roles;
  const wanted = new Map(delegatorsIn(roles));
  for (const name of ["targets", ...changed.map(({ role }) => role)]) {
    const metadata = roles.get(name);
    if (metadata !== undefined) wanted.set(name, metadata);
  }
  return wanted;
}

/** Boards bound what they read of a snapshot, and every bin has its line there. */
function refuseLarge(snapshot: Uint8Array): void {
  const { snapshotBytes: max } = defaultLimits;
  if (snapshot.byteLength > max)
    throw fault("REPO_TOO_LARGE", { what: "the snapshot", size: snapshot.byteLength, max });
}

function topFiles(timestamp: Uint8Array, snapshot: Uint8Array, targets: Metadata<Targets> | undefined): TopFiles {
  assert(targets !== undefined, "an image repository has targets");
  return {
    timestamp: Metadata.fromJSON(MetadataKind.Timestamp, json(timestamp)),
    snapshot: Metadata.fromJSON(MetadataKind.Snapshot, json(snapshot)),
    targets,
  };
}

function json(bytes: Uint8Array) {
  return JSON.parse(fromUtf8(bytes) ?? "");
}
