/**
 * The publisher's and operator's handle on both repositories. Verbs run one after the other, within a process and, by
 * the lock, between processes. Expected refusals are values.
 */
import { join } from "node:path";
import type { Desired, DesiredModule } from "../../runtime/kernel/authority/desired.ts";
import type { DeviceId } from "../../runtime/kernel/brand.ts";
import { attempt, attemptSync, ok, type Result } from "../../runtime/kernel/result.ts";
import { addKey } from "./add-key.ts";
import { writeChange } from "./change.ts";
import { readConfig, writeConfig } from "./config.ts";
import { type CreateOptions, configOf, firstChange, type Plan, refusePlan, simplePlan } from "./create.ts";
import { assign, type Choose, desiredOf, devicesOf } from "./director.ts";
import { readIfThere } from "./disk.ts";
import { fault } from "./faults.ts";
import { assignAll } from "./fleet.ts";
import { imageState, publishRelease, putOwnerTargets, unfinished } from "./image.ts";
import { openKeyring } from "./keys.ts";
import { paths, type RepositoryConfig } from "./layout.ts";
import { drop, exportChange, type Merged, merge, rotate, type Status, statusOf } from "./people.ts";
import type { Standing } from "./quorum.ts";
import { type DevicesDone, type Refreshed, refresh } from "./refresh.ts";
import { type OnProgress, type Release, type ReleaseInput, releasesIn, teamsIn } from "./releases.ts";
import type { Rotation } from "./rotation.ts";
import { conclude, type Settled, signHere } from "./settle.ts";
import { inShop, makeShop, readingShop, type ShopOptions, withLock } from "./shop.ts";
import { shelfOf } from "./team-shelf.ts";
import type { RolePublicKey } from "./tuf-key.ts";
import { type Yank, yank } from "./yank.ts";

export type OpenOptions = ShopOptions;

