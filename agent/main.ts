/**
 * The one program: a table from verb to a lazy import, so that a board never loads the publisher's or the fleet's code.
 * Everything that goes wrong ends here as one line with a code; a stack trace is shown only for our own mistakes.
 */
import { enableCompileCache } from "node:module";
import { Fault, reasonOf } from "../runtime/kernel/fault.ts";
import { helpOf, type Io, parseVerbArgs, usageFault, type Verb } from "./cli/verb.ts";

enableCompileCache();

const VERBS: Readonly<
  Record<string, { readonly summary: string; readonly load: () => Promise<{ readonly verb: Verb }> }>
> = {
  "repo init": {
    summary: "create an image and a director repository with their keys",
    load: () => import("./cli/repo-init.ts"),
  },
  "repo ceremony": {
    summary: "create the repositories with owners who keep their own keys",
    load: () => import("./cli/repo-ceremony.ts"),
  },
  "repo key new": { summary: "make a key that signs metadata", load: () => import("./cli/repo-key-new.ts") },
  "repo key show": { summary: "say which key a file holds", load: () => import("./cli/repo-key-show.ts") },
  "repo key add": { summary: "let this machine sign with a key", load: () => import("./cli/repo-key-add.ts") },
  "repo status": { summary: "show who signs what, until when, what waits", load: () => import("./cli/repo-status.ts") },
  "repo rotate": {
    summary: "change who signs: owners, online keys, teams",
    load: () => import("./cli/repo-rotate.ts"),
  },
  "repo renew": { summary: "renew an offline role before it ends", load: () => import("./cli/repo-renew.ts") },
  "repo export": {
    summary: "write a waiting change to a file, to be signed elsewhere",
    load: () => import("./cli/repo-export.ts"),
  },
  "repo sign": { summary: "show what such a file changes, and sign it", load: () => import("./cli/repo-sign.ts") },
  "repo merge": { summary: "bring signatures home and publish", load: () => import("./cli/repo-merge.ts") },
  "repo drop": { summary: "give a waiting change up", load: () => import("./cli/repo-drop.ts") },
  "repo add": {
    summary: "sign a policy or a trusted root with the owner's keys",
    load: () => import("./cli/repo-add.ts"),
  },
  "repo publish": {
    summary: "publish a release: manifest, module, attestation bundle",
    load: () => import("./cli/repo-publish.ts"),
  },
  "repo assign": {
    summary: "say what a device shall run and what it is granted",
    load: () => import("./cli/repo-assign.ts"),
  },
  "repo refresh": {
    summary: "re-sign timestamps and snapshots before they expire",
    load: () => import("./cli/repo-refresh.ts"),
  },
  "repo verify": {
    summary: "check a repository, a mirror or a stick as boards will",
    load: () => import("./cli/repo-verify.ts"),
  },
  "repo dump": { summary: "show a metadata file as a person reads it", load: () => import("./cli/repo-dump.ts") },
  "repo bins": { summary: "spread a team's catalogue over hash bins", load: () => import("./cli/repo-bins.ts") },
  "repo yank": { summary: "take a release back", load: () => import("./cli/repo-yank.ts") },
  "repo upload": {
    summary: "upload the public part by HTTP PUT or to an S3 store",
    load: () => import("./cli/repo-upload.ts"),
  },
  "repo clone": {
    summary: "copy the public part, verified, to a mirror or into one archive",
    load: () => import("./cli/repo-clone.ts"),
  },
  "repo serve": { summary: "serve both repositories over HTTP on loopback", load: () => import("./cli/repo-serve.ts") },
  keygen: { summary: "make an Ed25519 key, for an operator or another signer", load: () => import("./cli/keygen.ts") },
  "attest provenance": {
    summary: "sign who built a release, how and from what (SLSA provenance)",
    load: () => import("./cli/attest-provenance.ts"),
  },
  "attest sbom": { summary: "sign a bill of materials of a release", load: () => import("./cli/attest-sbom.ts") },
  "attest vsa": {
    summary: "judge a release's evidence and sign that it passed",
    load: () => import("./cli/attest-vsa.ts"),
  },
  "attest sign": {
    summary: "sign any in-toto statement: keyless, by key, by a signer program",
    load: () => import("./cli/attest-sign.ts"),
  },
  "attest bundle": {
    summary: "put attestations into the one evidence file of a release",
    load: () => import("./cli/attest-bundle.ts"),
  },
  "attest show": {
    summary: "say what an evidence file contains, unverified",
    load: () => import("./cli/attest-show.ts"),
  },
  verify: { summary: "judge a release's evidence offline, as a device would", load: () => import("./cli/verify.ts") },
  "policy check": {
    summary: "look a policy over: what cannot match, cannot be met, is too wide",
    load: () => import("./cli/policy-check.ts"),
  },
  "policy explain": {
    summary: "say in sentences what a policy asks, and of whom",
    load: () => import("./cli/policy-explain.ts"),
  },
  "policy diff": {
    summary: "say what a changed policy admits that the old one did not",
    load: () => import("./cli/policy-diff.ts"),
  },
  "policy simulate": {
    summary: "try a policy on releases, beside the one in force",
    load: () => import("./cli/policy-simulate.ts"),
  },
  "verify-proof": {
    summary: "verify offline why a board admitted a release",
    load: () => import("./cli/verify-proof.ts"),
  },
  "proof list": { summary: "list the admissions that a board can prove", load: () => import("./cli/proof-list.ts") },
  "proof show": {
    summary: "verify one of a board's proofs and say what it rests on",
    load: () => import("./cli/proof-show.ts"),
  },
  "proof export": { summary: "take a proof off a board", load: () => import("./cli/proof-export.ts") },
  "device-ca init": {
    summary: "make an authority that names devices",
    load: () => import("./cli/device-ca-init.ts"),
  },
  "device-ca issue": {
    summary: "issue a certificate for a board's key",
    load: () => import("./cli/device-ca-issue.ts"),
  },
  provision: {
    summary: "make a board: key, pinned roots, board description",
    load: () => import("./cli/provision.ts"),
  },
  "agent show": {
    summary: "show who a board is and which metadata it has in force",
    load: () => import("./cli/agent-show.ts"),
  },
  "agent run": { summary: "run the agent of a provisioned board", load: () => import("./cli/agent-run.ts") },
  broker: { summary: "run the embedded MQTT broker on loopback", load: () => import("./cli/broker.ts") },
  watch: { summary: "follow a device over MQTT", load: () => import("./cli/watch.ts") },
  grants: {
    summary: "show what a device's modules may do, and how often they did",
    load: () => import("./cli/grants.ts"),
  },
  revoke: {
    summary: "take a capability from a running module, by signed command",
    load: () => import("./cli/revoke.ts"),
  },
  restart: { summary: "start a module again, by signed command", load: () => import("./cli/restart.ts") },
  refresh: {
    summary: "make a device look at its repositories, by signed command",
    load: () => import("./cli/refresh.ts"),
  },
  appraise: {
    summary: "judge what a board attests of itself, offline",
    load: () => import("./cli/appraise.ts"),
  },
  challenge: {
    summary: "make a board attest what it runs now, and judge that",
    load: () => import("./cli/challenge.ts"),
  },
  run: { summary: "run a module straight from a file", load: () => import("./cli/run.ts") },
  validate: {
    summary: "say whether a module is valid, and where it is not",
    load: () => import("./cli/validate.ts"),
  },
  compile: {
    summary: "put the metered tier's leash into a module, and say what that is",
    load: () => import("./cli/compile.ts"),
  },
  inspect: {
    summary: "say what a module needs, offers and is made of",
    load: () => import("./cli/inspect.ts"),
  },
  wat: { summary: "print a module as WebAssembly text", load: () => import("./cli/wat.ts") },
  debug: {
    summary: "walk through a program by hand, forwards and backwards",
    load: () => import("./cli/debug.ts"),
  },
  profile: {
    summary: "run a program in the interpreter and show where its instructions go",
    load: () => import("./cli/profile.ts"),
  },
  coverage: {
    summary: "run a program in the interpreter and show what of it ran",
    load: () => import("./cli/coverage.ts"),
  },
  explain: { summary: "say what a code means and what to do", load: () => import("./cli/explain.ts") },
};

