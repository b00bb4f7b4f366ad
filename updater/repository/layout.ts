/**
 * Where everything of a repository lies. The public part (`image/`, `director/`) is static files that any web server
 * can serve; `keys/`, `pending/` and `repository.json` stay with their owner. Who may sign what stands in the metadata
 * itself; `repository.json` says only which of those keys this machine can sign with, and for how long.
 */
import { join } from "node:path";
import { type DeviceId, sha256Hex, tenantId } from "../../runtime/kernel/brand.ts";
import { type Infer, integer, object, oneOf, record, refined, string } from "../../runtime/kernel/shape.ts";

export const keyFileName = refined(
  string({ max: 100 }),
  (text) => /^[a-z0-9][a-z0-9-]*\.(?:pem|json)$/.test(text),
  "a key file's name: [a-z0-9-] and .pem or .json",
);
const days = integer({ min: 1, max: 3660 });

export const expiryDaysShape = object({
  root: days,
  targets: days,
  team: days,
  snapshot: days,
  timestamp: days,
  director: days,
});
export type ExpiryDays = Infer<typeof expiryDaysShape>;

export const repositoryShape = object({
  schema: oneOf("sallyport.repository/2"),
  tenant: tenantId,
  /** Files in `keys/` by the TUF id of their key. */
  keys: record(sha256Hex, keyFileName, { max: 400 }),
  expiryDays: expiryDaysShape,
});
export type RepositoryConfig = Infer<typeof repositoryShape>;

export const defaultExpiryDays: ExpiryDays = {
  root: 730,
  targets: 365,
  team: 180,
  snapshot: 30,
  timestamp: 7,
  director: 30,
};

/** The name of a team's role. */
export function teamRole(team: string): string {
  return `team-${team}`;
}

/** A team's hash bins (TAP 15) at most: more would make the snapshot, which every board reads, larger than they save. */
export const BINS_MAX = 2 ** 10;

/** The prefix of the names of a team's bins. No role of a team, and no other team's bin, can have such a name. */
export function binPrefix(team: string): string {
  return `bin_${team}`;
}

/** What a team may offer. */
export function teamPaths(team: string): string[] {
  return [`modules/${team}/*/*/*`];
}

export function paths(directory: string) {
  const image = join(directory, "image");
  const director = join(directory, "director");
  return {
    config: join(directory, "repository.json"),
    keys: join(directory, "keys"),
    key: (file: string) => join(directory, "keys", file),
    /** Changes that wait for signatures, and the journal of one that is being published. */
    pending: join(directory, "pending"),
    change: (lead: string) => join(directory, "pending", `${lead}.json`),
    journal: join(directory, "pending", "journal"),
    image: { metadata: join(image, "metadata"), targets: join(image, "targets") },
    /** The director's root, from which every device's copy is made. */
    directorRoot: join(directory, "director-root"),
    directors: director,
    director: (device: DeviceId) => ({
      metadata: join(director, device, "metadata"),
      targets: join(director, device, "targets"),
    }),
  };
}

/** One metadata-and-targets tree. */
export interface Tree {
  readonly metadata: string;
  readonly targets: string;
}
