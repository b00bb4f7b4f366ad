/** How verbs read and write the files a person names. */
import { dirname } from "node:path";
import { fromUtf8 } from "../../runtime/kernel/bytes.ts";
import { ensureDirectory, readBounded, writeDurable } from "../../runtime/kernel/durable.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseSigner, type Signer } from "../../runtime/kernel/signer.ts";
import { usageFault } from "./verb.ts";

const FILE_BYTES_MAX = 68_000_000;

export function readFile(path: string, maxBytes = FILE_BYTES_MAX): Uint8Array {
  return unwrap(readBounded(path, maxBytes));
}

export function readText(path: string): string {
  const text = fromUtf8(readFile(path, 1_000_000));
  if (text === undefined) throw usageFault(`${path} is not UTF-8 text`);
  return text;
}

export function writeFile(path: string, bytes: Uint8Array, mode?: number): void {
  ensureDirectory(dirname(path));
  writeDurable(path, bytes, mode);
}

/** The passphrase of encrypted keys comes from the environment: an argument would be seen by every user of the machine. */
export function passphrase(): string | undefined {
  return process.env["SALLYPORT_PASSPHRASE"];
}

export function readSigner(path: string): Signer {
  return unwrap(parseSigner(readText(path), passphrase(), path));
}
