/**
 * Where everything of a repository lies, and the closed shape of `repository.json`. The public part (`image/`,
 * `director/`) is static files that any web server can serve; `keys/` and `repository.json` stay with their owner.
 */
import { join } from "node:path";
import { type DeviceId, teamName, tenantId } from "../../runtime/kernel/brand.ts";
import { array, type Infer, integer, object, oneOf, record, refined, string } from "../../runtime/kernel/shape.ts";

const keyFile = refined(string({ max: 100 }), (text) => /^[a-z0-9][a-z0-9-]*\.pem$/.test(text), "a key file's name");
const days = integer({ min: 1, max: 3660 });
const threshold = integer({ min: 1, max: 16 });

export const repositoryShape = object({
  schema: oneOf("sallyport.repository/1"),
  tenant: tenantId,
  teams: array(teamName, { min: 1, max: 100 }),
  thresholds: object({ root: threshold, targets: threshold }),
  keys: object({
    owner: array(keyFile, { min: 1, max: 16 }),
    imageOnline: keyFile,
    directorOnline: keyFile,
    teams: record(string({ max: 63 }), keyFile, { max: 100 }),
  }),
  expiryDays: object({ root: days, targets: days, team: days, snapshot: days, timestamp: days, director: days }),
});
export type RepositoryConfig = Infer<typeof repositoryShape>;

export const defaultExpiryDays: RepositoryConfig["expiryDays"] = {
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

export function paths(directory: string) {
  const image = join(directory, "image");
  const director = join(directory, "director");
  return {
    config: join(directory, "repository.json"),
    keys: join(directory, "keys"),
    key: (file: string) => join(directory, "keys", file),
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
