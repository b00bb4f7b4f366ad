/** `sallyport repo key new`: a signing key on its owner's machine, for metadata. The private half never has to leave. */
import { existsSync } from "node:fs";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { KEY_KINDS, type KeyKind, newKeyFile, readPublicHalf } from "../../updater/repository/index.ts";
import { type Asker, terminalAsker } from "./ask.ts";
import { passphrase, writeFile } from "./files.ts";
import { type Args, type Io, usageFault, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo key new",
  summary: "Make a key for signing metadata: FILE (private, mode 0600) and FILE.pub, which you give to the ceremony.",
  positionals: ["FILE"],
  options: {
    type: { value: "KIND", default: "ed25519", help: `one of ${KEY_KINDS.join(", ")}` },
    bits: { value: "N", default: "3072", help: "size of an RSA key, from 2048" },
    plain: { help: "do not encrypt: for online keys that sign without anybody there" },
  },
  examples: ["sallyport repo key new anna.pem", "sallyport repo key new --type p256 anna.pem"],
  run: (args, io) => makeKey(args, io, terminalAsker()),
};

/** The verb with the person at hand, if there is one. */
export async function makeKey(args: Args, io: Io, asker: Asker | undefined): Promise<number> {
  const [file = ""] = args.positionals;
  const kind = KEY_KINDS.find((one): one is KeyKind => one === args.text("type"));
  if (kind === undefined) throw usageFault(`repo key new: --type is one of ${KEY_KINDS.join(", ")}`);
  if (existsSync(file)) throw usageFault(`repo key new: ${file} exists; a key is never overwritten`);
  const bits = args.integer("bits", { min: 2048, max: 8192 });
  const secret = args.flag("plain") ? undefined : await newSecret(asker);
  const text = newKeyFile({ kind, bits, ...(secret === undefined ? {} : { passphrase: secret }) });
  writeFile(file, utf8(text), 0o600);
  const half = unwrap(readPublicHalf(file, secret));
  writeFile(`${file}.pub`, utf8(half.pem));
  io.out(half.key.keyID);
  if (secret === undefined) io.err(`${file} is not encrypted`);
  io.err(`give ${file}.pub to the ceremony and compare the key id over another way; keep ${file}`);
  return 0;
}

async function newSecret(asker: Asker | undefined): Promise<string> {
  const given = passphrase();
  if (given !== undefined) return given;
  if (asker === undefined) throw usageFault("repo key new: set SALLYPORT_PASSPHRASE, or say --plain");
  const first = await asker.secret("passphrase for the new key: ");
  if (first.length < 8) throw usageFault("repo key new: a passphrase has at least 8 characters");
  if ((await asker.secret("the same again: ")) !== first) throw usageFault("repo key new: the two differ");
  return first;
}
