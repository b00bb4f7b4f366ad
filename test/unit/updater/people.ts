/** What the tests of keys and signatures share: owners with keys of their own, elsewhere, and a client of the library. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unwrap } from "../../../runtime/kernel/result.ts";
import {
  type KeyKind,
  type NamedKey,
  newKeyFile,
  type RoleKey,
  readKey,
  readPublicHalf,
  readSigning,
  signFile,
  signingBytes,
} from "../../../updater/repository/index.ts";

export interface Person {
  readonly name: string;
  /** The private key, on this person's machine. */
  readonly file: string;
  readonly publicFile: string;
  readonly named: NamedKey;
  readonly key: RoleKey;
}

/** Somebody who made a key on a machine of their own. */
export function person(directory: string, name: string, kind: KeyKind = "ed25519"): Person {
  const home = join(directory, `home-of-${name}`);
  mkdirSync(home, { recursive: true });
  const file = join(home, "key.pem");
  writeFileSync(file, newKeyFile({ kind, bits: 2048 }));
  const half = unwrap(readPublicHalf(file, undefined));
  const publicFile = join(home, "key.pub.pem");
  writeFileSync(publicFile, half.pem);
  return { name, file, publicFile, named: { name, key: half.key }, key: unwrap(readKey(file, undefined)) };
}

/** What `repo sign` makes of a file, with the keys of these people. */
export async function signedBy(bytes: Uint8Array, ...people: readonly Person[]): Promise<Uint8Array> {
  const file = unwrap(readSigning(bytes, "the file"));
  for (const { key } of people) await signFile(file, key, "the file");
  return signingBytes(file);
}
