/**
 * The board's memory of trust: one file with every metadata file of both repositories as it was verified, and the
 * highest release floors seen. It is replaced as a whole, so a power cut leaves the old state or the new one, and the
 * state before stays beside it as `vault.before`. Its own digest tells a damaged medium; what it says is verified again
 * like a download.
 *
 * A commit writes the new state whole to `vault.next` and syncs it, and only then moves: `vault` to `vault.before`,
 * `vault.next` to `vault`. Wherever that is cut off, at least one whole state is left. One write of data, not two.
 */
import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { base64, fromBase64 } from "../../runtime/kernel/bytes.ts";
import {
  fault as diskFault,
  ensureDirectory,
  readBounded,
  sweepTemporaries,
  syncDirectory,
  writeDurable,
} from "../../runtime/kernel/durable.ts";
import { type Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { ok, type Result } from "../../runtime/kernel/result.ts";
import {
  array,
  integer,
  object,
  oneOf,
  optional,
  parseJson,
  record,
  refined,
  type Shape,
  string,
} from "../../runtime/kernel/shape.ts";
import { fault } from "../faults.ts";
import { sealed, unsealed } from "./sealed.ts";
import type { RepositoryFiles } from "./trust.ts";
import type { ReleaseFloors } from "./view.ts";

export interface VaultContent {
  /** Which commit this is, counted from 1; 0 for a vault from before they were counted. */
  readonly commit: number;
  readonly image: RepositoryFiles;
  readonly director: RepositoryFiles;
  readonly floors: ReleaseFloors;
}

const VAULT_BYTES_MAX = 64 * 1024 * 1024;
/** What both repositories' files may take of it, in base64; the rest is for floors and names. */
const CONTENT_BYTES_MAX = 60 * 1024 * 1024;
const FILE_CHARS_MAX = 4_000_000;

const file: Shape<string> = refined(
  string({ max: FILE_CHARS_MAX }),
  (text) => fromBase64(text) !== undefined,
  "canonical base64",
);
const role = string({ min: 1, max: 100 });
const filesShape = object({
  roots: array(file, { max: 1000 }),
  timestamp: file,
  snapshot: file,
  targets: file,
  delegated: array(object({ role, delegator: role, bytes: file }), { max: 256 }),
});
const vaultShape = object({
  schema: oneOf("sallyport.vault/1"),
  commit: optional(integer({ min: 1, max: 2 ** 52 })),
  image: filesShape,
  director: filesShape,
  floors: record(string({ max: 200 }), integer({ min: 0, max: 2 ** 31 }), { max: 10_000 }),
});

/** One generation of the memory: where it lies, and what it says, or why it cannot be used. */
export interface Generation {
  readonly name: "vault" | "vault.next" | "vault.before";
  readonly content: Result<VaultContent>;
}

export interface Vault {
  readonly path: string;
  /** What is there, in the order in which it is to be believed. Empty before the first commit. */
  generations(): Iterable<Generation>;
  /** A state as it is kept. Throws UPDATE_TOO_LARGE for one that could not be read again. */
  encode(content: VaultContent): Uint8Array;
  /** The commit of an encoded state: one durable replacement. Throws DISK_WRITE. */
  write(bytes: Uint8Array): void;
}

/** Makes the directory ready; what an interrupted write left behind is swept. */
export function openVault(directory: string): Vault {
  ensureDirectory(directory, 0o700);
  sweepTemporaries(directory);
  const path = join(directory, "vault");
  const [next, before] = [`${path}.next`, `${path}.before`];
  return {
    path,
    generations: () => generationsIn(directory),
    encode: encodeContent,
    write(bytes) {
      writeDurable(next, bytes, 0o600);
      try {
        if (existsSync(path)) renameSync(path, before);
        renameSync(next, path);
        syncDirectory(directory);
      } catch (error) {
        throw diskFault("DISK_WRITE", { path, reason: reasonOf(error) }, error);
      }
    },
  };
}

/** What lies in a directory, in the order in which it is to be believed; nothing there is touched. */
export function* generationsIn(directory: string): Generator<Generation> {
  for (const name of ["vault", "vault.next", "vault.before"] as const) {
    const file = join(directory, name);
    if (existsSync(file)) yield { name, content: read(file) };
  }
}

function read(path: string): Result<VaultContent> {
  const bytes = readBounded(path, VAULT_BYTES_MAX);
  const body = bytes.ok ? unsealed(bytes.value, "the vault") : bytes;
  const parsed = body.ok ? parseJson(vaultShape, body.value, "the vault", VAULT_BYTES_MAX) : body;
  if (!parsed.ok) return parsed;
  const { commit = 0, image, director, floors } = parsed.value;
  return ok({ commit, image: decode(image), director: decode(director), floors: new Map(Object.entries(floors)) });
}

export function torn(path: string, cause: Fault, base: string): Fault {
  return fault("UPDATE_VAULT_TORN", { path, reason: reasonOf(cause), base }, cause);
}

function encodeContent({ commit, image, director, floors }: VaultContent): Uint8Array {
  const size = [image, director].reduce((sum, files) => sum + base64Length(files), 0);
  if (size <= CONTENT_BYTES_MAX) {
    const bytes = sealed({
      schema: "sallyport.vault/1",
      commit,
      image: encode(image),
      director: encode(director),
      floors: Object.fromEntries(floors),
    });
    if (bytes.byteLength <= VAULT_BYTES_MAX) return bytes;
  }
  throw fault("UPDATE_TOO_LARGE", { what: "the metadata of both repositories", size, max: CONTENT_BYTES_MAX });
}

function base64Length({ roots, timestamp, snapshot, targets, delegated }: RepositoryFiles): number {
  const all = [...roots, timestamp, snapshot, targets, ...delegated.map(({ bytes }) => bytes)];
  return all.reduce((sum, bytes) => sum + 4 * Math.ceil(bytes.byteLength / 3), 0);
}

type Encoded = ReturnType<typeof filesShape.parse>;

function encode(files: RepositoryFiles): Encoded {
  return {
    roots: files.roots.map(base64),
    timestamp: base64(files.timestamp),
    snapshot: base64(files.snapshot),
    targets: base64(files.targets),
    delegated: files.delegated.map((one) => ({ ...one, bytes: base64(one.bytes) })),
  };
}

function decode(files: Encoded): RepositoryFiles {
  return {
    roots: files.roots.map(bytesOf),
    timestamp: bytesOf(files.timestamp),
    snapshot: bytesOf(files.snapshot),
    targets: bytesOf(files.targets),
    delegated: files.delegated.map((one) => ({ ...one, bytes: bytesOf(one.bytes) })),
  };
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}
