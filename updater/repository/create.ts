/**
 * The ceremony that begins a tenant's trust: three owner keys, of which two must sign root and the owner's targets; one
 * key and one terminating delegation for each team; one online key for each repository. `repository.json` is written
 * last, so an interrupted ceremony leaves no repository.
 * Left out: rotating and adding keys, hash bins, and signing on another machine than the one that publishes.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Key, Root, Targets } from "@tufjs/models";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { ensureDirectory, writeDurable } from "../../runtime/kernel/durable.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { fault } from "./faults.ts";
import { type Keyring, makeKey, openKeyring, type RoleKey } from "./keys.ts";
import { defaultExpiryDays, paths, type RepositoryConfig, repositoryShape, teamRole } from "./layout.ts";
import { bindTo, expiryAfter, nextTargets, publish, SPEC_VERSION, sign } from "./metadata.ts";

export interface CreateOptions {
  readonly tenant: string;
  readonly teams: readonly string[];
  now(): number;
  /** Encrypts every key file. */
  readonly passphrase?: string;
}

/** Creates both repositories. Throws a Fault. */
export async function create(directory: string, options: CreateOptions): Promise<void> {
  const at = paths(directory);
  if (existsSync(at.config)) throw fault("REPO_EXISTS", { directory });
  const config = unwrap(parseShape(repositoryShape, draft(options), "the repository's options"));
  const { owner, teams, imageOnline, directorOnline } = config.keys;
  for (const file of [...owner, imageOnline, directorOnline, ...Object.values(teams)]) {
    makeKey(directory, file, options.passphrase);
  }
  const keyring = openKeyring(directory, options.passphrase);
  const owners = owner.map(keyring);
  const now = options.now();

  const online = keyring(imageOnline);
  const imageRoot = makeRoot(config, now, owners, owners, online);
  ensureDirectory(at.image.metadata);
  writeDurable(join(at.image.metadata, "1.root.json"), await sign(imageRoot, owners.slice(0, config.thresholds.root)));

  const director = keyring(directorOnline);
  const directorRoot = makeRoot(config, now, owners, [director], director);
  ensureDirectory(at.directorRoot);
  writeDurable(join(at.directorRoot, "1.root.json"), await sign(directorRoot, owners.slice(0, config.thresholds.root)));

  const expires = (role: keyof RepositoryConfig["expiryDays"]) => expiryAfter(now, config.expiryDays[role]);
  const delegated = config.teams.map((team) => ({
    role: teamRole(team),
    targets: nextTargets(undefined, { expires: expires("team"), targets: {} }),
    keys: [keyring(teams[team] ?? "")],
  }));
  const top = makeTopTargets(config, expires("targets"), keyring);
  await publish({
    tree: at.image,
    before: undefined,
    files: new Map(),
    roles: [...delegated, { role: "targets", targets: top, keys: owners.slice(0, config.thresholds.targets) }],
    online,
    expires: { snapshot: expires("snapshot"), timestamp: expires("timestamp") },
    extra: bindTo(undefined),
  });
  writeDurable(at.config, utf8(`${JSON.stringify(config, null, 2)}\n`));
}

function draft(options: CreateOptions): unknown {
  return {
    schema: "sallyport.repository/1",
    tenant: options.tenant,
    teams: options.teams,
    thresholds: { root: 2, targets: 2 },
    keys: {
      owner: ["owner-1.pem", "owner-2.pem", "owner-3.pem"],
      imageOnline: "image-online.pem",
      directorOnline: "director-online.pem",
      teams: Object.fromEntries(options.teams.map((team) => [team, `${teamRole(team)}.pem`])),
    },
    expiryDays: defaultExpiryDays,
  };
}

function makeRoot(
  config: RepositoryConfig,
  now: number,
  owners: readonly RoleKey[],
  targets: readonly RoleKey[],
  online: RoleKey,
): Root {
  const expires = expiryAfter(now, config.expiryDays.root);
  const keys: Record<string, Key> = {};
  for (const { key } of [...owners, ...targets, online]) keys[key.keyID] = key;
  const role = (of: readonly RoleKey[], threshold: number) => ({
    keyids: of.map(({ key }) => key.keyID),
    threshold,
  });
  return Root.fromJSON({
    _type: "root",
    spec_version: SPEC_VERSION,
    version: 1,
    expires,
    consistent_snapshot: true,
    keys: Object.fromEntries(Object.entries(keys).map(([id, key]) => [id, key.toJSON()])),
    roles: {
      root: role(owners, config.thresholds.root),
      targets: role(targets, Math.min(targets.length, config.thresholds.targets)),
      snapshot: role([online], 1),
      timestamp: role([online], 1),
    },
  });
}

/** The owner's role: delegates each team's prefix to the team's key, terminating, so no later role can answer for it. */
function makeTopTargets(config: RepositoryConfig, expires: string, keyring: Keyring): Targets {
  const teams = config.teams.map((team) => ({ team, key: keyring(config.keys.teams[team] ?? "").key }));
  return Targets.fromJSON({
    _type: "targets",
    spec_version: SPEC_VERSION,
    version: 1,
    expires,
    targets: {},
    delegations: {
      keys: Object.fromEntries(teams.map(({ key }) => [key.keyID, key.toJSON()])),
      roles: teams.map(({ team, key }) => ({
        name: teamRole(team),
        keyids: [key.keyID],
        threshold: 1,
        terminating: true,
        paths: [`modules/${team}/*/*/*`],
      })),
    },
  });
}
