/**
 * The board's memory of trust: one file with every metadata file of both repositories as it was verified, and the
 * highest release floors seen. It is replaced as a whole, so a power cut leaves the old state or the new one. Its own
 * digest tells a damaged medium; what it says is verified again like a download.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { base64, equalBytes, fromBase64, utf8 } from "../../runtime/kernel/bytes.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { ensureDirectory, readBounded, sweepTemporaries, writeDurable } from "../../runtime/kernel/durable.ts";
import { type Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import {
  array,
  integer,
  object,
  oneOf,
  parseJson,
  record,
  refined,
  type Shape,
  string,
} from "../../runtime/kernel/shape.ts";
import { fault } from "../faults.ts";
import type { RepositoryFiles } from "./trust.ts";
import type { ReleaseFloors } from "./view.ts";

export interface VaultContent {
  readonly image: RepositoryFiles;
  readonly director: RepositoryFiles;
  readonly floors: ReleaseFloors;
}

const VAULT_BYTES_MAX = 64 * 1024 * 1024;
const FILE_CHARS_MAX = 4_000_000;
const DIGEST_CHARS = 64;

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
  image: filesShape,
  director: filesShape,
  floors: record(string({ max: 200 }), integer({ min: 0, max: 2 ** 31 }), { max: 10_000 }),
});

/** Makes the directory ready; what an interrupted write left behind is swept. */
export function openVault(directory: string): string {
  ensureDirectory(directory, 0o700);
  sweepTemporaries(directory);
  return join(directory, "vault");
}

/** The kept content, undefined before the first commit, or UPDATE_VAULT_TORN with its cause. */
export function readVault(path: string): Result<VaultContent | undefined> {
  if (!existsSync(path)) return ok(undefined);
  const bytes = readBounded(path, VAULT_BYTES_MAX);
  if (!bytes.ok) return err(torn(path, bytes.error));
  const body = bytes.value.subarray(DIGEST_CHARS);
  if (!equalBytes(utf8(sha256(body)), bytes.value.subarray(0, DIGEST_CHARS))) {
    return err(fault("UPDATE_VAULT_TORN", { path, reason: "its digest does not match" }));
  }
  const parsed = parseJson(vaultShape, body, "the vault", VAULT_BYTES_MAX);
  if (!parsed.ok) return err(torn(path, parsed.error));
  const { image, director, floors } = parsed.value;
  return ok({ image: decode(image), director: decode(director), floors: new Map(Object.entries(floors)) });
}

export function torn(path: string, cause: Fault): Fault {
  return fault("UPDATE_VAULT_TORN", { path, reason: reasonOf(cause) }, cause);
}

/** The commit: one durable replacement. Throws DISK_WRITE. */
export function writeVault(path: string, content: VaultContent): void {
  const { image, director, floors } = content;
  const document = {
    schema: "sallyport.vault/1",
    image: encode(image),
    director: encode(director),
    floors: Object.fromEntries(floors),
  };
  const body = JSON.stringify(document);
  writeDurable(path, utf8(sha256(utf8(body)) + body), 0o600);
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
