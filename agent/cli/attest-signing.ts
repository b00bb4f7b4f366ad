/**
 * What the verbs of `attest` share: the release's files as subjects, who signs, where the result goes. Three kinds of
 * signer, told apart by the options: an identity token (keyless), private keys, signer programs. The token and the
 * passphrase come from files or the environment, never from the command line.
 */
import { basename } from "node:path";
import {
  checkSignable,
  githubToken,
  type Services,
  type Subject,
  signByKey,
  signKeyless,
  signPlain,
} from "../../attest/publisher/index.ts";
import { fromUtf8 } from "../../runtime/kernel/bytes.ts";
import { sha256, sha512 } from "../../runtime/kernel/digest.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import type { Signer } from "../../runtime/kernel/signer.ts";
import { readKey } from "../../updater/repository/index.ts";
import { passphrase, readFile, writeFile } from "./files.ts";
import { createProgress } from "./progress.ts";
import { type Args, type Io, type OptionSpec, usageFault } from "./verb.ts";

type Options = Readonly<Record<string, OptionSpec>>;

const TOKEN_BYTES_MAX = 65_536;
const FULCIO = "https://fulcio.sigstore.dev";
const REKOR = "https://rekor.sigstore.dev";

/** The files that a statement is about. */
export const SUBJECT_OPTIONS = {
  manifest: { value: "FILE", help: "manifest.json of the release" },
  module: { value: "FILE", help: "module.wasm of the release" },
  subject: { value: "FILE", many: true, help: "a further file that the statement is about" },
} as const satisfies Options;

export const SIGNING_OPTIONS = {
  out: { value: "FILE", required: true, help: "where the signed attestation is written" },
  "token-file": { value: "FILE", help: "keyless: OIDC identity token of the signer, audience sigstore" },
  "token-env": { value: "NAME", help: "keyless: the environment variable that holds the token" },
  "token-github": { help: "keyless: asks the runner of a GitHub Actions job (permission id-token: write)" },
  key: {
    value: "FILE",
    many: true,
    help: "private key (SALLYPORT_PASSPHRASE opens it), or exec:FILE for a description of a signer program",
  },
  dsse: { help: "with --key: a plain DSSE envelope, which has no time of its own; several keys may sign it" },
  fulcio: { value: "URL", help: `certificate authority (keyless; default ${FULCIO})` },
  rekor: { value: "URL", help: `transparency log (keyless: default ${REKOR}; with --key: none unless given)` },
  "rekor-version": { value: "1|2", default: "1", help: "API of the log; version 2 signs no time, so give --tsa too" },
  tsa: { value: "URL", help: "RFC 3161 timestamp authority" },
  "no-sign": { help: "write the statement alone" },
  json: { help: "print what was written as JSON" },
} as const satisfies Options;

/** Code first, as everywhere. Throws a usage fault when there is none. */
export function subjectsOf(args: Args, verb: string): readonly Subject[] {
  const named = [
    ["module.wasm", args.maybe("module")],
    ["manifest.json", args.maybe("manifest")],
    ...args.list("subject").map((path) => [basename(path), path] as const),
  ] as const;
  const subjects = named.flatMap(([name, path]) => (path === undefined ? [] : [subject(name, readFile(path))]));
  if (subjects.length > 0) return subjects;
  throw usageFault(`${verb}: say what it is about: --module FILE --manifest FILE, or --subject FILE`);
}

function subject(name: string, bytes: Uint8Array): Subject {
  return { name, sha256: sha256(bytes), sha512: sha512(bytes) };
}

/** Signs the statement as the options say, writes it, says so. The exit status. */
export async function signAndWrite(statement: Uint8Array, verb: string, args: Args, io: Io): Promise<number> {
  const out = args.text("out");
  checkSignable(statement);
  const { what, bytes } = await signed(statement, verb, args);
  writeFile(out, bytes);
  const digest = sha256(bytes);
  if (args.flag("json")) io.out(JSON.stringify({ what, out, digest }));
  else if (what === "statement") io.out(`not signed; statement in ${out} (sha256:${digest})`);
  else io.out(`signed; ${what} in ${out} (sha256:${digest})`);
  return 0;
}

