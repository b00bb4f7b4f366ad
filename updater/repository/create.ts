/**
 * The documents that begin a tenant's trust: version 1 of both roots and of the owner's targets, with one terminating
 * delegation for each team. The owners' threshold signs all three; where their keys are elsewhere, the first change
 * waits for them in `pending/` like every later one. `repository.json` comes after that change and before anything is
 * published, so an interrupted ceremony leaves no repository, or one that the next verb finishes.
 */
import { existsSync } from "node:fs";
import { type Key, Metadata, Root, Targets } from "@tufjs/models";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import type { Change } from "./change.ts";
import type { Disk } from "./disk.ts";
import { fault } from "./faults.ts";
import { makeKey, readPublicHalf } from "./keys.ts";
import {
  defaultExpiryDays,
  type ExpiryDays,
  paths,
  type RepositoryConfig,
  repositoryShape,
  teamPaths,
  teamRole,
} from "./layout.ts";
import { expiryAfter, nextTargets, SPEC_VERSION } from "./metadata.ts";
import { namesField } from "./names.ts";
import type { Document } from "./quorum.ts";
import type { RolePublicKey } from "./tuf-key.ts";

export interface CreateOptions {
  readonly tenant: string;
  readonly teams: readonly string[];
  now(): number;
  /** Encrypts every key file. */
  readonly passphrase?: string;
  /** log2 of scrypt's cost for encrypted key files; 17 when absent. */
  readonly scryptLogN?: number;
  readonly disk?: Disk;
}

/** A key as a ceremony decides on it. */
export interface PlannedKey {
  readonly name: string;
  readonly half: RolePublicKey;
  /** Its file in `keys/`, when this machine can sign with it. */
  readonly file?: string;
}

/** What a ceremony decides. */
export interface Plan {
  readonly tenant: string;
  readonly owners: readonly PlannedKey[];
  readonly thresholds: { readonly root: number; readonly targets: number };
  readonly teams: readonly {
    readonly name: string;
    readonly keys: readonly PlannedKey[];
    readonly threshold: number;
  }[];
  readonly online: { readonly image: readonly PlannedKey[]; readonly director: readonly PlannedKey[] };
  readonly expiryDays: ExpiryDays;
}

/** The plan of `repo init`: all keys made here, owners two of three. Throws REPO_EXISTS before a key is made. */
export function simplePlan(directory: string, options: CreateOptions): Plan {
  if (existsSync(paths(directory).config)) throw fault("REPO_EXISTS", { directory });
  const make = (name: string): PlannedKey => {
    const file = `${name}.pem`;
    makeKey(directory, file, options.passphrase, options.scryptLogN);
    return { name, file, half: unwrap(readPublicHalf(paths(directory).key(file), options.passphrase)) };
  };
  return {
    tenant: options.tenant,
    owners: ["owner-1", "owner-2", "owner-3"].map(make),
    thresholds: { root: 2, targets: 2 },
    teams: options.teams.map((name) => ({ name, keys: [make(teamRole(name))], threshold: 1 })),
    online: { image: [make("image-online")], director: [make("director-online")] },
    expiryDays: defaultExpiryDays,
  };
}

/** Throws REPO_CEREMONY for a plan that would make a repository nobody can keep, or everybody can command. */
export function refusePlan(plan: Plan): void {
  const refuse = (reason: string) => fault("REPO_CEREMONY", { reason });
  const quorum = (what: string, keys: readonly PlannedKey[], threshold: number) => {
    const ids = new Set(keys.map(({ half }) => half.key.keyID));
    if (ids.size < keys.length) throw refuse(`${what} names one key twice`);
    if (threshold < 1) throw refuse(`${what} would need no signature at all`);
    if (threshold > ids.size) throw refuse(`${what} needs ${threshold} signatures and has ${ids.size} keys`);
  };
  quorum("root", plan.owners, plan.thresholds.root);
  quorum("targets", plan.owners, plan.thresholds.targets);
  for (const { name, keys, threshold } of plan.teams) quorum(`team ${name}`, keys, threshold);
  quorum("the image's online role", plan.online.image, 1);
  quorum("the director's online role", plan.online.director, 1);
  const owners = new Set(plan.owners.map(({ half }) => half.key.keyID));
  const others = [...plan.online.image, ...plan.online.director, ...plan.teams.flatMap(({ keys }) => keys)];
  const both = others.find(({ half }) => owners.has(half.key.keyID));
  if (both !== undefined) throw refuse(`key ${both.name} is an owner's and would be used every day`);
}

