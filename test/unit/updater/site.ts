/**
 * What the tests of this room share: both repositories in a temporary directory, served over HTTP on loopback, a clock
 * that stands until it is moved, and boards that update from it. The forging helpers use the real keys: the attacks
 * are those of somebody who holds one key too many, not of somebody who cannot sign.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MetaFile, Root, Snapshot, Targets } from "@tufjs/models";
import { expect, onTestFinished } from "vitest";
import { assert } from "../../../runtime/kernel/assert.ts";
import type { DeviceId } from "../../../runtime/kernel/brand.ts";
import { writeDurable } from "../../../runtime/kernel/durable.ts";
import type { Fault } from "../../../runtime/kernel/fault.ts";
import { type Result, unwrap } from "../../../runtime/kernel/result.ts";
import { openUpdater, type Updater, type UpdaterOptions } from "../../../updater/index.ts";
import { DEVICE_FIELD } from "../../../updater/layout.ts";
import {
  createRepositories,
  openRepositories,
  type Release,
  type ReleaseInput,
  type Repositories,
  type RepositoryServer,
  serveRepositories,
} from "../../../updater/repository/index.ts";
import { makeKey, openKeyring } from "../../../updater/repository/keys.ts";
import { paths, type Tree } from "../../../updater/repository/layout.ts";
import { bindTo, publish, readTree, sign } from "../../../updater/repository/metadata.ts";
import type { RoleKey } from "../../../updater/repository/tuf-key.ts";
import { DEVICE, desired, POLICY, releaseInput, TEAMS } from "./content.ts";

export { DAY_MS, DEVICE, desired, FILES, OTHER, POLICY, releaseInput, TEAMS } from "./content.ts";

const FAR = "2040-01-01T00:00:00Z";

/** Metadata as somebody who forges it sees it: fields to be set. */
export interface ForgedTargets {
  version: number;
  expires: string;
  targets: Record<string, Entry>;
  delegations?: { keys: Record<string, unknown>; roles: (ForgedRole & { name: string; paths: string[] })[] };
  "x-sallyport-device"?: string;
}
export interface ForgedRoot {
  version: number;
  expires: string;
  keys: Record<string, unknown>;
  roles: Record<"root" | "targets" | "snapshot" | "timestamp", ForgedRole>;
}
interface ForgedRole {
  keyids: string[];
  threshold: number;
}
/** One target entry. */
export interface Entry {
  length: number;
  hashes: Record<string, string>;
  custom?: { sallyport?: Record<string, unknown> };
}

export interface Site {
  readonly directory: string;
  readonly clock: { now: number };
  readonly repositories: Repositories;
  readonly server: RepositoryServer;
  readonly image: Tree;
  director(device?: DeviceId): Tree;
  /** A board's updater; the same `name` is the same board after a restart, which ends the one before. */
  board(name?: string, changes?: Partial<UpdaterOptions>): Updater;
  boardDirectory(name?: string): string;
  release(version: string, changes?: Partial<ReleaseInput> & { name?: string; team?: string }): Promise<Release>;
  /** Signs a changed targets role with the given keys and publishes it, version one higher. */
  forge(tree: Tree, role: string, keys: readonly string[], change: (signed: ForgedTargets) => void): Promise<void>;
  /** Signs a snapshot of the image repository, one higher, that names other versions of the roles. */
  forgeSnapshot(change: (versions: Record<string, MetaFile>) => void): Promise<void>;
  /** Writes root version `version`, made from the one before, signed with the given keys. */
  forgeRoot(version: number, keys: readonly string[], change: (signed: ForgedRoot) => void): Promise<void>;
  /** A new key beside the repository's, for rotations. */
  newKey(file: string): RoleKey;
  /** The repositories as another process would open them. */
  reopen(): Repositories;
  /** Copies a tree's metadata; the returned function puts it back. */
  backup(tree: Tree): () => void;
}