export interface Repositories {
  readonly directory: string;
  readonly config: RepositoryConfig;
  /** What provisioning pins: version 1 of each root. Throws REPO_UNFINISHED while there is none. */
  imageRoot(): Uint8Array;
  directorRoot(): Uint8Array;
  /** Adds or replaces `policy/*` and `trust/*`, signed with the owner keys at their threshold. */
  putOwnerTargets(files: ReadonlyMap<string, Uint8Array>, onProgress?: OnProgress): Promise<Result<void>>;
  /** Publishes one version of a module with its team's key. */
  publishRelease(input: ReleaseInput): Promise<Result<Release>>;
  /** Takes a release back, or puts it back, with its team's key. */
  yank(yanked: Yank): Promise<Result<void>>;
  /** Makes `modules` the desired state of a device; an empty list is a state too. */
  assign(device: DeviceId, modules: readonly DesiredModule[]): Promise<Result<{ readonly rev: number }>>;
  /**
   * Gives many devices a new desired state, each made from what it has now; one that has it already is passed over.
   * A refusal or a crash in between leaves each device with the old or the new one: asking again goes on from there.
   */
  assignAll(
    devices: readonly DeviceId[],
    choose: Choose,
    onProgress?: DevicesDone,
  ): Promise<Result<{ readonly changed: number }>>;
  desired(device: DeviceId): Desired | undefined;
  devices(): readonly DeviceId[];
  releases(): readonly Release[];
  /** Changes who signs what, or renews an offline role; waits for signatures when the keys here are not enough. */
  rotate(rotation: Rotation): Promise<Result<Settled>>;
  /** The waiting change of a role as a file for `repo sign`. */
  exportChange(lead: string): Promise<Result<Uint8Array>>;
  /** Takes signatures from such files and publishes what has enough. */
  merge(files: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Promise<Result<Merged>>;
  /** Gives a waiting change up. */
  drop(lead: string): Promise<Result<void>>;
  status(): Result<Status>;
  /** Lets this machine sign with a key file or a signer's description; the file is copied to `keys/`. */
  addKey(path: string): Promise<Result<RolePublicKey>>;
  /** Renews online metadata before it expires; never touches an offline key. */
  resign(): Promise<Result<{ readonly devices: number }>>;
  /** The same for what expires within `beforeMs` only, with the days that offline roles have left. */
  refresh(beforeMs: number, onProgress?: DevicesDone): Promise<Result<Refreshed>>;
}

const ROOT_BYTES_MAX = 512_000;

/** Creates both repositories with their keys. REPO_EXISTS if the directory already has some. */
export async function createRepositories(directory: string, options: CreateOptions): Promise<Result<Repositories>> {
  const planned = attemptSync(() => simplePlan(directory, options));
  const founded = planned.ok ? await foundRepositories(directory, planned.value, options) : planned;
  return founded.ok ? openRepositories(directory, options) : founded;
}

/** Begins the repositories that a ceremony planned; they wait for the owners who are not here. */
export function foundRepositories(directory: string, plan: Plan, options: ShopOptions): Promise<Result<Settled>> {
  return attempt(() =>
    withLock(directory, options, async (check) => {
      if (readIfThere(paths(directory).config, 1_000_000) !== undefined) throw fault("REPO_EXISTS", { directory });
      refusePlan(plan);
      const shop = makeShop(directory, options, configOf(plan), check);
      const change = firstChange(plan, options.now());
      const standing: Standing = { chains: { image: [], director: [] }, roles: new Map() };
      await signHere(shop, change, standing);
      writeChange(shop.at, change, shop.disk);
      writeConfig(directory, shop.config, shop.disk);
      return conclude(shop, change, standing);
    }),
  );
}

/** Opens existing repositories; keys are read when something has to be signed. */
export function openRepositories(directory: string, given: OpenOptions): Result<Repositories> {
  const options: ShopOptions = { ...given, keyring: openKeyring(directory, given.passphrase) };
  const at = paths(directory);
  const config = readConfig(directory);
  if (!config.ok) return config;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(verb: Parameters<typeof inShop<T>>[2]): Promise<Result<T>> => {
    const mine = last.then(() => attempt(() => inShop(directory, options, verb)));
    last = mine.catch(() => undefined);
    return mine;
  };
  const root = (folder: string) => {
    const bytes = readIfThere(join(folder, "1.root.json"), ROOT_BYTES_MAX);
    if (bytes === undefined) throw unfinished(directory);
    return bytes;
  };
  const reading = () => readingShop(directory, options);
  return ok({
    directory,
    config: config.value,
    imageRoot: () => root(at.image.metadata),
    directorRoot: () => root(at.directorRoot),
    putOwnerTargets: (files, onProgress) => inTurn((shop) => putOwnerTargets(shop, files, onProgress)),
    yank: (yanked) => inTurn((shop) => yank(shop, yanked)),
    publishRelease: (input) => inTurn((shop) => publishRelease(shop, input)),
    assign: (device, modules) => inTurn(async (shop) => ({ rev: await assign(shop, device, () => modules) })),
    assignAll: (devices, choose, onProgress) => inTurn((shop) => assignAll(shop, devices, choose, onProgress)),
    desired: (device) => desiredOf(reading(), device),
    devices: () => devicesOf(reading()),
    releases: () => {
      const state = imageState(reading());
      return teamsIn(state.targets).flatMap((team) => releasesIn(shelfOf(state, team).entries("")));
    },
    rotate: (rotation) => inTurn((shop) => rotate(shop, rotation)),
    exportChange: (lead) => inTurn(async (shop) => exportChange(shop, lead)),
    merge: (files) => inTurn((shop) => merge(shop, files)),
    drop: (lead) => inTurn(async (shop) => drop(shop, lead)),
    status: () => attemptSync(() => statusOf(reading())),
    addKey: (path) => inTurn(async (shop) => addKey(shop, path, options.passphrase)),
    resign: () => inTurn((shop) => refresh(shop, undefined)),
    refresh: (beforeMs, onProgress) => inTurn((shop) => refresh(shop, beforeMs, onProgress)),
  });
}
