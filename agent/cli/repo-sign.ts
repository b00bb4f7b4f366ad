/**
 * `sallyport repo sign`: shows what a file proposes, asks, and signs it with keys of this machine. No repository is
 * needed; with `--known` the machine remembers what it signed and refuses what does not follow.
 */
import { existsSync } from "node:fs";
import { unwrap } from "../../runtime/kernel/result.ts";
import {
  describeDocuments,
  follow,
  KNOWN_BYTES_MAX,
  type Known,
  knownBytes,
  missingFrom,
  nothingKnown,
  parseKnown,
  type RoleKey,
  readKey,
  readSigning,
  SIGNING_BYTES_MAX,
  type SigningFile,
  shortId,
  signFile,
  signingBytes,
} from "../../updater/repository/index.ts";
import { type Asker, terminalAsker } from "./ask.ts";
import { passphrase, readFile, writeFile } from "./files.ts";
import { sayWaiting } from "./repo-settled.ts";
import { type Args, type Io, usageFault, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo sign",
  summary: "Show what a file for signing changes, then sign it. Everything shown is checked against the roots inside.",
  positionals: ["FILE"],
  options: {
    key: { value: "FILE", many: true, help: "private key, or exec:FILE for a description of a signer program" },
    known: { value: "FILE", help: "what was signed here before; refuses what does not follow (made when absent)" },
    replace: { help: "the change signed before under this version was given up" },
    out: { value: "FILE", help: "where the signed file goes (default: in place)" },
    yes: { help: "do not ask" },
    json: { help: "print what changes as JSON and sign nothing" },
  },
  examples: [
    "sallyport repo sign root.signing.json --key anna.pem --known known.json",
    "sallyport repo sign root.signing.json --key exec:hsm.json --yes",
    "sallyport repo sign root.signing.json --json",
  ],
  run: (args, io) => signHere(args, io, terminalAsker()),
};

/** The verb with the person at hand, if there is one. */
export async function signHere(args: Args, io: Io, asker: Asker | undefined): Promise<number> {
  const [name = ""] = args.positionals;
  const file = unwrap(readSigning(readFile(name, SIGNING_BYTES_MAX), name));
  const told = describeDocuments(file.documents, file.standing);
  if (args.flag("json")) {
    const { tenant, lead } = file;
    io.out(JSON.stringify({ tenant, lead, changes: told, missing: missingFrom(file.documents, file.standing) }));
    return 0;
  }
  if (args.list("key").length === 0) throw usageFault("repo sign: --key is needed");
  io.err(`tenant ${file.tenant}, a change of ${file.lead}:`);
  for (const line of told) io.err(line);
  const known = args.maybe("known");
  const replace = args.flag("replace");
  const before = known === undefined ? undefined : recall(known, file, io);
  if (before !== undefined) follow(before, file, [], replace);
  if (!args.flag("yes")) {
    if (asker === undefined) throw usageFault("repo sign: nobody to ask; say --yes to sign what is shown");
    if ((await asker.line("sign this? (yes/no) ")) !== "yes") {
      io.err("nothing was signed");
      return 1;
    }
  }
  const keys: RoleKey[] = [];
  for (const path of args.list("key")) keys.push(await keyAt(path.replace(/^exec:/, ""), asker));
  const done: SigningFile["documents"][number][] = [];
  for (const key of keys) {
    const signed = await signFile(file, key, name);
    const roles = signed.map(({ repository, role, metadata }) => `${repository} ${role} ${metadata.signed.version}`);
    done.push(...signed);
    io.out(`${shortId(key.key.keyID)} signed ${roles.join(", ")}`);
  }
  // Remembered before the signature can leave.
  if (known !== undefined && before !== undefined) {
    writeFile(known, knownBytes(follow(before, file, done, replace)), 0o600);
  }
  const out = args.maybe("out") ?? name;
  writeFile(out, signingBytes(file));
  const missing = missingFrom(file.documents, file.standing);
  for (const line of sayWaiting(missing)) io.err(line);
  io.err(`next, where the repository is: sallyport repo merge ${out}`);
  return 0;
}

/** What this signer has seen; at the first time nothing, and a word about it. */
function recall(path: string, file: SigningFile, io: Io): Known {
  if (existsSync(path)) return unwrap(parseKnown(readFile(path, KNOWN_BYTES_MAX), path));
  io.err(`${path} is new: compare key ids and digests with the ceremony's transcript before you sign`);
  return nothingKnown(file.tenant);
}

/** The passphrase is asked for when the file cannot be read without. */
async function keyAt(path: string, asker: Asker | undefined): Promise<RoleKey> {
  const secret = passphrase();
  const key = readKey(path, secret);
  if (key.ok || secret !== undefined || asker === undefined || key.error.code !== "KEY_UNREADABLE") return unwrap(key);
  return unwrap(readKey(path, await asker.secret(`passphrase of ${path}: `)));
}