interface Made {
  readonly what: "statement" | "bundle" | "envelope";
  readonly bytes: Uint8Array;
}

async function signed(statement: Uint8Array, verb: string, args: Args): Promise<Made> {
  const keys = args.list("key");
  const tokens = [
    args.maybe("token-file") !== undefined,
    args.maybe("token-env") !== undefined,
    args.flag("token-github"),
  ];
  if ([...tokens, keys.length > 0, args.flag("no-sign")].filter(Boolean).length !== 1) {
    const ways = "--token-file, --token-env, --token-github, --key or --no-sign";
    throw usageFault(`${verb}: say who signs, in one way: ${ways}`);
  }
  if (args.flag("dsse") && keys.length === 0) throw usageFault(`${verb}: --dsse needs --key`);
  if (args.flag("no-sign")) return { what: "statement", bytes: statement };
  const services = servicesOf(args);
  if (keys.length === 0) {
    const { rekorUrl = REKOR, ...others } = services;
    const identityToken = await tokenFrom(args, verb);
    const options = { identityToken, fulcioUrl: args.maybe("fulcio") ?? FULCIO, rekorUrl, ...others };
    return { what: "bundle", bytes: await shown((onProgress) => signKeyless(statement, { ...options, onProgress })) };
  }
  if (args.maybe("fulcio") !== undefined) throw usageFault(`${verb}: --fulcio gives certificates; a key needs none`);
  const signers = keys.map(signerAt);
  if (args.flag("dsse")) {
    if (services.rekorUrl === undefined && services.tsaUrl === undefined) {
      return { what: "envelope", bytes: await signPlain(statement, signers) };
    }
    throw usageFault(`${verb}: a plain envelope carries no log entry and no timestamp; leave out --dsse`);
  }
  const [signer, second] = signers;
  if (signer === undefined || second !== undefined) {
    throw usageFault(`${verb}: a bundle has one signature; for several keys make one each, or give --dsse`);
  }
  return {
    what: "bundle",
    bytes: await shown((onProgress) => signByKey(statement, signer, { ...services, onProgress })),
  };
}

function servicesOf(args: Args): Services {
  const [rekorUrl, tsaUrl] = [args.maybe("rekor"), args.maybe("tsa")];
  return {
    rekorVersion: args.integer("rekor-version", { min: 1, max: 2 }) === 2 ? 2 : 1,
    ...(rekorUrl === undefined ? {} : { rekorUrl }),
    ...(tsaUrl === undefined ? {} : { tsaUrl }),
  };
}

/** The same key files as for metadata. */
function signerAt(spec: string): Signer {
  return unwrap(readKey(spec.replace(/^exec:/, ""), passphrase())).signer;
}

async function tokenFrom(args: Args, verb: string): Promise<string> {
  if (args.flag("token-github")) {
    const [url, bearer] = [process.env["ACTIONS_ID_TOKEN_REQUEST_URL"], process.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]];
    if (url !== undefined && bearer !== undefined) return githubToken({ url, bearer });
    throw usageFault(`${verb}: --token-github: this is no GitHub Actions job with permission id-token: write`);
  }
  const [file, variable = ""] = [args.maybe("token-file"), args.maybe("token-env")];
  const text = file === undefined ? process.env[variable] : fromUtf8(readFile(file, TOKEN_BYTES_MAX));
  const token = text?.trim();
  if (token !== undefined && token !== "") return token;
  throw usageFault(`${verb}: ${file === undefined ? `the variable ${variable}` : file} holds no token`);
}

async function shown<T>(work: (update: (done: number, of: number) => void) => Promise<T>): Promise<T> {
  const progress = createProgress("signing");
  try {
    return await work(progress.update);
  } finally {
    progress.end();
  }
}
