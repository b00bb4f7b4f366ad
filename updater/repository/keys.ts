/**
 * The keys of a repository: Ed25519 in files of mode 0600, encrypted when a passphrase is given. A key is read when it
 * has to sign and not before, so that renewing online metadata never touches an offline key.
 */
import { createPublicKey } from "node:crypto";
import { Key } from "@tufjs/models";
import { fromUtf8, utf8 } from "../../runtime/kernel/bytes.ts";
import { documentDigest } from "../../runtime/kernel/digest.ts";
import { ensureDirectory, readBounded, writeDurable } from "../../runtime/kernel/durable.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { generateKeyPem, parseSigner, type Signer } from "../../runtime/kernel/signer.ts";
import { paths } from "./layout.ts";

const KEY_FILE_BYTES_MAX = 16_384;

/** A signer with its public half as TUF writes it. */
export interface RoleKey {
  readonly signer: Signer;
  readonly key: Key;
}

export type Keyring = (file: string) => RoleKey;

/** Makes a key file. Throws a Fault. */
export function makeKey(directory: string, file: string, passphrase: string | undefined): void {
  ensureDirectory(paths(directory).keys, 0o700);
  writeDurable(paths(directory).key(file), utf8(generateKeyPem(passphrase)), 0o600);
}

/** Reads keys by file name when asked. Throws a Fault: unreadable, or the passphrase is wrong. */
export function openKeyring(directory: string, passphrase: string | undefined): Keyring {
  const known = new Map<string, RoleKey>();
  return (file) => {
    const before = known.get(file);
    if (before !== undefined) return before;
    const pem = fromUtf8(unwrap(readBounded(paths(directory).key(file), KEY_FILE_BYTES_MAX))) ?? "";
    const signer = unwrap(parseSigner(pem, passphrase, `key ${file}`));
    const made = { signer, key: tufKey(signer) };
    known.set(file, made);
    return made;
  };
}

/** TUF 4.2.1: an Ed25519 key as 32 bytes in hex; its id is the SHA-256 of its canonical form. */
function tufKey(signer: Signer): Key {
  const spki = createPublicKey(signer.publicPem).export({ type: "spki", format: "der" });
  const options = { keyType: "ed25519", scheme: "ed25519", keyVal: { public: spki.subarray(-32).toString("hex") } };
  const keyID = documentDigest(new Key({ keyID: "", ...options }).toJSON());
  return new Key({ keyID, ...options });
}
