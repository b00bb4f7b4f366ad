/**
 * Renewing what online keys sign, unattended: what expires soon is signed anew, the snapshot only when it is due itself
 * (a timestamp alone costs a client less), and offline roles are looked at and reported, never touched.
 */
import type { Root } from "@tufjs/models";
import type { RepositoryName } from "../client/header.ts";
import { devicesOf, openDesk, renewDevice, TOGETHER } from "./director.ts";
import { imageState, renewImage } from "./image.ts";
import { readTree, type TreeState } from "./metadata.ts";
import { teamsIn } from "./releases.ts";
import { readChain } from "./standing.ts";
import { shelfOf } from "./team-shelf.ts";
import type { Workshop } from "./workshop.ts";

/** A role with its end. */
export interface Expiry {
  readonly repository: RepositoryName;
  readonly role: string;
  readonly version: number;
  /** As the metadata says it, UTC. */
  readonly expires: string;
  /** Whole days from now; negative when it is past. */
  readonly daysLeft: number;
}

export interface Refreshed {
  /** Devices whose metadata was signed anew. */
  readonly devices: number;
  /** Whether the image's timestamp (and its snapshot) was. */
  readonly image: "kept" | "timestamp" | "snapshot";
  /** Offline roles, the next to expire first. */
  readonly offline: readonly Expiry[];
}

const DAY_MS = 86_400_000;

/** How many of so many devices have had their turn. */
export type DevicesDone = (done: number, of: number) => void;

/** Renews what expires within `beforeMs`, or everything when it is undefined. Throws a Fault. */
export async function refresh(
  shop: Workshop,
  beforeMs: number | undefined,
  onProgress: DevicesDone = () => {},
): Promise<Refreshed> {
  const isDue = (expires: string) => beforeMs === undefined || Date.parse(expires) - shop.now() <= beforeMs;
  const image = dueIn(imageState(shop), isDue, []);
  if (image !== "kept") await renewImage(shop, image);
  let devices = 0;
  const desk = openDesk(shop, TOGETHER);
  const all = devicesOf(shop);
  for (const [at, device] of all.entries()) {
    onProgress(at, all.length);
    const before = readTree(shop.at.director(device));
    if (before === undefined) continue;
    const renewal = dueIn(before, isDue, [before.targets.expires]);
    if (renewal === "kept") continue;
    await renewDevice(shop, { device, before, renewal, desk });
    devices += 1;
  }
  await desk.batch.finish();
  onProgress(all.length, all.length);
  return { image, devices, offline: offlineExpiries(shop) };
}

function dueIn(
  { snapshot, timestamp }: TreeState,
  isDue: (expires: string) => boolean,
  others: readonly string[],
): Refreshed["image"] {
  if (isDue(snapshot.expires) || others.some(isDue)) return "snapshot";
  return isDue(timestamp.expires) ? "timestamp" : "kept";
}

/** When the roles end that only people can renew. */
export function offlineExpiries(shop: Workshop): readonly Expiry[] {
  const found: Expiry[] = [];
  const add = (repository: RepositoryName, role: string, signed: Pick<Root, "version" | "expires">) => {
    const daysLeft = Math.floor((Date.parse(signed.expires) - shop.now()) / DAY_MS);
    found.push({ repository, role, version: signed.version, expires: signed.expires, daysLeft });
  };
  const state = imageState(shop);
  for (const [repository, folder] of [
    ["image", shop.at.image.metadata],
    ["director", shop.at.directorRoot],
  ] as const) {
    const root = readChain(folder).at(-1)?.signed;
    if (root !== undefined) add(repository, "root", root);
  }
  add("image", "targets", state.targets);
  for (const team of teamsIn(state.targets)) {
    const shelf = shelfOf(state, team);
    if (shelf.own.version > 0) add("image", shelf.role, { version: shelf.own.version, expires: shelf.ends() });
  }
  return found.sort((a, b) => a.daysLeft - b.daysLeft);
}
