/**
 * Changing who signs what, as pure functions from what is in force to the documents that replace it: owners, online
 * keys, teams and their thresholds, and renewals. What the new quorums no longer accept is proposed along, so that after
 * the change everything in force is signed by those who may sign it.
 */
import { type Key, Root, Targets } from "@tufjs/models";
import type { RepositoryName } from "../client/header.ts";
import { isDelegableName } from "../layout.ts";
import { binsOf, changeBins, followTeam } from "./bins.ts";
import type { Change } from "./change.ts";
import { binPrefix, type ExpiryDays, teamPaths, teamRole } from "./layout.ts";
import { type Names, namesField, namesIn } from "./names.ts";
import type { Document, Standing } from "./quorum.ts";
import { document, outgrown, refused, successor } from "./successor.ts";

/** A key with what people call it. */
export interface NamedKey {
  readonly name: string;
  readonly key: Key;
}

export interface Edit {
  readonly add: readonly NamedKey[];
  /** Names or the beginnings of key ids. */
  readonly remove: readonly string[];
  /** All keys of before go. */
  readonly replace?: true;
  readonly threshold?: number;
}

export type OnlineRole = "timestamp" | "snapshot" | "targets";

export type Rotation =
  | { readonly what: "owners"; readonly edit: Edit; readonly targetsThreshold?: number }
  | {
      readonly what: "online";
      readonly repository: RepositoryName;
      readonly roles: readonly OnlineRole[];
      readonly edit: Edit;
    }
  | { readonly what: "team"; readonly team: string; readonly edit: Edit }
  | { readonly what: "drop-team"; readonly team: string }
  /** What a team offers, spread over 2^bits hash bins; 0 for one role. */
  | { readonly what: "bins"; readonly team: string; readonly bits: number }
  /** `also`: further roles in the same change. */
  | { readonly what: "renew"; readonly role: string; readonly also?: readonly string[] };

type Expires = (role: keyof ExpiryDays) => string;

/** The documents that carry a rotation out. Throws REPO_ROTATION. */
export function proposeRotation(standing: Standing, rotation: Rotation, expires: Expires): Change {
  if (rotation.what === "owners") return changeOwners(standing, rotation, expires);
  if (rotation.what === "online") return changeOnline(standing, rotation, expires);
  if (rotation.what === "bins") return changeBins(standing, rotation, expires("team"));
  if (rotation.what === "renew") return renew(standing, rotation, expires);
  return changeTeam(standing, rotation, expires);
}

function changeOwners(
  standing: Standing,
  { edit, targetsThreshold }: Extract<Rotation, { what: "owners" }>,
  expires: Expires,
): Change {
  const image = inForce(standing, "image");
  const teams = standing.roles.get("targets")?.signed.delegations?.keys ?? {};
  const daily = edit.add.find(({ key }) => Object.hasOwn(teams, key.keyID));
  if (daily !== undefined) throw refused("root", `key ${daily.name} is a team's`);
  const forTargets: Edit = {
    add: edit.add,
    remove: edit.remove,
    ...(edit.replace === undefined ? {} : { replace: edit.replace }),
    ...(targetsThreshold === undefined ? {} : { threshold: targetsThreshold }),
  };
  const root = nextRoot(image, { root: edit, targets: forTargets }, expires("root"));
  const director = nextRoot(inForce(standing, "director"), { root: edit }, expires("root"));
  const documents = [document("image", "root", root), document("director", "root", director)];
  return { lead: "root", documents: [...documents, ...outgrown(standing, root, "targets", expires("targets"))] };
}

function changeOnline(
  standing: Standing,
  { repository, roles, edit }: Extract<Rotation, { what: "online" }>,
  expires: Expires,
): Change {
  const edits = Object.fromEntries(roles.map((role) => [role, edit]));
  const root = nextRoot(inForce(standing, repository), edits, expires("root"));
  return { lead: "root", documents: [document(repository, "root", root)] };
}

function renew(
  standing: Standing,
  { role, also = [] }: Extract<Rotation, { what: "renew" }>,
  expires: Expires,
): Change {
  const all = [...new Set([role, ...also])];
  const lead = ["root", "targets"].find((one) => all.includes(one)) ?? role;
  return { lead, documents: all.flatMap((one) => renewed(standing, one, expires)) };
}

function renewed(standing: Standing, role: string, expires: Expires): readonly Document[] {
  if (role === "root") {
    return (["image", "director"] as const).map((repository) =>
      document(repository, "root", nextRoot(inForce(standing, repository), {}, expires("root"))),
    );
  }
  const current = standing.roles.get(role)?.signed;
  if (current === undefined)
    throw refused(role, `there is no such role; there are ${namesForPeople(standing).join(", ")}`);
  const until = expires(role === "targets" ? "targets" : "team");
  return [role, ...binsOf(standing, role)].flatMap((one) => {
    const signed = standing.roles.get(one)?.signed;
    return signed === undefined ? [] : [document("image", one, successor(signed, until))];
  });
}

/** Without the bins of teams, of which there are a thousand. */
function namesForPeople({ roles }: Standing): readonly string[] {
  return [...roles.keys()].filter((name) => !name.startsWith(binPrefix("")));
}

