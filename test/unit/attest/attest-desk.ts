/** A publisher's desk for tests: a folder with a release, a token, keys as asked for, and the verbs run in this process. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { type Io, parseVerbArgs, type Verb } from "../../../agent/cli/verb.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { Fault } from "../../../runtime/kernel/fault.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { generateKeyPem, parseSigner } from "../../../runtime/kernel/signer.ts";
import type { FakeSigstore } from "../../fakes/sigstore.ts";
import { type Json, SUBJECT } from "./release.ts";

export const BUILD = {
  builder: "https://ci.example/runner",
  "build-type": "https://ci.example/wasm@v1",
  source: "git+https://git.example/acme/app",
};
/** A guest that does nothing: a page of memory, and `sp_handle` which returns 0. */
const MODULE = new Uint8Array(
  Buffer.from(
    "0061736d0100000001090160047f7f7e7f017f030201000503010001071602066d656d6f727902000973705f68616e646c6500000a0601040041000b",
    "hex",
  ),
);
const MANIFEST = {
  schema: "sallyport.module/1",
  team: "acme",
  name: "app",
  version: "1.0.0",
  abi: "core-v1",
  entry: { path: "modules/acme/app/1.0.0/module.wasm", sha256: sha256(MODULE), size: MODULE.byteLength },
  limits: { memoryPages: 1, callMs: 100 },
  triggers: [],
  capabilities: [],
};

export interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** A folder with a release in it, and the program's verbs run there. */
export function desk(sigstore: FakeSigstore) {
  const directory = mkdtempSync(join(tmpdir(), "sallyport-attest-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const at = (name: string) => join(directory, name);
  const write = (name: string, content: unknown) =>
    writeFileSync(at(name), typeof content === "string" ? content : JSON.stringify(content));
  writeFileSync(at("module.wasm"), MODULE);
  write("manifest.json", MANIFEST);
  write("token", sigstore.tokenFor({ subject: SUBJECT }));
  writeFileSync(at("root.json"), sigstore.trustedRoot);
  const run = async (verb: Verb, ...argv: string[]): Promise<Ran> => {
    const [out, err]: [string[], string[]] = [[], []];
    const io: Io = {
      out: (line) => void out.push(line),
      err: (line) => void err.push(line),
      colour: false,
      signal: new AbortController().signal,
    };
    const args = parseVerbArgs(verb, argv);
    const status = args === "help" ? expect.fail("help was not asked for") : await verb.run(args, io);
    return { status, out: out.join("\n"), err: err.join("\n") };
  };
  const json = (name: string): Json => JSON.parse(readFileSync(at(name), "utf8"));
  const release = ["--manifest", at("manifest.json"), "--module", at("module.wasm")];
  const build = Object.entries(BUILD).flatMap(([name, value]) => [`--${name}`, value]);
  const { fulcioUrl, rekorUrl, tsaUrl } = sigstore;
  const services = ["--rekor", rekorUrl, "--tsa", tsaUrl];
  const keyless = ["--token-file", at("token"), "--fulcio", fulcioUrl, ...services];
  /** A private key; returns its public half. */
  const key = (name: string): string => {
    const pem = generateKeyPem();
    write(name, pem);
    return unwrap(parseSigner(pem)).publicPem;
  };
  /** The refusal of a verb, as its line. */
  const refused = async (verb: Verb, ...argv: string[]): Promise<string> => {
    const thrown: unknown = await run(verb, ...argv).catch((error: unknown) => error);
    return thrown instanceof Fault ? thrown.line() : expect.fail(`a fault was expected, not ${JSON.stringify(thrown)}`);
  };
  return { at, write, run, json, release, build, services, keyless, key, refused };
}

/** The statement inside a bundle or envelope. */
export function statementIn(attestation: Json): Json {
  const { payload } = attestation.dsseEnvelope ?? attestation;
  return JSON.parse(Buffer.from(payload, "base64").toString("utf8"));
}