export function configOf(plan: Plan): RepositoryConfig {
  const all = [
    ...plan.owners,
    ...plan.online.image,
    ...plan.online.director,
    ...plan.teams.flatMap(({ keys }) => keys),
  ];
  const keys = Object.fromEntries(
    all.flatMap(({ half, file }) => (file === undefined ? [] : [[half.key.keyID, file]])),
  );
  const draft = { schema: "sallyport.repository/2", tenant: plan.tenant, keys, expiryDays: plan.expiryDays };
  return unwrap(parseShape(repositoryShape, draft, "the repository's options"));
}

/** The first change: what the owners sign to begin. A team's role begins here when its keys are here. */
export function firstChange(plan: Plan, now: number): Change {
  const expires = (role: keyof ExpiryDays) => expiryAfter(now, plan.expiryDays[role]);
  const root = (targets: Quorum, online: readonly PlannedKey[]) => makeRoot(plan, expires("root"), targets, online);
  const owners = { keys: plan.owners, threshold: plan.thresholds.targets };
  const director = { keys: plan.online.director, threshold: 1 };
  const documents: Document[] = [
    { repository: "image", role: "root", metadata: new Metadata(root(owners, plan.online.image)) },
    { repository: "director", role: "root", metadata: new Metadata(root(director, plan.online.director)) },
    { repository: "image", role: "targets", metadata: new Metadata(makeTopTargets(plan, expires("targets"))) },
  ];
  for (const { name, keys, threshold } of plan.teams) {
    if (keys.filter(({ file }) => file !== undefined).length < threshold) continue;
    const targets = nextTargets(undefined, { expires: expires("team"), targets: {} });
    documents.push({ repository: "image", role: teamRole(name), metadata: new Metadata(targets) });
  }
  return { lead: "root", documents };
}

interface Quorum {
  readonly keys: readonly PlannedKey[];
  readonly threshold: number;
}

function role({ keys, threshold }: Quorum) {
  return { keyids: keys.map(({ half }) => half.key.keyID), threshold };
}

function keyTable(keys: readonly PlannedKey[]) {
  return Object.fromEntries(
    keys.map(({ half }): [string, ReturnType<Key["toJSON"]>] => [half.key.keyID, half.key.toJSON()]),
  );
}

function nameTable(keys: readonly PlannedKey[]) {
  const names = Object.fromEntries(keys.map(({ half, name }) => [half.key.keyID, name]));
  return namesField(names, Object.keys(names));
}

function makeRoot(plan: Plan, expires: string, targets: Quorum, online: readonly PlannedKey[]): Root {
  const all = [...plan.owners, ...targets.keys, ...online];
  return Root.fromJSON({
    _type: "root",
    spec_version: SPEC_VERSION,
    version: 1,
    expires,
    consistent_snapshot: true,
    keys: keyTable(all),
    roles: {
      root: role({ keys: plan.owners, threshold: plan.thresholds.root }),
      targets: role(targets),
      snapshot: role({ keys: online, threshold: 1 }),
      timestamp: role({ keys: online, threshold: 1 }),
    },
    ...nameTable(all),
  });
}

/** The owner's role: delegates each team's prefix to the team's keys, terminating, so no later role can answer for it. */
function makeTopTargets(plan: Plan, expires: string): Targets {
  const keys = plan.teams.flatMap((team) => team.keys);
  return Targets.fromJSON({
    _type: "targets",
    spec_version: SPEC_VERSION,
    version: 1,
    expires,
    targets: {},
    delegations: {
      keys: keyTable(keys),
      roles: plan.teams.map(({ name, ...quorum }) => ({
        name: teamRole(name),
        ...role(quorum),
        terminating: true,
        paths: teamPaths(name),
      })),
    },
    ...nameTable(keys),
  });
}
