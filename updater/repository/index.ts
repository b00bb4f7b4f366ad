/**
 * The repository side of door one, for publishers' and operators' machines: creating both repositories, releasing,
 * assigning, renewing, serving. What signs arbitrary metadata stays inside.
 */
export type { CreateOptions } from "./create.ts";
export { catalogue } from "./faults.ts";
export type { Release, ReleaseInput } from "./releases.ts";
export { createRepositories, type OpenOptions, openRepositories, type Repositories } from "./repositories.ts";
export { type Addresses, type RepositoryServer, type ServeOptions, serveRepositories } from "./serve.ts";
