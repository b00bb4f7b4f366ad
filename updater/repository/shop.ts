/**
 * Opens the workshop for one verb: alone on the directory, with settings as they are now, after whatever an earlier
 * process left half done has been finished.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { unwrap } from "../../runtime/kernel/result.ts";
import { readChange, waitingLeads } from "./change.ts";
import { readConfig } from "./config.ts";
import { type Disk, realDisk } from "./disk.ts";
import { type Keyring, keysOf, openKeyring } from "./keys.ts";
import { paths, type RepositoryConfig } from "./layout.ts";
import { lockDirectory, type Processes, realProcesses } from "./lock.ts";
import { expiryAfter } from "./metadata.ts";
import { missingFrom } from "./quorum.ts";
import { conclude, recover } from "./settle.ts";
import { readStanding } from "./standing.ts";
import type { Workshop } from "./workshop.ts";

export interface ShopOptions {
  now(): number;
  readonly passphrase?: string;
  readonly disk?: Disk;
  readonly processes?: Processes;
  /** How long a verb waits for another process, ms. */
  readonly lockWaitMs?: number;
  /** Keys that were read before: deriving a passphrase's key takes half a second. */
  readonly keyring?: Keyring;
}

const LOCK_WAIT_MS = 10_000;

export function makeShop(
  directory: string,
  options: ShopOptions,
  config: RepositoryConfig,
  stillLocked: () => void,
): Workshop {
  return {
    directory,
    at: paths(directory),
    config,
    keys: keysOf(directory, config, options.keyring ?? openKeyring(directory, options.passphrase)),
    disk: options.disk ?? realDisk,
    now: options.now,
    expires: (role) => expiryAfter(options.now(), config.expiryDays[role]),
    stillLocked,
  };
}

/** For verbs that only read. Throws REPO_UNREADABLE. */
export function readingShop(directory: string, options: ShopOptions): Workshop {
  return makeShop(directory, options, unwrap(readConfig(directory)), () => {});
}

/** Runs a verb alone on the directory. Throws a Fault. */
export async function withLock<T>(
  directory: string,
  options: ShopOptions,
  verb: (check: () => void) => Promise<T>,
): Promise<T> {
  const { processes = realProcesses, lockWaitMs = LOCK_WAIT_MS } = options;
  const lock = await lockDirectory(directory, processes, lockWaitMs);
  try {
    return await verb(() => lock.check());
  } finally {
    lock.release();
  }
}

/** Runs a verb that writes. Throws a Fault. */
export function inShop<T>(directory: string, options: ShopOptions, verb: (shop: Workshop) => Promise<T>): Promise<T> {
  return withLock(directory, options, async (check) => {
    const shop = makeShop(directory, options, unwrap(readConfig(directory)), check);
    await recover(shop);
    await finishCeremony(shop);
    forgetSpent(shop);
    return verb(shop);
  });
}

/** A first change that had all its signatures when the process ended. */
async function finishCeremony(shop: Workshop): Promise<void> {
  if (existsSync(join(shop.at.image.metadata, "1.root.json")) || !waitingLeads(shop.at).includes("root")) return;
  const [standing, change] = [readStanding(shop.at), readChange(shop.at, "root")];
  if (missingFrom(change.documents, standing).length === 0) await conclude(shop, change, standing);
}

/** Changes that came into force just before the process ended: their files had not gone yet. */
function forgetSpent(shop: Workshop): void {
  const leads = waitingLeads(shop.at);
  if (leads.length === 0) return;
  const { chains, roles } = readStanding(shop.at);
  for (const lead of leads) {
    const isSpent = readChange(shop.at, lead).documents.every(({ repository, role, metadata }) => {
      const inForce = role === "root" ? chains[repository].length : (roles.get(role)?.signed.version ?? 0);
      return metadata.signed.version <= inForce;
    });
    if (isSpent) shop.disk.remove(shop.at.change(lead));
  }
}
