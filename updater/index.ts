/**
 * Door one, the board's side: how new bytes arrive, and which bytes the owner, the publishers and the director agree
 * on. The repository side has a door of its own, `repository/index.ts`, and is not in the board's package.
 */

export type { TlsIdentity } from "./client/connection.ts";
export type { Counter } from "./client/counter.ts";
export type { RepositoryName } from "./client/header.ts";
export type { Addresses, TransportOptions } from "./client/http.ts";
export { type Kept, type KeptRole, readKept } from "./client/kept.ts";
export { type Lock, takeLock } from "./client/lock.ts";
export { type NeighbourServer, serveNeighbours } from "./client/neighbour.ts";
export type { ProxySettings } from "./client/proxy.ts";
export type { FetchLimits } from "./client/source.ts";
export type { DelegatedFile, RepositoryFiles, Versions } from "./client/trust.ts";
export {
  type MetadataChain,
  openUpdater,
  type RepositoryAddress,
  type Updater,
  type UpdaterOptions,
} from "./client/updater.ts";
export { type ChainClaim, verifyChain } from "./client/verify-chain.ts";
export { signVersionManifest } from "./client/version-manifest.ts";
export type { Hardware, Target, TrustedView } from "./client/view.ts";
export { type DownloadWindow, isZone, WEEKDAYS } from "./client/window.ts";
export { catalogue } from "./faults.ts";
export { INSTALLED_MAX, type VersionManifest } from "./version-manifest.ts";
