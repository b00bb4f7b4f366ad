/**
 * The repository side of door one, for publishers' and operators' machines: creating both repositories, releasing,
 * assigning, renewing, changing who signs, signing elsewhere, serving. What signs arbitrary metadata stays inside.
 */
export { type CeremonyInput, ceremonyShape, type Decision, holdCeremony, parseCeremony } from "./ceremony.ts";
export { type Copied, type CopyPlace, copyPublic } from "./copy.ts";
export { type ArchivePlace, archivePlace, directoryPlace, isArchiveName } from "./copy-places.ts";
export type { CreateOptions } from "./create.ts";
export { cleanLine, describeDocument, describeDocuments } from "./describe.ts";
export type { Choose } from "./director.ts";
export { currentFile, type Dumped, type DumpedDelegation, type DumpedKey, dumpFile } from "./dump.ts";
export { catalogue } from "./faults.ts";
export { type NewKey, newKeyFile } from "./key-file.ts";
export { canSign, readKey, readPublicHalf } from "./keys.ts";
export { follow, KNOWN_BYTES_MAX, type Known, knownBytes, nothingKnown, parseKnown } from "./known.ts";
export { defaultExpiryDays, type ExpiryDays, teamRole } from "./layout.ts";
export { keyName } from "./names.ts";
export type { Merged, RoleStatus, Status } from "./people.ts";
export { devicesIn, openPublic } from "./public.ts";
export { type Missing, missingFrom, sayMissing } from "./quorum.ts";
export type { DevicesDone, Expiry, Refreshed } from "./refresh.ts";
export type { Release, ReleaseInput } from "./releases.ts";
export { createRepositories, type OpenOptions, openRepositories, type Repositories } from "./repositories.ts";
export type { Edit, NamedKey, OnlineRole, Rotation } from "./rotation.ts";
export type { S3Account } from "./s3-signature.ts";
export { type Addresses, type RepositoryServer, type ServeOptions, serveRepositories } from "./serve.ts";
export type { Settled } from "./settle.ts";
export { readSigning, SIGNING_BYTES_MAX, type SigningFile, signFile, signingBytes } from "./signing-file.ts";
export { KEY_KINDS, type KeyKind, type RoleKey, type RolePublicKey, shortId } from "./tuf-key.ts";
export { type UploadOptions, type UploadPlace, uploadPlace } from "./upload.ts";
export { type Finding, type Verified, verifyTree } from "./verify.ts";
export {
  type JudgedManifest,
  judgeVersionManifest,
  type ManifestInput,
  type SeenOfBoard,
} from "./version-manifest.ts";
