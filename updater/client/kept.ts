/**
 * What a board keeps of both repositories, for people: read beside a running agent, which replaces its files whole, and
 * verified from the pinned roots like everything that is read. Nothing is written, no lock is taken.
 */
import type { DeviceId } from "../../runtime/kernel/brand.ts";
import { attemptSync, type Result, unwrap } from "../../runtime/kernel/result.ts";
import { type RepositoryName, readHeader } from "./header.ts";
import { restore } from "./refresh.ts";
import type { Trust } from "./trust.ts";
import { generationsIn } from "./vault.ts";

export interface KeptRole {
  readonly repository: RepositoryName;
  readonly role: string;
  readonly version: number;
  /** RFC 3339. */
  readonly expires: string;
  /** The file as it was signed. */
  readonly bytes: Uint8Array;
}

export interface Kept {
  /** How many states the board has committed. */
  readonly commit: number;
  readonly roles: readonly KeptRole[];
}

export interface KeptInput {
  /** The updater's state directory. */
  readonly directory: string;
  readonly device: DeviceId;
  readonly roots: Readonly<Record<RepositoryName, Uint8Array>>;
}

/** Undefined before the first commit. Refuses a damaged file, and one that does not verify, with what is wrong. */
export function readKept({ directory, device, roots }: KeptInput): Result<Kept | undefined> {
  return attemptSync(() => {
    const [newest] = generationsIn(directory);
    if (newest === undefined) return undefined;
    const { commit, image, director } = unwrap(newest.content);
    // At time 0 nothing is expired: what has expired is shown as well.
    const released = restore({ repository: "image", pinned: roots.image, at: 0 }, image);
    const directed = restore({ repository: "director", pinned: roots.director, at: 0, device }, director);
    return {
      commit,
      roles: [...rolesOf("image", released, roots.image), ...rolesOf("director", directed, roots.director)],
    };
  });
}

function rolesOf(repository: RepositoryName, trust: Trust, pinned: Uint8Array): readonly KeptRole[] {
  const { roots, timestamp, snapshot, targets, delegated } = trust.files();
  const files: readonly (readonly [string, Uint8Array])[] = [
    ["root", roots.at(-1) ?? pinned],
    ["timestamp", timestamp],
    ["snapshot", snapshot],
    ["targets", targets],
    ...delegated.map(({ role, bytes }) => [role, bytes] as const),
  ];
  return files.map(([role, bytes]) => {
    const { version, expires } = readHeader(bytes, { repository, role });
    return { repository, role, version, expires, bytes };
  });
}
