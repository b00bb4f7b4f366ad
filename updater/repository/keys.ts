/**
 * The keys of a repository on this machine: files in `keys/` of mode 0600, private keys or descriptions of signer
 * programs. A key is read when it has to sign and not before, so that renewing online metadata never touches an offline
 * key. Metadata names keys by id; `repository.json` says which file holds which.
 */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fromUtf8, utf8 } from "../../runtime/kernel/bytes.ts";
import { ensureDirectory, readBounded, writeDurable } from "../../runtime/kernel/durable.ts";
import { type Result, unwrap } from "../../runtime/kernel/result.ts";
import { fault as keyFault } from "../../runtime/kernel/signer.ts";
import { execSigner, parseSignerDescription } from "./exec-signer.ts";
import { KEY_FILE_BYTES_MAX, newKeyFile, parseKeyFile, parsePublicHalf } from "./key-file.ts";
import { paths, type RepositoryConfig } from "./layout.ts";
import { parseRolePublicKey, type RoleKey, type RolePublicKey } from "./tuf-key.ts";

/** Makes an Ed25519 key file. Throws a Fault. */
export function makeKey(directory: string, file: string, passphrase: string | undefined, scryptLogN?: number): void {
  ensureDirectory(paths(directory).keys, 0o700);
  const options = {
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(scryptLogN === undefined ? {} : { scryptLogN }),
  };
  writeDurable(paths(directory).key(file), utf8(newKeyFile(options)), 0o600);
}

/** A key that signs, from any kind of key file. */
export function readKey(path: string, passphrase: string | undefined): Result<RoleKey> {
  const bytes = readBounded(path, KEY_FILE_BYTES_MAX);
  if (!bytes.ok) return bytes;
  const text = fromUtf8(bytes.value) ?? "";
  if (!isDescription(text)) return parseKeyFile(text, passphrase, path);
  const description = parseSignerDescription(bytes.value, path);
  return description.ok ? execSigner(description.value, dirname(resolve(path)), path) : description;
}

/** The public half of any kind of key file: public PEM, private, encrypted, or a signer's description. */
export function readPublicHalf(path: string, passphrase: string | undefined): Result<RolePublicKey> {
  const bytes = readBounded(path, KEY_FILE_BYTES_MAX);
  if (!bytes.ok) return bytes;
  const text = fromUtf8(bytes.value) ?? "";
  if (!isDescription(text)) return parsePublicHalf(text, passphrase, path);
  const description = parseSignerDescription(bytes.value, path);
  return description.ok ? parseRolePublicKey(description.value.publicKey, path) : description;
}

/** Whether a file can sign: it is a private key or a description, not merely a public key. */
export function canSign(path: string): boolean {
  const bytes = readBounded(path, KEY_FILE_BYTES_MAX);
  return bytes.ok && !(fromUtf8(bytes.value) ?? "").startsWith("-----BEGIN PUBLIC KEY");
}

function isDescription(text: string): boolean {
  return text.trimStart().startsWith("{");
}

export type Keyring = (file: string) => RoleKey;

/** Reads keys by file name when asked. Throws a Fault: unreadable, or the passphrase is wrong. */
export function openKeyring(directory: string, passphrase: string | undefined): Keyring {
  const known = new Map<string, RoleKey>();
  return (file) => {
    const before = known.get(file);
    if (before !== undefined) return before;
    const made = unwrap(readKey(paths(directory).key(file), passphrase));
    known.set(file, made);
    return made;
  };
}

/** The keys with which this machine can sign, by TUF key id. */
export interface Keys {
  has(keyId: string): boolean;
  /** Throws a Fault when the file cannot be used or holds another key. */
  get(keyId: string): RoleKey;
}

export function keysOf(directory: string, config: RepositoryConfig, keyring: Keyring): Keys {
  const fileOf = (keyId: string) =>
    Object.hasOwn(config.keys, keyId) ? config.keys[keyId as keyof typeof config.keys] : undefined;
  return {
    has(keyId) {
      const file = fileOf(keyId);
      return file !== undefined && existsSync(paths(directory).key(file));
    },
    get(keyId) {
      const file = fileOf(keyId) ?? "";
      const key = keyring(file);
      if (key.key.keyID === keyId) return key;
      throw keyFault("KEY_UNREADABLE", { what: `key ${file}`, reason: "it is not the key it was" });
    },
  };
}
