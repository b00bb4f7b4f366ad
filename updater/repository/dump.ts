/**
 * A metadata file as facts for people and programs: what it says, when it ends, and whose signatures on it verify. Who
 * may sign is taken from what lies beside the file: the roots before it, and the roles in force that delegate to it.
 */
import { basename, dirname, join } from "node:path";
import {
  type Key,
  Metadata,
  MetadataKind,
  type Root,
  type Snapshot,
  type TargetFile,
  type Targets,
  type Timestamp,
} from "@tufjs/models";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { readBounded } from "../../runtime/kernel/durable.ts";
import { Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { attemptSync, type Result, unwrap } from "../../runtime/kernel/result.ts";
import { readHeader } from "../client/header.ts";
import { fault as updateFault } from "../faults.ts";
import { DEVICE_FIELD } from "../layout.ts";
import { fault } from "./faults.ts";
import { NAMES_FIELD, type Names, namesIn } from "./names.ts";
import { type Quorum, quorumIn } from "./quorum.ts";
import { delegatorsIn } from "./roles.ts";
import { readChain, readRoles } from "./standing.ts";

const FILE_BYTES_MAX = 16 * 1024 * 1024;
const DAY_MS = 86_400_000;
const KINDS = Object.values(MetadataKind);

export interface DumpedKey {
  readonly id: string;
  readonly name?: string;
  readonly scheme?: string;
}
/** Who may sign something: `of` says where that is written. */
export interface DumpedQuorum {
  readonly of: string;
  readonly threshold: number;
  readonly keys: readonly DumpedKey[];
}
export interface DumpedDelegation extends Omit<DumpedQuorum, "of"> {
  /** A role's name; of hash bins the first and the last. */
  readonly role: string;
  readonly paths?: readonly string[];
  readonly pathHashPrefixes?: readonly string[];
  readonly terminating: boolean;
  readonly bins?: number;
}
export interface DumpedTarget {
  readonly path: string;
  readonly length: number;
  readonly hashes: Readonly<Record<string, string>>;
  readonly custom?: unknown;
}
export interface DumpedMeta {
  readonly file: string;
  readonly version: number;
  readonly length?: number;
  readonly hashes?: Readonly<Record<string, string>>;
}

export interface Dumped {
  readonly type: string;
  /** As the file is called; for a file with another name its type. */
  readonly role: string;
  readonly version: number;
  readonly specVersion: string;
  readonly expires: string;
  /** Whole days from now; negative when it is past. */
  readonly daysLeft: number;
  readonly bytes: number;
  readonly sha256: string;
  /** `verified` is absent where nothing says which key that is. */
  readonly signatures: readonly (DumpedKey & { readonly verified?: boolean })[];
  /** Those whose signatures it needs, and how many of them are there; none where nothing beside the file says. */
  readonly needs: readonly (DumpedQuorum & { readonly have: number })[];
  /** Why nothing beside the file could be read, where that is so. */
  readonly unjudged?: string;
  readonly device?: string;
  readonly roles?: readonly DumpedQuorum[];
  readonly consistentSnapshot?: boolean;
  readonly meta?: readonly DumpedMeta[];
  readonly delegations?: readonly DumpedDelegation[];
  readonly targets?: readonly DumpedTarget[];
  /** Signed fields that none of the others tell. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Expiry is told against `now`, ms. DISK_READ, DISK_TOO_LARGE, UPDATE_METADATA_INVALID. */
export function dumpFile(path: string, now: number): Result<Dumped> {
  return attemptSync(() => {
    const bytes = unwrap(readBounded(path, FILE_BYTES_MAX));
    const [, named] = /^(?:\d+\.)?([^.]+)\.json$/.exec(basename(path)) ?? [];
    const metadata = parsed(bytes, named ?? basename(path));
    const { signed } = metadata;
    const role = signed.type === MetadataKind.Targets ? (named ?? signed.type) : signed.type;
    const found = attemptSync(() => quorumsBeside(dirname(path), role, metadata));
    // A damaged repository is when people look into its files: what can be shown is.
    const beside = found.ok ? found.value : { quorums: [], names: {} };
    const keys: Record<string, Key> = Object.assign({}, ...beside.quorums.map((one) => one.keys));
    const state = (id: string) => (Object.hasOwn(keys, id) ? { verified: verifies(keys[id], metadata) } : {});
    return {
      type: signed.type,
      role,
      version: signed.version,
      specVersion: signed.specVersion,
      expires: signed.expires,
      daysLeft: Math.floor((Date.parse(signed.expires) - now) / DAY_MS),
      bytes: bytes.byteLength,
      sha256: sha256(bytes),
      signatures: Object.keys(metadata.signatures).map((id) => ({ ...keyOf(id, keys, beside.names), ...state(id) })),
      needs: beside.quorums.map((quorum) => ({
        ...quorumOf(quorum, beside.names),
        have: quorum.keyIds.filter((id) => verifies(quorum.keys[id], metadata)).length,
      })),
      ...(found.ok ? {} : { unjudged: found.error.line() }),
      ...contentOf(signed, beside.names),
    };
  });
}

/** The file of a role in a folder of metadata that is current: of `root` the newest. Throws REPO_UNREADABLE. */
export function currentFile(folder: string, role: string): Result<string> {
  return attemptSync(() => {
    const at = (name: string) => join(folder, name);
    if (role === "root") return at(`${Math.max(1, readChain(folder).length)}.root.json`);
    if (role === "timestamp") return at("timestamp.json");
    const { top } = readRoles(folder);
    const meta = top?.snapshot.signed.meta ?? {};
    const named = Object.hasOwn(meta, `${role}.json`) ? meta[`${role}.json`] : undefined;
    const version = role === "snapshot" ? top?.timestamp.signed.snapshotMeta.version : named?.version;
    if (version === undefined) {
      throw fault("REPO_UNREADABLE", { directory: folder, reason: `no ${role} is published there` });
    }
    return at(`${version}.${role}.json`);
  });
}

type AnySigned = Root | Targets | Snapshot | Timestamp;
type AnyMetadata = Metadata<Root> | Metadata<Targets> | Metadata<Snapshot> | Metadata<Timestamp>;

function parsed(bytes: Uint8Array, role: string): AnyMetadata {
  const place = { repository: "image", role } as const;
  readHeader(bytes, place);
  try {
    const document = JSON.parse(Buffer.from(bytes).toString("utf8"));
    const kind = KINDS.find((one) => one === document.signed._type);
    if (kind === MetadataKind.Root) return Metadata.fromJSON(kind, document);
    if (kind === MetadataKind.Timestamp) return Metadata.fromJSON(kind, document);
    if (kind === MetadataKind.Snapshot) return Metadata.fromJSON(kind, document);
    if (kind === MetadataKind.Targets) return Metadata.fromJSON(kind, document);
    throw new Error("it is of no kind that TUF has");
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw updateFault("UPDATE_METADATA_INVALID", { ...place, reason: reasonOf(error) }, error);
  }
}

/** Who may sign a role, as the folder's roots and roles say it. */
function quorumsBeside(folder: string, role: string, { signed }: AnyMetadata) {
  const chain = readChain(folder).map((one) => one.signed);
  if (signed.type === MetadataKind.Root) {
    const before = chain.find((one) => one.version === signed.version - 1);
    const both = [before, signed as Root].flatMap((root) => {
      const quorum = root && quorumIn(root, "root", `root ${root.version}`);
      return quorum === undefined ? [] : [quorum];
    });
    return { quorums: both, names: { ...namesIn(before), ...namesIn(signed as Root) } };
  }
  const root = chain.at(-1);
  const own = root && quorumIn(root, role, `root ${root.version}`);
  if (own !== undefined) return { quorums: [own], names: namesIn(root) };
  for (const [name, delegator] of delegatorsIn(readRoles(folder).roles)) {
    const quorum = quorumIn(delegator.signed, role, `${name} ${delegator.signed.version}`);
    if (quorum !== undefined) return { quorums: [quorum], names: namesFor(readRoles(folder).roles) };
  }
  return { quorums: [], names: {} };
}

/** A team's keys have their names in the owner's targets. */
function namesFor(roles: ReturnType<typeof readRoles>["roles"]): Names {
  return Object.assign({}, ...[...delegatorsIn(roles)].map(([, { signed }]) => namesIn(signed)));
}

function verifies(key: Key | undefined, metadata: AnyMetadata): boolean {
  if (key === undefined || !Object.hasOwn(metadata.signatures, key.keyID)) return false;
  return attempted(() => key.verifySignature(metadata));
}

/** Whether something does not throw: the library's way to say yes. */
function attempted(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

/** Keys are called as the file itself calls them, or else what says who signs it. */
function contentOf(signed: AnySigned, besides: Names): Pick<Dumped, "fields"> & Partial<Dumped> {
  const { _type, [NAMES_FIELD]: _, [DEVICE_FIELD]: device, ...fields } = signed.unrecognizedFields;
  const base = { fields, ...(typeof device === "string" ? { device } : {}) };
  if ("roles" in signed) {
    const names = namesIn(signed);
    const roles = Object.keys(signed.roles).flatMap((role) => quorumIn(signed, role, role) ?? []);
    const { consistentSnapshot } = signed;
    return { ...base, consistentSnapshot, roles: roles.map((one) => quorumOf(one, names)) };
  }
  if ("snapshotMeta" in signed) return { ...base, meta: [metaOf("snapshot.json", signed.snapshotMeta)] };
  if ("meta" in signed) return { ...base, meta: Object.entries(signed.meta).map(([file, one]) => metaOf(file, one)) };
  return { ...base, delegations: delegationsOf(signed, besides), targets: Object.values(signed.targets).map(targetOf) };
}

function delegationsOf(signed: Targets, besides: Names): readonly DumpedDelegation[] {
  const { delegations } = signed;
  if (delegations === undefined) return [];
  const names = { ...besides, ...namesIn(signed) };
  const keysOf = (keyIDs: readonly string[]) => keyIDs.map((id) => keyOf(id, delegations.keys, names));
  const { succinctRoles: bins } = delegations;
  const named = Object.values(delegations.roles ?? {}).map(
    ({ name, keyIDs, threshold, terminating, paths, pathHashPrefixes }): DumpedDelegation => ({
      role: name,
      threshold,
      keys: keysOf(keyIDs),
      terminating,
      ...(paths === undefined ? {} : { paths }),
      ...(pathHashPrefixes === undefined ? {} : { pathHashPrefixes }),
    }),
  );
  if (bins === undefined) return named;
  const { namePrefix, suffixLen, numberOfBins, threshold } = bins;
  const name = (at: number) => `${namePrefix}-${at.toString(16).padStart(suffixLen, "0")}`;
  const role = `${name(0)} to ${name(numberOfBins - 1)}`;
  return [...named, { role, threshold, keys: keysOf(bins.keyIDs), terminating: true, bins: numberOfBins }];
}

function targetOf({ path, length, hashes, unrecognizedFields: { custom } }: TargetFile): DumpedTarget {
  return { path, length, hashes, ...(custom === undefined ? {} : { custom }) };
}

function metaOf(file: string, { version, length, hashes }: Timestamp["snapshotMeta"]): DumpedMeta {
  return { file, version, ...(length === undefined ? {} : { length }), ...(hashes === undefined ? {} : { hashes }) };
}

function quorumOf({ of, threshold, keyIds, keys }: Quorum, names: Names): DumpedQuorum {
  return { of, threshold, keys: keyIds.map((id) => keyOf(id, keys, names)) };
}

function keyOf(id: string, keys: Readonly<Record<string, Key>>, names: Names): DumpedKey {
  const [name, key] = [
    Object.hasOwn(names, id) ? names[id] : undefined,
    Object.hasOwn(keys, id) ? keys[id] : undefined,
  ];
  return { id, ...(name === undefined ? {} : { name }), ...(key === undefined ? {} : { scheme: key.scheme }) };
}
