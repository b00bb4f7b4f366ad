/** Makes a key known to this machine's repository: its file goes to `keys/`, its id to `repository.json`. */
import { basename, join, resolve } from "node:path";
import { ensureDirectory, readBounded } from "../../runtime/kernel/durable.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { writeConfig } from "./config.ts";
import { readIfThere } from "./disk.ts";
import { fault } from "./faults.ts";
import { KEY_FILE_BYTES_MAX } from "./key-file.ts";
import { canSign, readPublicHalf } from "./keys.ts";
import { keyFileName, repositoryShape } from "./layout.ts";
import type { RolePublicKey } from "./tuf-key.ts";
import type { Workshop } from "./workshop.ts";

/**
 * Copies a private key file or a signer's description to the repository's keys. A relative program path in a
 * description is from the copy's place. Throws REPO_KEY_EXISTS for a name that another key has, KEY_*, SHAPE_*.
 */
export function addKey(shop: Workshop, path: string, passphrase: string | undefined): RolePublicKey {
  const half = unwrap(readPublicHalf(path, passphrase));
  if (!canSign(path)) throw fault("REPO_KEY_KIND", { what: path, type: "public" });
  const file = unwrap(parseShape(keyFileName, basename(path), "the key file's name"));
  const place = join(shop.at.keys, file);
  if (resolve(place) !== resolve(path)) {
    const bytes = unwrap(readBounded(path, KEY_FILE_BYTES_MAX));
    const there = readIfThere(place, KEY_FILE_BYTES_MAX);
    if (there !== undefined && Buffer.compare(there, bytes) !== 0) throw fault("REPO_KEY_EXISTS", { file: place });
    ensureDirectory(shop.at.keys, 0o700);
    shop.disk.write(place, bytes, 0o600);
  }
  const keys = { ...shop.config.keys, [half.key.keyID]: file };
  const next = unwrap(parseShape(repositoryShape, { ...shop.config, keys }, "repository.json"));
  writeConfig(shop.directory, next, shop.disk);
  return half;
}