export async function makeSite(): Promise<Site> {
  const directory = mkdtempSync(join(tmpdir(), "sallyport-updater-"));
  const clock = { now: Date.parse("2026-06-01T12:00:00Z") };
  const now = () => clock.now;
  const repository = join(directory, "repository");
  const repositories = unwrap(await createRepositories(repository, { tenant: "acme-corp", teams: TEAMS, now }));
  const server = await serveRepositories(repository);
  onTestFinished(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const at = paths(repository);
  const keyring = openKeyring(repository, undefined);
  const boardDirectory = (name = "board") => join(directory, name);
  const boards = new Map<string, Updater>();
  let copies = 0;

  return {
    directory: repository,
    clock,
    repositories,
    server,
    image: at.image,
    director: (device = DEVICE) => at.director(device),
    boardDirectory,
    board(name = "board", changes) {
      const { imageMetadataUrl: metadataUrl, imageTargetsUrl: targetsUrl } = server;
      boards.get(name)?.close();
      const updater = openUpdater({
        directory: boardDirectory(name),
        image: { metadataUrl, targetsUrl, root: repositories.imageRoot() },
        director: { ...server.directorUrl(DEVICE), root: repositories.directorRoot() },
        device: DEVICE,
        hardware: { profile: "sim", abi: "core-v1" },
        now,
        ...changes,
      });
      boards.set(name, updater);
      onTestFinished(() => updater.close());
      return updater;
    },
    release: async (version, changes = {}) => unwrap(await repositories.publishRelease(releaseInput(version, changes))),
    async forge(tree, role, keys, change) {
      const before = readTree(tree);
      const current = role === "targets" ? before?.targets : before?.delegated.get(role);
      const isImage = tree.metadata === at.image.metadata;
      const signed: ForgedTargets = json({ ...empty(), ...current?.toJSON(), version: (current?.version ?? 0) + 1 });
      change(signed);
      await publish({
        tree,
        before,
        files: new Map(),
        roles: [{ role, targets: Targets.fromJSON(json(signed)), keys: keys.map(keyring) }],
        online: onlineWith(keyring(isImage ? "image-online.pem" : "director-online.pem")),
        expires: { snapshot: FAR, timestamp: FAR },
        extra: bindTo(deviceOf(before?.timestamp.unrecognizedFields)),
      });
    },
    async forgeSnapshot(change) {
      const before = readTree(at.image);
      assert(before !== undefined, "the image repository has metadata");
      const meta = { ...before.snapshot.meta };
      change(meta);
      const { version, specVersion } = before.snapshot;
      const snapshot = new Snapshot({ specVersion, version, expires: FAR, meta });
      const online = onlineWith(keyring("image-online.pem"));
      const expires = { snapshot: FAR, timestamp: FAR };
      await publish({
        tree: at.image,
        before: { ...before, snapshot },
        files: new Map(),
        roles: [],
        online,
        expires,
        extra: {},
      });
    },
    async forgeRoot(version, keys, change) {
      const file = (one: number) => join(at.image.metadata, `${one}.root.json`);
      const signed: ForgedRoot = JSON.parse(readFileSync(file(version - 1), "utf8")).signed;
      signed.version = version;
      change(signed);
      writeDurable(file(version), await sign(Root.fromJSON(json(signed)), keys.map(keyring)));
    },
    newKey(file) {
      makeKey(repository, file, undefined);
      return keyring(file);
    },
    reopen: () => unwrap(openRepositories(repository, { now })),
    backup(tree) {
      const copy = join(directory, `backup-${++copies}`);
      cpSync(tree.metadata, copy, { recursive: true });
      return () => {
        rmSync(tree.metadata, { recursive: true });
        cpSync(copy, tree.metadata, { recursive: true });
      };
    },
  };
}

/** A site with a policy and one release that is assigned to the board. */
export async function makeReadySite(): Promise<Site> {
  const site = await makeSite();
  unwrap(await site.repositories.putOwnerTargets(new Map([["policy/policy.json", POLICY]])));
  await site.release("1.0.0");
  unwrap(await site.repositories.assign(DEVICE, [desired("1.0.0")]));
  return site;
}

/** The code of a refusal; a success fails the test. */
export function codeOf(result: Result<unknown>): string {
  return faultOf(result).code;
}

export function faultOf(result: Result<unknown>): Fault {
  expect(result.ok).toBe(false);
  if (result.ok) throw new Error("a refusal was expected");
  return result.error;
}

function onlineWith(key: RoleKey) {
  return { snapshot: [key], timestamp: [key] };
}

function deviceOf(fields: Record<string, unknown> | undefined): string | undefined {
  const device = fields?.[DEVICE_FIELD];
  return typeof device === "string" ? device : undefined;
}

/** A copy that is JSON and nothing else. */
function json(value: unknown) {
  return JSON.parse(JSON.stringify(value));
}

function empty() {
  return { _type: "targets", spec_version: "1.0.31", expires: FAR, targets: {} };
}
