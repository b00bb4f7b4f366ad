/**
 * The publisher's and operator's handle on both repositories. Verbs run one after the other within a process; two
 * processes on one directory are the operator's to avoid (there is no lock file). Expected refusals are values.
 */
import { join } from "node:path";
import type { Desired, DesiredModule } from "../../runtime/kernel/authority/desired.ts";
import type { DeviceId } from "../../runtime/kernel/brand.ts";
import { readBounded } from "../../runtime/kernel/durable.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { attempt, attemptSync, err, type Result, unwrap } from "../../runtime/kernel/result.ts";
import { parseJson } from "../../runtime/kernel/shape.ts";
import { type CreateOptions, create } from "./create.ts";
import { assign, desiredOf, devicesOf, resignDevice } from "./director.ts";
import { fault } from "./faults.ts";
import { imageState, publishRelease, putOwnerTargets, resignImage } from "./image.ts";
import { openKeyring } from "./keys.ts";
import { paths, type RepositoryConfig, repositoryShape } from "./layout.ts";
import { expiryAfter } from "./metadata.ts";
import { type Release, type ReleaseInput, releasesIn } from "./releases.ts";
import type { Workshop } from "./workshop.ts";

export interface OpenOptions {
  now(): number;
  readonly passphrase?: string;
}

export interface Repositories {
  readonly directory: string;
  readonly config: RepositoryConfig;
  /** What provisioning pins: version 1 of each root. */
  imageRoot(): Uint8Array;
  directorRoot(): Uint8Array;
  /** Adds or replaces `policy/*` and `trust/*`, signed with the owner keys at their threshold. */
  putOwnerTargets(files: ReadonlyMap<string, Uint8Array>): Promise<Result<void>>;
  /** Publishes one version of a module with its team's key. */
  publishRelease(input: ReleaseInput): Promise<Result<Release>>;
  /** Makes `modules` the desired state of a device; an empty list is a state too. */
  assign(device: DeviceId, modules: readonly DesiredModule[]): Promise<Result<{ readonly rev: number }>>;
  desired(device: DeviceId): Desired | undefined;
  devices(): readonly DeviceId[];
  releases(): readonly Release[];
  /** Renews online metadata before it expires; never touches an offline key. */
  resign(): Promise<Result<{ readonly devices: number }>>;
}

const CONFIG_BYTES_MAX = 1_000_000;
const ROOT_BYTES_MAX = 512_000;

/** Creates both repositories with their keys. REPO_EXISTS if the directory already has some. */
export async function createRepositories(directory: string, options: CreateOptions): Promise<Result<Repositories>> {
  const created = await attempt(() => create(directory, options));
  return created.ok ? openRepositories(directory, options) : created;
}

/** Opens existing repositories; keys are read when something has to be signed. */
export function openRepositories(directory: string, options: OpenOptions): Result<Repositories> {
  const at = paths(directory);
  const bytes = readBounded(at.config, CONFIG_BYTES_MAX);
  const config = bytes.ok ? parseJson(repositoryShape, bytes.value, "repository.json", CONFIG_BYTES_MAX) : bytes;
  if (!config.ok) {
    return err(fault("REPO_UNREADABLE", { directory, reason: reasonOf(config.error) }, config.error));
  }
  const shop: Workshop = {
    directory,
    at,
    config: config.value,
    keyring: openKeyring(directory, options.passphrase),
    expires: (role) => expiryAfter(options.now(), config.value.expiryDays[role]),
  };
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(verb: () => Promise<T>): Promise<Result<T>> => {
    const mine = last.then(() => attempt(verb));
    last = mine.catch(() => undefined);
    return mine;
  };
  return attemptSync(() => {
    const roots = {
      image: unwrap(readBounded(join(at.image.metadata, "1.root.json"), ROOT_BYTES_MAX)),
      director: unwrap(readBounded(join(at.directorRoot, "1.root.json"), ROOT_BYTES_MAX)),
    };
    return {
      directory,
      config: config.value,
      imageRoot: () => roots.image,
      directorRoot: () => roots.director,
      putOwnerTargets: (files) => inTurn(() => putOwnerTargets(shop, files)),
      publishRelease: (input) => inTurn(() => publishRelease(shop, input)),
      assign: (device, modules) => inTurn(async () => ({ rev: (await assign(shop, device, modules)).rev })),
      desired: (device) => desiredOf(shop, device),
      devices: () => devicesOf(shop),
      releases: () => [...imageState(shop).delegated.values()].flatMap(releasesIn),
      resign: () =>
        inTurn(async () => {
          await resignImage(shop);
          let devices = 0;
          for (const device of devicesOf(shop)) if (await resignDevice(shop, device)) devices += 1;
          return { devices };
        }),
    };
  });
}