function changeTeam(
  standing: Standing,
  rotation: Extract<Rotation, { what: "team" | "drop-team" }>,
  expires: Expires,
): Change {
  const role = teamRole(rotation.team);
  if (!isDelegableName(role)) throw refused(role, "it is not a name that clients accept");
  const current = standing.roles.get("targets")?.signed;
  if (current === undefined) throw refused("targets", "nothing is published yet");
  const draft = current.toJSON() as unknown as TargetsJson;
  const delegations = draft.delegations ?? { keys: {}, roles: [] };
  if (!Array.isArray(delegations.roles)) throw refused(role, "the owner's targets delegate to hash bins, not to teams");
  const before = delegations.roles.find((one) => one.name === role);
  const names = namesIn(current);
  const added: Record<string, string> = {};
  if (rotation.what === "drop-team") {
    if (before === undefined) throw refused(role, "there is no such team");
    delegations.roles = delegations.roles.filter((one) => one !== before);
  } else {
    const from = before ?? { keyids: [], threshold: rotation.edit.threshold ?? 1 };
    const quorum = edited(role, { keyids: from.keyids, threshold: from.threshold }, rotation.edit, names);
    refuseOwners(standing, role, quorum.keyids);
    for (const { key, name } of rotation.edit.add) {
      delegations.keys[key.keyID] = key.toJSON();
      added[key.keyID] = name;
    }
    if (before === undefined) {
      delegations.roles.push({ name: role, ...quorum, terminating: true, paths: teamPaths(rotation.team) });
    } else Object.assign(before, quorum);
  }
  const used = delegations.roles.flatMap((one) => one.keyids);
  delegations.keys = Object.fromEntries(Object.entries(delegations.keys).filter(([keyId]) => used.includes(keyId)));
  const fields = { ...draft, delegations, version: current.version + 1, expires: expires("targets") };
  const targets = Targets.fromJSON(withNames(fields, { ...names, ...added }, used));
  const outdated = rotation.what === "team" ? followTeam(standing, targets, role, expires("team")) : [];
  return { lead: "targets", documents: [document("image", "targets", targets), ...outdated] };
}

interface QuorumJson {
  keyids: string[];
  threshold: number;
}
interface TargetsJson extends Record<string, unknown> {
  delegations?: {
    keys: Record<string, unknown>;
    roles: (QuorumJson & { name: string; terminating: boolean; paths: string[] })[];
  };
}
interface RootJson extends Record<string, unknown> {
  keys: Record<string, unknown>;
  roles: Record<string, QuorumJson>;
}

function nextRoot(root: Root, edits: Readonly<Record<string, Edit>>, expires: string): Root {
  const draft = root.toJSON() as unknown as RootJson;
  const names: Record<string, string> = { ...namesIn(root) };
  for (const [role, edit] of Object.entries(edits)) {
    const before = draft.roles[role];
    if (before === undefined) throw refused(role, "the root does not name it");
    draft.roles[role] = edited(role, before, edit, names);
    for (const { key, name } of edit.add) {
      draft.keys[key.keyID] = key.toJSON();
      names[key.keyID] = name;
    }
  }
  const online = ["timestamp", "snapshot"].flatMap((role) => draft.roles[role]?.keyids ?? []);
  const both = draft.roles["root"]?.keyids.find((keyId) => online.includes(keyId));
  if (both !== undefined) throw refused("root", `key ${names[both] ?? both} would be an owner's and an online key`);
  const used = Object.values(draft.roles).flatMap((role) => role.keyids);
  draft.keys = Object.fromEntries(Object.entries(draft.keys).filter(([keyId]) => used.includes(keyId)));
  return Root.fromJSON(withNames({ ...draft, version: root.version + 1, expires }, names, used));
}

/** A role's keys and threshold after an edit. Throws REPO_ROTATION for a quorum that could never be reached or is none. */
function edited(role: string, before: QuorumJson, edit: Edit, names: Names): QuorumJson {
  const keyids = edit.replace === true ? [] : [...new Set(before.keyids)];
  for (const wanted of edit.remove) {
    const found = keyids.filter((keyId) => names[keyId] === wanted || (wanted.length >= 8 && keyId.startsWith(wanted)));
    const [keyId] = found;
    if (keyId === undefined || found.length > 1) throw refused(role, `${wanted} names ${found.length} of its keys`);
    keyids.splice(keyids.indexOf(keyId), 1);
  }
  for (const { key, name } of edit.add) {
    // The same key again would not be counted again; whoever asks for it believes otherwise.
    if (keyids.includes(key.keyID)) throw refused(role, `key ${name} is already one of its keys`);
    keyids.push(key.keyID);
  }
  const threshold = edit.threshold ?? before.threshold;
  if (threshold < 1) throw refused(role, "it would need no signature at all");
  if (threshold > keyids.length) {
    throw refused(role, `it would need ${threshold} signatures of ${keyids.length} keys: nobody could ever sign again`);
  }
  return { keyids, threshold };
}

/** An owner's key that signs every day is stolen one day. */
function refuseOwners(standing: Standing, role: string, keyIds: readonly string[]): void {
  const owners = inForce(standing, "image").roles["root"]?.keyIDs ?? [];
  const both = keyIds.find((keyId) => owners.includes(keyId));
  if (both !== undefined) throw refused(role, `key ${both} is an owner's`);
}

function inForce(standing: Standing, repository: RepositoryName): Root {
  const root = standing.chains[repository].at(-1)?.signed;
  if (root === undefined) throw refused("root", "the first root is not signed yet");
  return root;
}

function withNames(fields: Record<string, unknown>, names: Names, keyIds: readonly string[]) {
  const kept = { "x-sallyport-names": undefined, ...fields, ...namesField(names, keyIds) };
  return JSON.parse(JSON.stringify(kept));
}
