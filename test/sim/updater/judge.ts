/**
 * What has to hold of a board at every step of a run, whatever was done to it: what it believes was signed by those who
 * may, is no older than what it believed before, and was not expired when it was taken; a refusal has a name.
 */
import { ALL_CATALOGUES } from "../../../agent/cli/codes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { Fault } from "../../../runtime/kernel/fault.ts";
import type { MetadataChain, Updater } from "../../../updater/index.ts";

const CODES = new Set(ALL_CATALOGUES.flatMap(({ table }) => Object.keys(table)));
const REPOSITORIES = ["image", "director"] as const;

/** A run that went wrong; the message says how. */
export class Finding extends Error {}

export function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Finding(what);
}

/** A refusal by name, of the board's side. */
export function named(error: unknown): string {
  if (!(error instanceof Fault)) throw new Finding(`something else than a fault was thrown: ${said(error)}`);
  must(CODES.has(error.code), `${error.code} is in no catalogue`);
  must(error.code.startsWith("UPDATE_"), `${error.line()} is not the updater's own`);
  return error.code;
}

export function said(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

interface Signed {
  readonly version: number;
  readonly expires: string;
  readonly roles?: Readonly<Record<string, { readonly keyids: readonly string[] }>>;
}

/** Versions by role that a board has reported, of one repository, and the online keys they were seen under. */
interface Seen {
  readonly versions: ReadonlyMap<string, number>;
  readonly keys: readonly string[];
}
export type Floors = Readonly<Record<"image" | "director", Seen>> & { readonly releases: ReadonlyMap<string, number> };

export const noFloors: Floors = {
  image: { versions: new Map(), keys: [] },
  director: { versions: new Map(), keys: [] },
  releases: new Map(),
};

function signedOf(bytes: Uint8Array): Signed {
  return JSON.parse(Buffer.from(bytes).toString("utf8")).signed;
}

function filesOf(chain: MetadataChain, repository: "image" | "director"): readonly (readonly [string, Uint8Array])[] {
  const { roots, timestamp, snapshot, targets, delegated } = chain[repository];
  const root = roots.at(-1);
  return [
    ...(root === undefined ? [] : [["root", root] as const]),
    ["timestamp", timestamp],
    ["snapshot", snapshot],
    ["targets", targets],
    ...delegated.map(({ role, bytes }) => [role, bytes] as const),
  ];
}

/** What a board shows now, held against all that was ever signed and against what it has shown before. */
export function judgeShown(
  updater: Updater,
  floors: Floors,
  signed: Readonly<Record<"image" | "director", ReadonlySet<string>>>,
): void {
  const chain = updater.chain();
  const view = updater.view();
  must((chain === undefined) === (view === undefined), "chain and view are there together");
  if (chain === undefined || view === undefined) return;
  for (const repository of REPOSITORIES) {
    for (const [role, bytes] of filesOf(chain, repository)) {
      must(signed[repository].has(sha256(bytes)), `${repository} ${role} was never signed for this board`);
    }
    const { versions, keys } = seenIn(chain, repository);
    const before = floors[repository];
    const root = before.versions.get("root") ?? 1;
    must((versions.get("root") ?? 1) >= root, `${repository} root fell below ${root}`);
    // 5.3.11: versions end with the keys that gave them.
    if (!before.keys.every((key) => keys.includes(key))) continue;
    for (const [role, version] of versions) {
      const floor = before.versions.get(role) ?? 0;
      must(version >= floor, `${repository} ${role} ${version} is below ${floor}, seen before`);
    }
  }
  for (const [name, floor] of floors.releases) {
    const [team = "", module = ""] = name.split("/");
    must(view.releaseFloor(team, module) >= floor, `the release floor of ${name} fell below ${floor}`);
  }
}

/** A state that was just taken must not have been expired at the time of the board's clock. */
export function judgeFresh(updater: Updater, now: number): void {
  const chain = updater.chain();
  must(chain !== undefined, "a refresh that succeeded left nothing");
  for (const repository of REPOSITORIES) {
    for (const [role, bytes] of filesOf(chain, repository)) {
      const { expires } = signedOf(bytes);
      // A delegated role that no assignment leads to any more is not looked at again.
      if (chain[repository].delegated.some((one) => one.role === role)) continue;
      must(Date.parse(expires) > now, `${repository} ${role} had expired at ${expires}`);
    }
  }
}

function seenIn(chain: MetadataChain, repository: "image" | "director"): Seen {
  const { roots } = chain[repository];
  const root = roots.at(-1);
  const roles = root === undefined ? {} : (signedOf(root).roles ?? {});
  const keys = ["timestamp", "snapshot"].flatMap((role) => (roles[role]?.keyids ?? []).map((id) => `${role} ${id}`));
  return {
    versions: new Map(filesOf(chain, repository).map(([role, bytes]) => [role, signedOf(bytes).version])),
    keys,
  };
}

/** What the board may never fall below from here on. */
export function floorsOf(updater: Updater, before: Floors, modules: Iterable<string>): Floors {
  const chain = updater.chain();
  const view = updater.view();
  if (chain === undefined || view === undefined) return before;
  const raised = (repository: "image" | "director"): Seen => {
    const now = seenIn(chain, repository);
    const holds = before[repository].keys.every((key) => now.keys.includes(key));
    const older = holds ? before[repository].versions : new Map<string, number>();
    return { versions: new Map([...older, ...now.versions]), keys: now.keys };
  };
  const releases = new Map(before.releases);
  for (const name of modules) {
    const [team = "", module = ""] = name.split("/");
    releases.set(name, Math.max(releases.get(name) ?? 0, view.releaseFloor(team, module)));
  }
  return { image: raised("image"), director: raised("director"), releases };
}