const abort = new AbortController();
const io: Io = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  colour: process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined,
  signal: abort.signal,
};
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    abort.abort();
    process.once(signal, () => process.exit(130));
  });
}
// A reader that goes away (`sallyport watch | head`) is no mistake of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  try {
    const [first, second] = argv;
    if (first === undefined || first === "help" || first === "--help" || first === "-h") {
      io.out(overview());
      return first === undefined ? 2 : 0;
    }
    if (first === "--version" || first === "version") {
      io.out((await import("./version.ts")).AGENT_VERSION);
      return 0;
    }
    const words = [3, 2, 1].find((count) => Object.hasOwn(VERBS, argv.slice(0, count).join(" "))) ?? 1;
    const name = argv.slice(0, words).join(" ");
    const entry = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
    if (entry === undefined) return groupOrUnknown(first, second);
    const { verb } = await entry.load();
    const args = parseVerbArgs(verb, argv.slice(words));
    if (args === "help") {
      io.out(helpOf(verb));
      return 0;
    }
    return await verb.run(args, io);
  } catch (error) {
    return tell(error);
  }
}

function groupOrUnknown(first: string, second: string | undefined): number {
  const group = Object.keys(VERBS).filter((one) => one.startsWith(`${first} `));
  const inner = group.filter((one) => one.startsWith(`${first} ${second ?? ""} `));
  if (group.length > 0 && (second === undefined || second === "--help" || second === "-h" || inner.length > 0)) {
    io.out(table(inner.length > 0 ? inner : group));
    return second === undefined || inner.length > 0 ? 2 : 0;
  }
  throw usageFault(
    `there is no verb "${[first, group.length > 0 ? second : ""].join(" ").trim()}"; see sallyport --help`,
  );
}

function tell(error: unknown): number {
  if (error instanceof Fault) {
    io.err(`sallyport: ${error.line()}`);
    io.err(`           (sallyport explain ${error.code})`);
    return error.code === "CLI_USAGE" ? 2 : 1;
  }
  io.err(`sallyport: a mistake of this program: ${reasonOf(error)}`);
  if (error instanceof Error && process.env["SALLYPORT_DEBUG"] !== undefined) io.err(error.stack ?? "");
  else io.err("           set SALLYPORT_DEBUG=1 to see where, and please report it (SECURITY.md says how).");
  return 70;
}

function overview(): string {
  return [
    "sallyport: signed updates, attested modules and granted capabilities for edge boards",
    "",
    "usage: sallyport VERB [options]        sallyport VERB --help shows options and examples",
    "",
    table(Object.keys(VERBS)),
    "",
    "exit status: 0 done, 1 refused or failed (one line with a code), 2 usage",
  ].join("\n");
}

function table(names: readonly string[]): string {
  return names.map((name) => `  ${name.padEnd(18)} ${VERBS[name]?.summary ?? ""}`).join("\n");
}
